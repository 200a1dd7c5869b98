import { useId } from 'react'

import { Button, useErrorOf } from '../ui/kit'

export type HeaderRow = { name: string; value: string }

/** The webhook's own headers. Values that the server has are shown as its mask, which sent back means unchanged. */
export function HeaderRows({
  rows,
  onChange,
  field,
}: {
  rows: HeaderRow[]
  onChange: (rows: HeaderRow[]) => void
  field: (name: string) => string | undefined
}) {
  const id = useId()
  // An answer is about the rows that were sent.
  const answer = rows.map(({ name }) => field(`headers/${name}`) ?? '').join('\n')
  const isCurrent = useErrorOf(answer || undefined, rows) !== undefined
  const failed = (name: string) => (isCurrent ? field(name) : undefined)
  return (
    <fieldset>
      <legend className="label">Headers</legend>
      {rows.length === 0 && (
        <p className="text-[13px] text-muted">
          None of its own. Add one if your receiver wants a key, such as Authorization.
        </p>
      )}
      <div className="space-y-2">
        {rows.map((row, index) => {
          const change = (next: Partial<HeaderRow>) =>
            onChange(rows.map((each, at) => (at === index ? { ...each, ...next } : each)))
          const error = row.name ? failed(`headers/${row.name}`) : undefined
          const invalid = {
            'aria-invalid': error ? true : undefined,
            'aria-describedby': error ? `${id}-${index}` : undefined,
          }
          return (
            <div key={index}>
              <div className="flex gap-2">
                <input
                  {...invalid}
                  aria-label={`Header ${index + 1} name`}
                  className="field font-mono !text-[13px] min-w-0"
                  placeholder="Authorization"
                  autoComplete="off"
                  spellCheck={false}
                  value={row.name}
                  onChange={(event) => change({ name: event.target.value })}
                />
                <input
                  {...invalid}
                  aria-label={`Header ${index + 1} value`}
                  className="field font-mono !text-[13px] min-w-0"
                  placeholder="Bearer …"
                  autoComplete="off"
                  spellCheck={false}
                  value={row.value}
                  onFocus={(event) => event.target.select()}
                  onChange={(event) => change({ value: event.target.value })}
                />
                <Button
                  tone="quiet"
                  className="w-9 px-0 shrink-0"
                  icon="cross"
                  aria-label={`Remove header ${index + 1}`}
                  onClick={() => onChange(rows.filter((_, at) => at !== index))}
                />
              </div>
              {error && (
                <p id={`${id}-${index}`} className="text-[13px] text-bad mt-1">
                  {error}
                </p>
              )}
            </div>
          )
        })}
      </div>
      <Button
        tone="quiet"
        icon="plus"
        className="mt-1 -ml-3"
        onClick={() => onChange([...rows, { name: '', value: '' }])}
      >
        Add header
      </Button>
    </fieldset>
  )
}
