import { Dialog, DialogBackdrop, DialogPanel, DialogTitle, Switch } from '@headlessui/react'
import { type ButtonHTMLAttributes, type ReactNode, useEffect, useId, useState } from 'react'

import { ApiError, type DeliveryState } from '../api/client'
import { Icon, type IconName } from './icons'

const tones = {
  primary: 'bg-accent text-onaccent hover:bg-accent/90 shadow-card',
  plain: 'bg-panel text-ink border border-line hover:bg-sunken shadow-card',
  quiet: 'text-muted hover:text-ink hover:bg-sunken',
  danger: 'bg-panel text-bad border border-line hover:bg-bad/10 shadow-card',
}

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  tone?: keyof typeof tones
  icon?: IconName
  busy?: boolean
}

export function Button({
  tone = 'plain',
  icon,
  busy,
  children,
  className = '',
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={`inline-flex items-center justify-center gap-1.5 h-9 px-3 rounded-lg text-[13.5px] font-medium
        whitespace-nowrap transition-colors disabled:opacity-60 disabled:cursor-default ${tones[tone]} ${className}`}
    >
      {busy ? (
        <span className="w-4 h-4 rounded-full border-2 border-current border-r-transparent animate-spin" />
      ) : (
        icon && <Icon name={icon} />
      )}
      {children}
    </button>
  )
}

const stateTone: Record<DeliveryState, string> = {
  delivered: 'text-good bg-good/10',
  pending: 'text-warn bg-warn/10',
  failed: 'text-bad bg-bad/10',
  cancelled: 'text-idle bg-idle/10',
}

const stateDot: Record<DeliveryState, string> = {
  delivered: 'bg-good',
  pending: 'bg-warn',
  failed: 'bg-bad',
  cancelled: 'bg-idle',
}

export function Badge({
  tone,
  children,
}: {
  tone: 'good' | 'bad' | 'warn' | 'idle' | 'accent'
  children: ReactNode
}) {
  const look = {
    good: stateTone.delivered,
    bad: stateTone.failed,
    warn: stateTone.pending,
    idle: stateTone.cancelled,
    accent: 'text-accent bg-accent/10',
  }[tone]
  return (
    <span
      className={`inline-flex items-center rounded-md px-1.5 py-0.5 text-[12px] font-medium whitespace-nowrap ${look}`}
    >
      {children}
    </span>
  )
}

export function EnabledBadge({ on }: { on: boolean }) {
  return on ? <Badge tone="good">enabled</Badge> : <Badge tone="idle">disabled</Badge>
}

export function StateBadge({ state }: { state: DeliveryState }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-md px-1.5 py-0.5 text-[12px] font-medium whitespace-nowrap ${stateTone[state]}`}
    >
      <span className={`w-1.5 h-1.5 rounded-full ${stateDot[state]}`} aria-hidden="true" />
      {state}
    </span>
  )
}

/** The clipboard's own interface is there only where the connection is secure. */
async function copy(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}

/** A button with words that copies what is made when it is pressed. */
export function CopyAs({ text, children }: { text: () => string; children: ReactNode }) {
  const [copied, setCopied] = useState(false)
  return (
    <Button
      tone="quiet"
      className="!h-7 !px-2 !text-[12.5px]"
      icon={copied ? 'check' : 'copy'}
      onClick={async () => {
        await copy(text())
        setCopied(true)
        setTimeout(() => setCopied(false), 1500)
      }}
    >
      {children}
    </Button>
  )
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className="inline-flex w-7 h-7 items-center justify-center rounded-md text-muted hover:text-ink hover:bg-sunken shrink-0"
      onClick={async () => {
        await copy(text)
        setCopied(true)
        setTimeout(() => setCopied(false), 1500)
      }}
    >
      <Icon
        name={copied ? 'check' : 'copy'}
        className={`w-3.5 h-3.5 ${copied ? 'text-good' : ''}`}
      />
    </button>
  )
}

/** The page's name in the tabs and the history of the browser. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Postrider`
  }, [title])
}

export function PageHead({
  title,
  lead,
  actions,
  badge,
}: {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  badge?: ReactNode
}) {
  useTitle(title)
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3 mb-6">
      <div className="min-w-0">
        <div className="flex items-center gap-2.5 flex-wrap">
          <h1 className="text-[22px] font-semibold tracking-tight break-words">{title}</h1>
          {badge}
        </div>
        {lead && <p className="text-muted mt-1 max-w-2xl break-words">{lead}</p>}
      </div>
      {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
    </header>
  )
}

export function Empty({
  title,
  children,
  action,
  icon = 'inbox',
}: {
  title: string
  children?: ReactNode
  action?: ReactNode
  icon?: IconName
}) {
  return (
    <div className="flex flex-col items-center text-center px-6 py-14">
      <span className="w-11 h-11 rounded-xl bg-sunken border border-line grid place-items-center text-muted mb-4">
        <Icon name={icon} className="w-5 h-5" />
      </span>
      <h2 className="font-semibold text-[15px]">{title}</h2>
      {children && <p className="text-muted mt-1 max-w-md">{children}</p>}
      {action && <div className="mt-5">{action}</div>}
    </div>
  )
}

export function Failure({
  error,
  retry,
  children,
}: {
  error: unknown
  /** A promise: until it ends the button says that it is at it. */
  retry?: () => unknown
  children?: ReactNode
}) {
  const id = error instanceof ApiError ? error.problem?.request_id : undefined
  const [busy, setBusy] = useState(false)
  const tryAgain = () => {
    setBusy(true)
    void Promise.resolve(retry?.()).finally(() => setBusy(false))
  }
  return (
    <div role="alert" className="rounded-lg border border-bad/30 bg-bad/5 px-4 py-3 text-[13.5px]">
      <p className="text-bad font-medium">
        {error instanceof Error ? error.message : 'Something went wrong.'}
      </p>
      {error instanceof ApiError && error.status === 412 && (
        <p className="mt-1">Look at what it is now, and try again.</p>
      )}
      {children}
      {id && <p className="text-muted mt-1 text-[12px] font-mono break-all">request {id}</p>}
      {retry && (
        <Button className="mt-3" icon="retry" busy={busy} onClick={tryAgain}>
          Try again
        </Button>
      )}
    </div>
  )
}

/** In place of a page that cannot be shown. */
export function PageFailure({ error, retry }: { error: unknown; retry?: () => unknown }) {
  const status = error instanceof ApiError ? error.status : 0
  const title =
    status === 404
      ? 'There is no such thing here'
      : status === 403
        ? 'You may not see this'
        : 'This page could not be loaded'
  return (
    <>
      <PageHead
        title={title}
        lead={status === 404 ? 'It has been deleted, or its address is wrong.' : undefined}
      />
      <Failure error={error} retry={status === 404 || status === 403 ? undefined : retry} />
    </>
  )
}

export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="p-4 space-y-3">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="h-6 rounded bg-sunken animate-pulse" />
      ))}
    </div>
  )
}

/** An error of a field until the field changes: what is typed now has not been looked at. */
export function useErrorOf(error: string | undefined, value: unknown): string | undefined {
  const [seen, setSeen] = useState<{ error?: string; value: unknown }>({ value })
  if (seen.error !== error) {
    setSeen({ error, value })
    return error
  }
  return seen.value === value ? error : undefined
}

/** With `value` its error goes when that changes. */
export function Field({
  label,
  hint,
  error: given,
  value,
  children,
}: {
  label: string
  hint?: ReactNode
  error?: string
  value?: unknown
  children: (ids: {
    id: string
    'aria-describedby'?: string
    'aria-invalid'?: boolean
  }) => ReactNode
}) {
  const id = useId()
  const error = useErrorOf(given, value)
  const note = error ?? hint
  return (
    <div>
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        'aria-describedby': note ? `${id}-note` : undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {note && (
        <p id={`${id}-note`} className={error ? 'text-[13px] text-bad mt-1.5' : 'hint'}>
          {note}
        </p>
      )}
    </div>
  )
}

export function Toggle({
  label,
  checked,
  disabled,
  onChange,
}: {
  label: string
  checked: boolean
  disabled?: boolean
  onChange: (on: boolean) => void
}) {
  return (
    <Switch
      checked={checked}
      disabled={disabled}
      onChange={onChange}
      aria-label={label}
      className={`relative inline-flex h-5 w-9 shrink-0 rounded-full transition-colors ${checked ? 'bg-accent' : 'bg-muted/60'}`}
    >
      <span
        className={`inline-block w-4 h-4 mt-0.5 rounded-full bg-white shadow transition-transform ${checked ? 'translate-x-[1.125rem]' : 'translate-x-0.5'}`}
      />
    </Switch>
  )
}

export function Modal({
  open,
  onClose,
  title,
  children,
  wide,
}: {
  open: boolean
  onClose: () => void
  title: string
  children: ReactNode
  wide?: boolean
}) {
  return (
    <Dialog open={open} onClose={onClose} className="relative z-40">
      <DialogBackdrop className="fixed inset-0 bg-black/40" />
      <div className="fixed inset-0 overflow-y-auto p-4 grid place-items-center">
        <DialogPanel
          className={`w-full ${wide ? 'max-w-3xl' : 'max-w-lg'} rounded-2xl border border-line bg-panel shadow-float`}
        >
          <div className="flex items-center justify-between gap-4 px-5 h-14 border-b border-line">
            <DialogTitle className="font-semibold text-[15px]">{title}</DialogTitle>
            <Button
              tone="quiet"
              className="w-8 px-0"
              icon="cross"
              aria-label="Close"
              onClick={onClose}
            />
          </div>
          <div className="p-5">{children}</div>
        </DialogPanel>
      </div>
    </Dialog>
  )
}
