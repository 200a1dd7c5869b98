import { useMemo, useState } from 'react'

/** Spans of time for filters; the address has the span, so that a link says "the last hour" tomorrow too. */
export const spans = {
  '1h': 'Last hour',
  '24h': 'Last day',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
}
const hours: Record<string, number> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 }
const between = 'between'

/** What the address has: a span in `since`, or one or both ends of a time of one's own. */
export type Times = { since?: string; until?: string }

const ago = (count: number) => new Date(Date.now() - count * 3_600_000).toISOString()
const iso = (text: string | undefined) =>
  text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined

/** The two times that the server is asked for; a span is counted from when it was chosen. */
export function useTimes({ since, until }: Times): Times {
  return useMemo(
    () => ({
      since: since && hours[since] ? ago(hours[since]!) : iso(since),
      until: iso(until),
    }),
    [since, until],
  )
}

/** For <input type="datetime-local">, which knows no zone: the clock of who looks. */
function localInput(text: string | undefined): string {
  const time = iso(text)
  if (!time) return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function Moment({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  return (
    <label className="flex items-center gap-1.5 text-[13px] text-muted">
      {label}
      <input
        type="datetime-local"
        className="field !w-auto"
        value={localInput(value)}
        onChange={(event) => onChange(iso(event.target.value))}
      />
    </label>
  )
}

export function TimeFilter({
  since,
  until,
  onChange,
}: Times & {
  onChange: (times: { since: string | undefined; until: string | undefined }) => void
}) {
  const given = until !== undefined || (since !== undefined && !(since in spans))
  // Stays while both are being typed and are no times yet.
  const [open, setOpen] = useState(given)
  const own = open || given
  const choose = (value: string) => {
    setOpen(value === between)
    if (value === between) onChange({ since: ago(24).slice(0, 17) + '00Z', until: undefined })
    else onChange({ since: value || undefined, until: undefined })
  }
  return (
    <>
      <select
        aria-label="Time"
        className="field !w-36"
        value={own ? between : (since ?? '')}
        onChange={(event) => choose(event.target.value)}
      >
        <option value="">Any time</option>
        {Object.entries(spans).map(([span, label]) => (
          <option key={span} value={span}>
            {label}
          </option>
        ))}
        <option value={between}>Between…</option>
      </select>
      {own && (
        <>
          <Moment
            label="from"
            value={since}
            onChange={(value) => onChange({ since: value, until })}
          />
          <Moment
            label="until"
            value={until}
            onChange={(value) => onChange({ since, until: value })}
          />
        </>
      )}
    </>
  )
}
