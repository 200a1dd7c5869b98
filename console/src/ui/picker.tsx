import {
  Combobox,
  ComboboxButton,
  ComboboxInput,
  ComboboxOption,
  ComboboxOptions,
} from '@headlessui/react'
import { useState } from 'react'

import { get, type Page, query, realmPath, type Role, type Webhook } from '../api/client'
import { useQuery } from '../asked'
import { useRealm } from '../queries'
import { usePaused } from './hooks'
import { Icon } from './icons'
import { useName } from './names'

type Choice = { id: string; name: string }

const sources = {
  webhook: {
    path: '/webhooks',
    name: (one: unknown) => (one as Webhook).name || (one as Webhook).url,
  },
  role: { path: '/roles', name: (one: unknown) => (one as Role).name },
}
/** So many are enough to choose from. */
const shown_max = 50

/** The newest of a kind, or those whose names the server finds a text in. */
function useChoices(path: string, wanted: string, enabled: boolean) {
  const realm = useRealm()
  return useQuery({
    queryKey: [path.slice(1), realm, 'choices', wanted],
    enabled,
    staleTime: 10_000,
    queryFn: ({ signal }) =>
      get<Page<{ id: string }>>(
        realmPath(realm, path) + query({ search: wanted, limit: shown_max }),
        signal,
      ),
  })
}

/** Chooses one of a kind by typing a part of its name. Of thousands only those are asked for that are shown. */
export function Picker({
  kind,
  value,
  onChange,
  label,
  none,
  accept,
  className = '',
  ids,
}: {
  kind: keyof typeof sources
  value: string | undefined
  onChange: (id: string | undefined) => void
  label?: string
  /** What stands there when nothing is chosen; choosing it takes the choice away. */
  none: string
  accept?: (one: unknown) => boolean
  className?: string
  ids?: Record<string, unknown>
}) {
  const [text, setText] = useState('')
  const [open, setOpen] = useState(false)
  const source = sources[kind]
  const wanted = usePaused(text.trim())
  const list = useChoices(source.path, wanted, open)
  const name = useName(kind, value)
  const found = (list.data?.items ?? [])
    .filter((one) => accept?.(one) ?? true)
    .map<Choice>((one) => ({
      id: one.id,
      name: source.name(one),
    }))
  const shown = value ? (name ?? (name === null ? `a deleted ${kind}` : '…')) : ''
  return (
    <Combobox<Choice | null>
      immediate
      value={value ? { id: value, name: shown } : null}
      by="id"
      onChange={(choice) => {
        setText('')
        onChange(choice?.id || undefined)
      }}
      onClose={() => {
        setText('')
        setOpen(false)
      }}
    >
      <div className={`relative ${className}`}>
        <ComboboxInput
          {...ids}
          aria-label={label}
          placeholder={none}
          className="field pr-8 truncate placeholder:text-ink"
          autoComplete="off"
          spellCheck={false}
          displayValue={() => shown}
          onFocus={() => setOpen(true)}
          onChange={(event) => setText(event.target.value)}
        />
        <ComboboxButton
          aria-label={`Show ${label ?? kind}s`}
          className="absolute inset-y-0 right-0 w-8 grid place-items-center text-muted"
          onClick={() => setOpen(true)}
        >
          <Icon name="down" className="w-4 h-4" />
        </ComboboxButton>
      </div>
      <ComboboxOptions
        anchor="bottom start"
        className="z-50 w-[max(var(--input-width),16rem)] mt-1 card shadow-float p-1 !max-h-80 overflow-auto empty:hidden"
      >
        {!wanted && (
          <ComboboxOption
            value={{ id: '', name: '' }}
            className="px-2.5 py-1.5 rounded-md text-[13.5px] text-muted cursor-pointer data-[focus]:bg-sunken"
          >
            {none}
          </ComboboxOption>
        )}
        {found.map((choice) => (
          <ComboboxOption
            key={choice.id}
            value={choice}
            className="px-2.5 py-1.5 rounded-md text-[13.5px] break-words cursor-pointer data-[focus]:bg-sunken data-[selected]:text-accent"
          >
            {choice.name}
          </ComboboxOption>
        ))}
        {(list.isFetching || found.length === 0 || list.data?.next_cursor) && (
          <p role="status" className="px-2.5 py-1.5 text-[13px] text-muted">
            {list.isFetching
              ? 'Looking…'
              : list.isError
                ? 'The server did not answer.'
                : found.length === 0
                  ? `No ${kind} matches.`
                  : 'There are more: type a part of the name.'}
          </p>
        )}
      </ComboboxOptions>
    </Combobox>
  )
}
