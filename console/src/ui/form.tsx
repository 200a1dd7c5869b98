import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type InputHTMLAttributes, type ReactNode, useEffect, useState } from 'react'

import { ApiError } from '../api/client'
import { type Conflict, ConflictNotice } from './conflict'
import { objectProblem } from './format'
import { Button, type ButtonProps, CopyButton, Failure, Field, Modal, useErrorOf } from './kit'
import { Unsaved, useOpened } from './leaving'

/** Goes where the first thing is wrong, once that is drawn. */
export function useFocusInvalid(error: unknown) {
  useEffect(() => {
    if (error) document.querySelector<HTMLElement>('[aria-invalid=true]')?.focus()
  }, [error])
}

const isOutdated = (error: unknown) => error instanceof ApiError && error.status === 412

/** Saves; afterwards the queries of `keys` are asked again, and then comes `done`. */
export function useSave<A, R>(
  request: (input: A) => Promise<R>,
  keys: string[],
  done?: (answer: R, input: A) => unknown,
) {
  const cache = useQueryClient()
  const save = useMutation({
    mutationFn: request,
    onSuccess: async (answer, input) => {
      await Promise.all(keys.map((key) => cache.invalidateQueries({ queryKey: [key] })))
      await done?.(answer, input)
    },
    // Somebody else has changed it: what they saved is shown beside what was typed.
    onError: (error) => {
      if (isOutdated(error))
        for (const key of keys) void cache.invalidateQueries({ queryKey: [key] })
    },
  })
  useFocusInvalid(save.error)
  const error = save.error instanceof ApiError ? save.error : null
  return {
    save,
    busy: save.isPending,
    failed: save.error,
    field: (name: string) => error?.field(name),
  }
}

/** What is wrong with none of the fields that the form shows. */
export function Rest({ of, fields }: { of: unknown; fields: string[] }) {
  // Whose session has ended is asked to log in again; that is all there is to say of it.
  if (!of || (of instanceof ApiError && of.status === 401)) return null
  if (isOutdated(of))
    return (
      <p role="alert" className="text-[13.5px] text-bad">
        Not saved: somebody else has changed it meanwhile. Look at the difference, then save again.
      </p>
    )
  const errors = of instanceof ApiError ? (of.problem?.errors ?? []) : []
  const others = errors.filter(
    ({ pointer }) =>
      !fields.some((name) => pointer === `#/${name}` || pointer?.startsWith(`#/${name}/`)),
  )
  if (errors.length > 0 && others.length === 0) return null
  return (
    <Failure error={of}>
      {others.length > 0 && (
        <ul className="list-disc pl-5 mt-1">
          {others.map((each) => (
            <li key={each.pointer ?? each.detail}>
              {each.pointer?.slice(2)} {each.detail}
            </li>
          ))}
        </ul>
      )}
    </Failure>
  )
}

type TextProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: ReactNode
  error?: string
  mono?: boolean
}

export function Text({
  label,
  value,
  onChange,
  hint,
  error,
  mono,
  className = '',
  ...rest
}: TextProps) {
  const shown = useErrorOf(error, value)
  return (
    <Field label={label} hint={hint} error={shown}>
      {(ids) => (
        <input
          {...ids}
          {...rest}
          className={`field ${mono ? 'font-mono !text-[13px]' : ''} ${className}`}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

/** One of some words; `value` is kept, and shown as `other` has it, when it is none of them. */
export function Choice({
  label,
  value,
  onChange,
  options,
  other = (text) => text,
  hint,
  error,
  disabled,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  options: Record<string, string>
  other?: (value: string) => string
  hint?: ReactNode
  error?: string
  disabled?: boolean
}) {
  return (
    <Field label={label} hint={hint} error={error} value={value}>
      {(ids) => (
        <select
          {...ids}
          className="field"
          disabled={disabled}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          {Object.entries(options).map(([word, shown]) => (
            <option key={word} value={word}>
              {shown}
            </option>
          ))}
          {!(value in options) && <option value={value}>{other(value)}</option>}
        </select>
      )}
    </Field>
  )
}

/** A JSON object as text, so that numbers keep their digits; says what is wrong with it when it is left. */
export function JsonText({
  label,
  value,
  onChange,
  hint,
  error,
  rows = 10,
  optional = false,
}: {
  label: string
  value: string
  onChange: (value: string) => void
  hint?: ReactNode
  error?: string
  rows?: number
  optional?: boolean
}) {
  const [left, setLeft] = useState(false)
  const wrong = left ? jsonProblem(value, optional) : undefined
  const shown = useErrorOf(error, value)
  return (
    <Field label={label} hint={hint} error={wrong ?? shown}>
      {(ids) => (
        <textarea
          {...ids}
          className="field"
          rows={rows}
          spellCheck={false}
          value={value}
          onFocus={() => setLeft(false)}
          onBlur={() => setLeft(true)}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

export const jsonProblem = (text: string, optional = false) =>
  optional && text.trim() === '' ? undefined : objectProblem(text)

export function Check({
  label,
  checked,
  onChange,
  hint,
  disabled,
}: {
  label: ReactNode
  checked: boolean
  onChange: (on: boolean) => void
  hint?: ReactNode
  disabled?: boolean
}) {
  return (
    <label className="flex gap-2.5 items-start text-[13.5px]">
      <input
        type="checkbox"
        className="accent-[rgb(var(--accent))] mt-[3px]"
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className="min-w-0">
        <span className="font-medium break-words">{label}</span>
        {hint && <span className="block text-[13px] text-muted">{hint}</span>}
      </span>
    </label>
  )
}

/** A button that asks first, and says what it means; with `typed` that has to be typed. */
export function Confirm({
  button,
  typed,
  title,
  children,
  action,
  request,
  keys,
  done,
  ...rest
}: Omit<ButtonProps, 'children'> & {
  button: ReactNode
  typed?: string
  title: string
  children: ReactNode
  action: string
  request: () => Promise<unknown>
  keys: string[]
  done?: () => unknown
}) {
  const [open, setOpen] = useOpened()
  const [text, setText] = useState('')
  const { save, busy, failed } = useSave(request, keys, async () => {
    await setOpen(false)
    await done?.()
  })
  return (
    <>
      <Button
        tone="danger"
        {...rest}
        onClick={() => {
          save.reset()
          setText('')
          void setOpen(true)
        }}
      >
        {button}
      </Button>
      <Modal open={open} onClose={() => void setOpen(false)} title={title}>
        <div className="space-y-2 break-words">{open && children}</div>
        {typed !== undefined && (
          <div className="mt-4">
            <Text
              label={`Type “${typed}” to delete it`}
              mono
              value={text}
              onChange={setText}
              autoComplete="off"
              spellCheck={false}
              autoCapitalize="none"
            />
          </div>
        )}
        {failed && (
          <div className="mt-4">
            <Failure error={failed} />
          </div>
        )}
        <div className="flex justify-end gap-2 mt-6">
          <Button onClick={() => void setOpen(false)}>Keep it</Button>
          <Button
            tone="danger"
            busy={busy}
            disabled={typed !== undefined && text !== typed}
            onClick={() => save.mutate(undefined)}
          >
            {action}
          </Button>
        </div>
      </Modal>
    </>
  )
}

/** A secret that is shown this once. */
export function Once({
  open,
  title,
  label,
  secret,
  children,
  onClose,
}: {
  open: boolean
  title: string
  label: string
  secret: string
  children?: ReactNode
  onClose: () => void
}) {
  return (
    <Modal open={open} onClose={onClose} title={title}>
      {children && <div className="text-muted mb-4">{children}</div>}
      <p className="label">{label}</p>
      <div className="flex items-center gap-1 rounded-lg bg-sunken border border-line pl-3 pr-1.5 py-1.5">
        <code className="flex-1 font-mono text-[12.5px] break-all">{secret}</code>
        <CopyButton text={secret} label={`Copy ${label.toLowerCase()}`} />
      </div>
      <p className="hint">It is shown this once: copy it now.</p>
      <div className="flex justify-end mt-6">
        <Button tone="primary" onClick={onClose}>
          I have it
        </Button>
      </div>
    </Modal>
  )
}

export function Section({
  title,
  lead,
  children,
  actions,
}: {
  title: string
  lead?: ReactNode
  children: ReactNode
  actions?: ReactNode
}) {
  return (
    <section className="card p-5 sm:p-6 space-y-5">
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
        <div className="min-w-0">
          <h2 className="font-semibold text-[15px]">{title}</h2>
          {lead && <p className="text-muted text-[13px] mt-0.5">{lead}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  )
}

/** A form over a resource that others may change too. What the server has now replaces what is shown unless
    somebody typed; then `conflict` has what differs, and saving is refused until they have chosen. */
export function useDraft<R extends { version: number | string }, D extends object>(
  resource: R,
  make: (resource: R) => D,
) {
  const [base, setBase] = useState(resource)
  const [draft, setDraft] = useState(() => make(resource))
  const text = JSON.stringify
  const changed = text(draft) !== text(make(base))
  /** With what was sent to be saved: what somebody has typed since stays. */
  const start = (now: R, sent?: D) => {
    setBase(now)
    setDraft((typed) => {
      const names = (sent ? Object.keys(sent) : []) as (keyof D)[]
      const since = names.filter((name) => text(typed[name]) !== text(sent?.[name]))
      return { ...make(now), ...Object.fromEntries(since.map((name) => [name, typed[name]])) }
    })
  }
  const is_other = resource.version !== base.version
  const theirs = make(resource)
  const before = make(base)
  const differing = (Object.keys(before) as (keyof D & string)[]).filter(
    (name) => text(before[name]) !== text(theirs[name]),
  )
  if (is_other) {
    if (!changed || text(theirs) === text(draft)) start(resource)
    else if (differing.length === 0) setBase(resource)
  }
  const conflict: Conflict | null =
    is_other && changed && differing.length > 0
      ? {
          fields: differing.map((name) => ({
            name,
            before: before[name],
            theirs: theirs[name],
            mine: draft[name],
          })),
          keep: () => {
            const untouched = differing.filter((name) => text(draft[name]) === text(before[name]))
            const taken = Object.fromEntries(untouched.map((name) => [name, theirs[name]]))
            setBase(resource)
            setDraft({ ...draft, ...taken })
          },
          take: () => start(resource),
        }
      : null
  return {
    base,
    draft,
    changed,
    conflict,
    start,
    undo: () => setDraft(make(base)),
    set: (change: Partial<D>) => setDraft((now) => ({ ...now, ...change })),
  }
}

/** The end of a form over something that exists; leaving it with changes asks. */
export function SaveRow({
  changed,
  conflict,
  busy,
  undo,
  reset,
  labels,
  children = 'Save changes',
}: {
  changed: boolean
  conflict: Conflict | null
  busy: boolean
  undo: () => void
  /** Forgets what was wrong when it was saved before. */
  reset: () => void
  labels?: Record<string, ReactNode>
  children?: ReactNode
}) {
  return (
    <>
      <Unsaved when={changed && !busy} />
      {!busy && <ConflictNotice of={conflict} labels={labels} done={reset} />}
      <div className="flex justify-end gap-2">
        {changed && (
          <Button tone="quiet" onClick={undo}>
            Undo
          </Button>
        )}
        <Button tone="primary" type="submit" busy={busy} disabled={!changed}>
          {children}
        </Button>
      </div>
    </>
  )
}
