import { type ReactNode, useEffect, useRef, useState } from 'react'

import { type Delivery } from '../api/client'
import { plural, milliseconds, shortId } from '../ui/format'
import { useWide } from '../ui/hooks'
import { Badge, StateBadge } from '../ui/kit'
import { Name } from '../ui/names'
import { NextAttempt, Time } from '../ui/time'

const chunk_rows = 20

/** A first page, which is live, stays in one piece: rows that move keep the focus. */
const whole_rows = 50

/** One line each, so that a laptop shows twenty; where there is less room a row has what belongs to it in two. */
const dense = '!h-8 !py-0'

/** What the last attempt came to, short: the host is on the page already. */
function lastly(delivery: Delivery): string {
  const outcome = delivery.last_outcome
  if (!outcome) return delivery.state === 'pending' ? 'not attempted yet' : 'not attempted'
  return outcome.status ? `answered ${outcome.status}` : outcome.detail
}

/** Rows that leave the screen leave the document too and keep their height, so that a list of thousands scrolls like
    one of fifty. A chunk that has the focus stays, and so does one that is alone. */
function Chunk({ alone, draw }: { alone: boolean; draw: () => ReactNode }) {
  const ref = useRef<HTMLTableSectionElement>(null)
  const [height, setHeight] = useState<number | null>(null)
  useEffect(() => {
    const body = ref.current
    if (alone) setHeight(null)
    if (!body || alone) return
    const margin = '600px 0px'
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (!entry) return
        const keep = entry.isIntersecting || body.contains(document.activeElement)
        setHeight(keep ? null : entry.boundingClientRect.height)
      },
      { rootMargin: margin, scrollMargin: margin } as IntersectionObserverInit,
    )
    observer.observe(body)
    return () => observer.disconnect()
  }, [alone])
  return (
    <tbody ref={ref}>
      {height === null ? (
        draw()
      ) : (
        <tr aria-hidden="true">
          <td style={{ height }} />
        </tr>
      )}
    </tbody>
  )
}

/** What became of it, and when it goes on or what it waits for: of one that was not attempted yet, that alone. */
function Outcome({ delivery }: { delivery: Delivery }) {
  const { attempts, next_attempt_at, waiting_for } = delivery
  const next = (next_attempt_at || waiting_for === 'order') && (
    <NextAttempt at={next_attempt_at} waitingFor={waiting_for} />
  )
  if (attempts === 0 && next) return next
  return (
    <>
      {lastly(delivery)}
      <span className="text-muted">
        {attempts > 1 && `, ${plural(attempts, 'attempt')}`}
        {next && <>, {next}</>}
      </span>
    </>
  )
}

/** A webhook by its name, looked up when its row is drawn. */
const Receiver = ({ id }: { id: string }) => (
  <Name kind="webhook" id={id} deleted="a deleted webhook" />
)

/** How long the last attempt took. */
const took = ({ duration_ms }: Delivery) =>
  duration_ms === null || duration_ms === undefined ? '–' : milliseconds(duration_ms)

type Column = { label: string; look: string; cell: (delivery: Delivery) => ReactNode }

/** What a row is about: all that there is beside an open delivery, and on a phone. */
function About({
  delivery,
  webhook,
  isDense,
}: {
  delivery: Delivery
  webhook: string | null
  isDense: boolean
}) {
  return (
    <div className="min-w-0">
      <div className="font-medium flex gap-1.5">
        <span className={isDense ? 'truncate' : 'break-words min-w-0'}>{delivery.event}</span>
        {delivery.test && <Badge tone="accent">test</Badge>}
      </div>
      <div className="sm:hidden flex flex-wrap items-center gap-x-2 my-0.5 text-[12px] text-muted">
        <StateBadge state={delivery.state} />
        <Time at={delivery.created_at} />
      </div>
      {!isDense && (
        <div className="text-[12px] text-muted break-words sm:truncate">
          {webhook ? (
            <Outcome delivery={delivery} />
          ) : (
            <>
              <Receiver id={delivery.webhook_id} />
              <span className="sm:hidden">
                {' · '}
                <Outcome delivery={delivery} />
              </span>
            </>
          )}
        </div>
      )}
    </div>
  )
}

/** The columns after that of what a row is about. */
function columnsOf(webhook: string | null, isDense: boolean, timed: boolean): Column[] {
  const created: Column = {
    label: 'Created',
    look: 'w-24 text-right hidden sm:table-cell',
    cell: ({ created_at }) => (
      <span className="text-muted text-[12.5px]">
        <Time at={created_at} />
      </span>
    ),
  }
  if (!isDense) return [created]
  const receiver: Column = {
    label: 'Webhook',
    look: 'w-44',
    cell: ({ webhook_id }) => (
      <div className="truncate text-[13px]">
        <Receiver id={webhook_id} />
      </div>
    ),
  }
  const duration: Column = {
    label: 'Took',
    look: 'w-20 text-right',
    cell: (delivery) => (
      <span className="font-mono text-[12px] whitespace-nowrap">{took(delivery)}</span>
    ),
  }
  return [
    ...(webhook ? [] : [receiver]),
    {
      label: 'Last attempt',
      look: 'w-64',
      cell: (delivery) => (
        <div className="text-[12.5px] truncate" title={lastly(delivery)}>
          <Outcome delivery={delivery} />
        </div>
      ),
    },
    {
      label: 'Resource',
      look: 'w-36 hidden xl:table-cell',
      cell: ({ resource_id }) => (
        <span className="font-mono text-[12px] text-muted" title={resource_id}>
          {shortId(resource_id)}
        </span>
      ),
    },
    ...(timed ? [duration] : []),
    created,
  ]
}

export function DeliveryTable({
  rows,
  webhook,
  open,
  onOpen,
  selected,
  onSelect,
}: {
  rows: Delivery[]
  webhook: string | null
  open: string | undefined
  onOpen: (id: string) => void
  selected: ReadonlySet<string>
  onSelect: (selected: ReadonlySet<string>) => void
}) {
  // Beside an open delivery there is no room for more than what it is.
  const isDense = useWide() && open === undefined
  const timed = rows.some(({ duration_ms }) => duration_ms !== undefined)
  const columns = columnsOf(webhook, isDense, timed)
  const size = rows.length <= whole_rows ? whole_rows : chunk_rows
  const chunks = Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  )
  const toggle = (id: string, on: boolean) => {
    const next = new Set(selected)
    if (on) next.add(id)
    else next.delete(id)
    onSelect(next)
  }
  const td = `td ${isDense ? dense : ''}`
  const draw = (delivery: Delivery) => (
    <tr
      key={delivery.id}
      className={`cursor-pointer ${open === delivery.id ? 'bg-accent/5' : 'hover:bg-sunken/60'}`}
      onClick={() => onOpen(delivery.id)}
    >
      <td className={`${td} !pr-0`} onClick={(event) => event.stopPropagation()}>
        <input
          type="checkbox"
          aria-label={`Select ${delivery.event}`}
          className="accent-[rgb(var(--accent))]"
          checked={selected.has(delivery.id)}
          onChange={(event) => toggle(delivery.id, event.target.checked)}
        />
      </td>
      <td className={`${td} hidden sm:table-cell`}>
        <StateBadge state={delivery.state} />
      </td>
      <td className={td}>
        <button
          type="button"
          aria-current={open === delivery.id || undefined}
          className="block w-full text-left min-w-0 rounded"
        >
          <About delivery={delivery} webhook={webhook} isDense={isDense} />
        </button>
      </td>
      {columns.map(({ label, look, cell }) => (
        <td key={label} className={`${td} ${look}`}>
          {cell(delivery)}
        </td>
      ))}
    </tr>
  )
  return (
    <table className="w-full table-fixed">
      <thead className="sticky top-0 z-10 bg-panel">
        <tr>
          <th className="th w-10 !pr-0">
            <input
              type="checkbox"
              aria-label="Select all"
              className="accent-[rgb(var(--accent))]"
              checked={selected.size === rows.length}
              onChange={(event) =>
                onSelect(new Set(event.target.checked ? rows.map((row) => row.id) : []))
              }
            />
          </th>
          <th className="th w-28 hidden sm:table-cell">State</th>
          <th className="th">Event</th>
          {columns.map(({ label, look }) => (
            <th key={label} className={`th ${look}`}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      {chunks.map((each, index) => (
        <Chunk key={index} alone={chunks.length === 1} draw={() => each.map(draw)} />
      ))}
    </table>
  )
}
