import { useId, useState } from 'react'

import { useEventTypes } from '../queries'
import { Icon } from '../ui/icons'
import { Badge, Skeleton, useErrorOf } from '../ui/kit'

export function EventPicker({
  chosen,
  onChange,
  error: given,
}: {
  chosen: string[]
  onChange: (events: string[]) => void
  error?: string
}) {
  const note = useId()
  const error = useErrorOf(given, chosen)
  const types = useEventTypes()
  const [filter, setFilter] = useState('')
  const groups = new Map<string, { name: string; description: string }[]>()
  // One's own come first: the built-in ones are many and always the same.
  const ordered = [...(types.data ?? [])].sort((a, b) => Number(a.built_in) - Number(b.built_in))
  for (const type of ordered) {
    if (filter && !`${type.name} ${type.description}`.toLowerCase().includes(filter.toLowerCase()))
      continue
    const group = type.name.split('.')[0] ?? type.name
    groups.set(group, [...(groups.get(group) ?? []), type])
  }
  const toggle = (name: string, on: boolean) =>
    onChange(on ? [...chosen, name] : chosen.filter((each) => each !== name))
  const every = chosen.includes('*')
  // What the server tells of webhooks is not in "*".
  const isOfWebhooks = (name: string) => name.startsWith('postrider.')
  return (
    <fieldset aria-describedby={error ? note : undefined}>
      <legend className="label">Events</legend>
      <div className="rounded-lg border border-line overflow-hidden">
        <div className="flex items-center gap-2 px-3 border-b border-line bg-panel">
          <Icon name="search" className="w-4 h-4 text-muted" />
          <input
            aria-label="Search event types"
            placeholder="Search event types"
            className="flex-1 h-9 bg-transparent outline-none focus-visible:ring-0 placeholder:text-muted min-w-0"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <label className="flex items-center gap-2 text-[13px] whitespace-nowrap">
            <input
              type="checkbox"
              className="accent-[rgb(var(--accent))]"
              checked={every}
              onChange={(event) =>
                onChange([...(event.target.checked ? ['*'] : []), ...chosen.filter(isOfWebhooks)])
              }
            />
            Everything
          </label>
        </div>
        <div className="max-h-80 overflow-auto" tabIndex={0} role="group" aria-label="Event types">
          {[...groups].map(([group, members]) => {
            const taken = every && group !== 'postrider'
            const all = taken || chosen.includes(`${group}.*`)
            return (
              <div key={group} className="border-b border-line/60 last:border-0">
                <label className="flex items-center gap-2.5 px-3 h-9 bg-sunken/60 font-medium text-[13px]">
                  <input
                    type="checkbox"
                    className="accent-[rgb(var(--accent))]"
                    checked={all}
                    disabled={taken}
                    onChange={(event) =>
                      onChange([
                        ...chosen.filter((each) => !each.startsWith(`${group}.`)),
                        ...(event.target.checked ? [`${group}.*`] : []),
                      ])
                    }
                  />
                  All of <span className="font-mono text-[12.5px]">{group}.*</span>
                </label>
                {members.map((type) => (
                  <label
                    key={type.name}
                    className="grid grid-cols-[auto_minmax(0,1fr)] sm:grid-cols-[auto_14rem_minmax(0,1fr)] gap-x-2.5 items-baseline pl-7 pr-3 py-1.5 text-[13px] hover:bg-sunken/40"
                  >
                    <input
                      type="checkbox"
                      className="accent-[rgb(var(--accent))] translate-y-0.5"
                      checked={all || chosen.includes(type.name)}
                      disabled={all}
                      onChange={(event) => toggle(type.name, event.target.checked)}
                    />
                    <span className="font-mono text-[12.5px] break-all">{type.name}</span>
                    <span className="text-muted col-start-2 sm:col-start-3 break-words">
                      {type.description}
                    </span>
                  </label>
                ))}
              </div>
            )
          })}
          {types.data && groups.size === 0 && (
            <p className="text-muted p-4 text-[13px]">No event type matches.</p>
          )}
          {types.isPending && <Skeleton />}
        </div>
      </div>
      {error ? (
        <p id={note} className="text-[13px] text-bad mt-1.5">
          {error}
        </p>
      ) : (
        <div className="flex flex-wrap gap-1 mt-2 min-h-6">
          {chosen.map((each) => (
            <Badge key={each} tone="accent">
              {each}
            </Badge>
          ))}
        </div>
      )}
    </fieldset>
  )
}
