import {
  createColumnHelper,
  flexRender,
  getCoreRowModel,
  type Row,
  useReactTable,
} from '@tanstack/react-table'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'

import { type Delivery } from '../api/client'
import { plural, milliseconds, shortId } from '../ui/format'
import { useWide } from '../ui/hooks'
import { Badge, StateBadge } from '../ui/kit'
import { Name } from '../ui/names'
import { NextAttempt, Time } from '../ui/time'

const column = createColumnHelper<Delivery>()

const chunk_rows = 20

/** A first page, which is live, stays in one piece: rows that move keep the focus. */
const whole_rows = 50

/** One line each, so that a laptop shows twenty; where there is less room a row has what belongs to it in two. */
const dense = '!h-8 !py-0'
const looks: Record<string, string> = {
  state: 'w-28 hidden sm:table-cell',
  webhook: 'w-44',
  outcome: 'w-64',
  resource_id: 'w-36 hidden xl:table-cell',
  took: 'w-20 text-right',
  created_at: 'w-24 text-right hidden sm:table-cell',
}

/** What the last attempt came to, short: the host is on the page already. */
function lastly(delivery: Delivery): string {
  const outcome = delivery.last_outcome
  if (!outcome) return 'not attempted yet'
  return outcome.status ? `answered ${outcome.status}` : outcome.detail
}

/** Rows that leave the screen leave the document too and keep their height, so that a list of thousands scrolls like
    one of fifty. A chunk that has the focus stays, and so does one that is alone. */
function Chunk({ alone, children }: { alone: boolean; children: ReactNode }) {
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
        children
      ) : (
        <tr aria-hidden="true">
          <td style={{ height }} />
        </tr>
      )}
    </tbody>
  )
}

/** Where there is room for it. */
function Outcome({ delivery }: { delivery: Delivery }) {
  return (
    <div className="text-[12.5px] truncate" title={lastly(delivery)}>
      {lastly(delivery)}
      <span className="text-muted">
        {delivery.attempts > 1 && `, ${plural(delivery.attempts, 'attempt')}`}
        {delivery.next_attempt_at && (
          <>
            , <NextAttempt at={delivery.next_attempt_at} />
          </>
        )}
      </span>
    </div>
  )
}

/** A webhook by its name, looked up when its row is drawn. */
const Receiver = ({ id }: { id: string }) => (
  <Name kind="webhook" id={id} deleted="a deleted webhook" />
)

/** How long the last attempt took. */
const took = ({ duration_ms }: Delivery) =>
  duration_ms === null || duration_ms === undefined ? '–' : milliseconds(duration_ms)

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
  const columns = useMemo(
    () => [
      column.accessor('state', {
        header: 'State',
        cell: (cell) => <StateBadge state={cell.getValue()} />,
      }),
      column.accessor('event', {
        header: 'Event',
        cell: (cell) => (
          <div className="min-w-0">
            <div className="font-medium flex gap-1.5">
              <span className={isDense ? 'truncate' : 'break-words min-w-0'}>
                {cell.getValue()}
              </span>
              {cell.row.original.test && <Badge tone="accent">test</Badge>}
            </div>
            <div className="sm:hidden flex flex-wrap items-center gap-x-2 my-0.5 text-[12px] text-muted">
              <StateBadge state={cell.row.original.state} />
              <Time at={cell.row.original.created_at} />
            </div>
            {!isDense && (
              <div className="text-[12px] text-muted break-words">
                {webhook ? (
                  lastly(cell.row.original)
                ) : (
                  <Receiver id={cell.row.original.webhook_id} />
                )}
              </div>
            )}
          </div>
        ),
      }),
      column.display({
        id: 'webhook',
        header: 'Webhook',
        cell: (cell) => (
          <div className="truncate text-[13px]">
            <Receiver id={cell.row.original.webhook_id} />
          </div>
        ),
      }),
      column.display({
        id: 'outcome',
        header: 'Last attempt',
        cell: (cell) => <Outcome delivery={cell.row.original} />,
      }),
      column.accessor('resource_id', {
        header: 'Resource',
        cell: (cell) => (
          <span className="font-mono text-[12px] text-muted" title={cell.getValue()}>
            {shortId(cell.getValue())}
          </span>
        ),
      }),
      column.display({
        id: 'took',
        header: 'Took',
        cell: (cell) => <span className="font-mono text-[12px]">{took(cell.row.original)}</span>,
      }),
      column.accessor('created_at', {
        header: 'Created',
        cell: (cell) => (
          <span className="text-muted text-[12.5px]">
            <Time at={cell.getValue()} />
          </span>
        ),
      }),
    ],
    [webhook, isDense],
  )
  const table = useReactTable({
    data: rows,
    columns,
    getCoreRowModel: getCoreRowModel(),
    getRowId: (row) => row.id,
    state: {
      columnVisibility: {
        webhook: isDense && webhook === null,
        outcome: isDense,
        resource_id: isDense,
        took: isDense,
      },
    },
  })
  const all = table.getRowModel().rows
  const size = all.length <= whole_rows ? whole_rows : chunk_rows
  const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  )
  const toggle = (id: string, on: boolean) => {
    const next = new Set(selected)
    if (on) next.add(id)
    else next.delete(id)
    onSelect(next)
  }
  const draw = (row: Row<Delivery>) => (
    <tr
      key={row.id}
      className={`cursor-pointer ${open === row.id ? 'bg-accent/5' : 'hover:bg-sunken/60'}`}
      onClick={() => onOpen(row.id)}
    >
      <td
        className={`td !pr-0 ${isDense ? dense : ''}`}
        onClick={(event) => event.stopPropagation()}
      >
        <input
          type="checkbox"
          aria-label={`Select ${row.original.event}`}
          className="accent-[rgb(var(--accent))]"
          checked={selected.has(row.id)}
          onChange={(event) => toggle(row.id, event.target.checked)}
        />
      </td>
      {row.getVisibleCells().map((cell) => (
        <td key={cell.id} className={`td ${isDense ? dense : ''} ${looks[cell.column.id] ?? ''}`}>
          {cell.column.id === 'event' ? (
            <button
              type="button"
              aria-current={open === row.id || undefined}
              className="block w-full text-left min-w-0 rounded"
            >
              {flexRender(cell.column.columnDef.cell, cell.getContext())}
            </button>
          ) : (
            flexRender(cell.column.columnDef.cell, cell.getContext())
          )}
        </td>
      ))}
    </tr>
  )
  return (
    <table className="w-full table-fixed">
      <thead className="sticky top-0 z-10 bg-panel">
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id}>
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
            {group.headers.map((header) => (
              <th key={header.id} className={`th ${looks[header.id] ?? ''}`}>
                {flexRender(header.column.columnDef.header, header.getContext())}
              </th>
            ))}
          </tr>
        ))}
      </thead>
      {chunks.map((each, index) => (
        <Chunk key={index} alone={chunks.length === 1}>
          {each.map(draw)}
        </Chunk>
      ))}
    </table>
  )
}
