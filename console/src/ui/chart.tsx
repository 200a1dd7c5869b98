import { type KeyboardEvent, type MouseEvent, useState } from 'react'

import { type Attempts, type Span } from '../api/client'
import { axisTime, count, shortTime } from './format'

/** What a bar is made of, from the bottom up; `filter` is the list that a click leads to. */
export type Part = {
  label: string
  fill: string
  of: (attempts: Attempts) => number
  filter: Record<string, string>
}
export const by_result: Part[] = [
  { label: 'succeeded', fill: 'bg-good', of: (of) => of.ok, filter: { status: '2xx' } },
  { label: 'failed', fill: 'bg-bad', of: (of) => of.failed, filter: {} },
]
export const by_class: Part[] = [
  { label: '2xx', fill: 'bg-good', of: (of) => of.status_2xx, filter: { status: '2xx' } },
  {
    label: '3xx',
    fill: 'bg-idle',
    of: (of) => of.status_3xx + of.status_1xx,
    filter: { status: '3xx' },
  },
  { label: '4xx', fill: 'bg-warn', of: (of) => of.status_4xx, filter: { status: '4xx' } },
  { label: '5xx', fill: 'bg-bad', of: (of) => of.status_5xx, filter: { status: '5xx' } },
  { label: 'timeout', fill: 'bg-accent', of: (of) => of.timeout, filter: { outcome: 'transport' } },
  {
    label: 'no answer',
    fill: 'bg-ink/60',
    of: (of) => of.transport,
    filter: { outcome: 'transport' },
  },
  {
    label: 'our fault',
    fill: 'bg-muted/50',
    of: (of) => of.internal,
    filter: { outcome: 'internal' },
  },
]
const failed_parts = by_class.slice(1)

/** A failed attempt has no filter of its own: its class has, where all of the span are of one. */
const filterOf = (part: Part, attempts: Attempts) => {
  if (part.label !== 'failed') return part.filter
  const some = failed_parts.filter(({ of }) => of(attempts) > 0)
  return some.length === 1 ? some[0]!.filter : {}
}

export function Legend({ parts }: { parts: Part[] }) {
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-[12.5px] text-muted">
      {parts.map(({ label, fill }) => (
        <span key={label} className="flex items-center gap-1.5">
          <i className={`w-2 h-2 rounded-full ${fill}`} />
          {label}
        </span>
      ))}
    </p>
  )
}

const labels_max = 6

/** Attempts over time, a bar for each span. A click, or Enter on the span that the arrow keys chose, opens its list. */
export function Chart({
  spans,
  parts,
  step_seconds,
  onOpen,
}: {
  spans: Span[]
  parts: Part[]
  step_seconds: number
  onOpen: (filters: Record<string, string>) => void
}) {
  const [at, setAt] = useState<number | null>(null)
  const total = spans.reduce((sum, { attempts }) => sum + attempts.total, 0)
  const failed = spans.reduce((sum, { attempts }) => sum + attempts.failed, 0)
  const most = Math.max(4, ...spans.map(({ attempts }) => attempts.total))
  const words = (span: Span) =>
    `${shortTime(span.since)}: ${
      parts
        .filter(({ of }) => of(span.attempts) > 0)
        .map(({ label, of }) => `${count(of(span.attempts))} ${label}`)
        .join(', ') || 'no attempts'
    }`
  const open = (index: number, part?: Part) => {
    const span = spans[index]
    if (!span) return
    const until = new Date(Date.parse(span.since) + step_seconds * 1000).toISOString()
    onOpen({ since: span.since, until, ...(part ? filterOf(part, span.attempts) : {}) })
  }
  const press = (event: MouseEvent) => {
    const { at, part } = (event.target as HTMLElement).dataset
    if (at !== undefined) open(Number(at), parts[Number(part ?? -1)])
  }
  const keys = (event: KeyboardEvent) => {
    const last = spans.length - 1
    const next = {
      ArrowLeft: Math.max(0, (at ?? last + 1) - 1),
      ArrowRight: Math.min(last, (at ?? last) + 1),
      Home: 0,
      End: last,
    }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      setAt(next)
    }
    if (event.key === 'Enter' && at !== null) open(at)
  }
  const every = Math.max(1, Math.ceil(spans.length / labels_max))
  const shown = at === null ? undefined : spans[at]
  return (
    <div className="relative">
      <p className="text-[12.5px] text-muted h-5 -mt-1 mb-1 text-right truncate" aria-hidden="true">
        {shown ? words(shown) : `up to ${count(most)} in a bar`}
      </p>
      <div
        role="slider"
        tabIndex={0}
        aria-label={`${count(total)} attempts over time, ${count(failed)} of them failed. Arrow keys choose a span, Enter opens its list.`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, spans.length - 1)}
        aria-valuenow={at ?? Math.max(0, spans.length - 1)}
        aria-valuetext={shown && words(shown)}
        className="flex items-end h-[180px] border-b border-line rounded"
        onClick={press}
        onKeyDown={keys}
        onMouseLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
        onMouseMove={(event) => {
          const { at } = (event.target as HTMLElement).dataset
          if (at !== undefined) setAt(Number(at))
        }}
      >
        {spans.map((span, index) => (
          <div
            key={span.since}
            data-at={index}
            className={`flex-1 min-w-0 h-full flex flex-col-reverse cursor-pointer ${spans.length > 100 ? '' : 'px-px'} ${index === at ? 'bg-sunken' : ''}`}
          >
            {parts.map((part, number) => {
              const value = part.of(span.attempts)
              return (
                value > 0 && (
                  <div
                    key={part.label}
                    data-at={index}
                    data-part={number}
                    className={`${part.fill} shrink-0`}
                    // One that failed among thousands is still seen.
                    style={{ height: `max(2px, ${(value / most) * 96}%)` }}
                  />
                )
              )
            })}
          </div>
        ))}
      </div>
      <div className="flex text-[12px] text-muted h-5 mt-1" aria-hidden="true">
        {spans.map(
          (span, index) =>
            index % every === 0 && (
              <span
                key={span.since}
                // A phone has room for half of them.
                className={(index / every) % 2 ? 'invisible sm:visible' : 'whitespace-nowrap'}
                style={{ width: `${(every / spans.length) * 100}%` }}
              >
                {axisTime(Date.parse(span.since) / 1000, step_seconds * every)}
              </span>
            ),
        )}
      </div>
    </div>
  )
}
