import {
  createColumnHelper,
  flexRender,
  getCoreRowModel,
  useReactTable,
} from '@tanstack/react-table'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'

import type { Delivery } from '../api/client'
import { useDeliveries, useEventTypes, useWebhooks } from '../queries'
import { Button, Empty, Failure, Skeleton, StateBadge, Time, Badge } from '../ui/kit'
import { SpanFilter, useSince } from '../ui/listing'
import { DeliveryDetail, useRedeliver } from './attempts'

const column = createColumnHelper<Delivery>()

/** Deliveries on the left, the chosen one with its attempts on the right. Filters and choice are in the address. */
export function DeliveryBrowser({ webhook }: { webhook: string | null }) {
  const search = useSearch({ strict: false }) as {
    state?: string
    event?: string
    delivery?: string
    event_id?: string
    since?: string
  }
  const navigate = useNavigate()
  const types = useEventTypes()
  const webhooks = useWebhooks()
  const since = useSince(search.since)
  const filtered = Boolean(search.state ?? search.event ?? search.event_id ?? search.since)
  const list = useDeliveries(webhook, {
    state: search.state,
    event: search.event,
    event_id: search.event_id,
    since,
  })
  const redeliver = useRedeliver()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const names = useMemo(
    () => new Map(webhooks.data?.map((each) => [each.id, each.name || each.url])),
    [webhooks.data],
  )
  const set = (change: Record<string, string | undefined>) =>
    void navigate({
      to: '.',
      search: (before: Record<string, unknown>) => ({ ...before, ...change }),
      replace: true,
    } as never)
  useEffect(() => setSelected(new Set()), [search.state, search.event, search.since])

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
            <div className="font-medium truncate">
              {cell.getValue()} {cell.row.original.test && <Badge tone="accent">test</Badge>}
            </div>
            <div className="text-[12px] text-muted truncate">
              {webhook
                ? (cell.row.original.last_outcome?.detail ?? 'not attempted yet')
                : (names.get(cell.row.original.webhook_id) ?? 'a deleted webhook')}
            </div>
          </div>
        ),
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
    [webhook, names],
  )
  const table = useReactTable({
    data: rows,
    columns,
    getCoreRowModel: getCoreRowModel(),
    getRowId: (row) => row.id,
  })
  const redeliverable = rows
    .filter((row) => selected.has(row.id) && row.state !== 'pending')
    .map((row) => row.id)

  return (
    <div className="card overflow-hidden">
      <div className="flex flex-wrap items-center gap-2 p-3 border-b border-line">
        <select
          aria-label="State"
          className="field !w-36"
          value={search.state ?? ''}
          onChange={(event) => set({ state: event.target.value || undefined, delivery: undefined })}
        >
          <option value="">Any state</option>
          {['pending', 'delivered', 'failed', 'cancelled'].map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
        <select
          aria-label="Event type"
          className="field !w-52"
          value={search.event ?? ''}
          onChange={(event) => set({ event: event.target.value || undefined, delivery: undefined })}
        >
          <option value="">Any event</option>
          {(types.data ?? []).map((type) => (
            <option key={type.name}>{type.name}</option>
          ))}
        </select>
        <SpanFilter
          value={search.since}
          onChange={(span) => set({ since: span, delivery: undefined })}
        />
        {search.event_id && (
          <Button tone="quiet" icon="cross" onClick={() => set({ event_id: undefined })}>
            one event only
          </Button>
        )}
        <div className="flex-1" />
        {selected.size > 0 && (
          <Button
            icon="retry"
            busy={redeliver.isPending}
            disabled={redeliverable.length === 0}
            onClick={() =>
              redeliver.mutate(redeliverable, { onSuccess: () => setSelected(new Set()) })
            }
          >
            Redeliver {redeliverable.length}
          </Button>
        )}
      </div>
      {list.isPending ? (
        <Skeleton rows={8} />
      ) : list.isError ? (
        <div className="p-4">
          <Failure error={list.error} retry={() => void list.refetch()} />
        </div>
      ) : rows.length === 0 ? (
        <Empty title={filtered ? 'Nothing matches these filters' : 'No deliveries yet'}>
          {filtered
            ? 'Change or clear them to see more.'
            : 'They appear here as soon as an event that a webhook subscribes to is published.'}
        </Empty>
      ) : (
        <div
          className={search.delivery ? 'lg:grid lg:grid-cols-[minmax(0,5fr)_minmax(0,8fr)]' : ''}
        >
          <div
            className={`min-w-0 overflow-auto lg:max-h-[46rem] ${search.delivery ? 'max-h-80 border-b lg:border-b-0 lg:border-r border-line' : ''}`}
            tabIndex={0}
            role="region"
            aria-label="Deliveries"
          >
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
                          setSelected(
                            new Set(event.target.checked ? rows.map((row) => row.id) : []),
                          )
                        }
                      />
                    </th>
                    {group.headers.map((header) => (
                      <th
                        key={header.id}
                        className={`th ${header.id === 'state' ? 'w-32' : header.id === 'created_at' ? 'w-28' : ''}`}
                      >
                        {flexRender(header.column.columnDef.header, header.getContext())}
                      </th>
                    ))}
                  </tr>
                ))}
              </thead>
              <tbody>
                {table.getRowModel().rows.map((row) => (
                  <tr
                    key={row.id}
                    className={`cursor-pointer ${search.delivery === row.id ? 'bg-accent/5' : 'hover:bg-sunken/60'}`}
                    onClick={() => set({ delivery: row.id })}
                  >
                    <td className="td !pr-0" onClick={(event) => event.stopPropagation()}>
                      <input
                        type="checkbox"
                        aria-label={`Select ${row.original.event}`}
                        className="accent-[rgb(var(--accent))]"
                        checked={selected.has(row.id)}
                        onChange={(event) =>
                          setSelected((all) => {
                            const next = new Set(all)
                            if (event.target.checked) next.add(row.id)
                            else next.delete(row.id)
                            return next
                          })
                        }
                      />
                    </td>
                    {row.getVisibleCells().map((cell) => (
                      <td key={cell.id} className="td">
                        {cell.column.id === 'event' ? (
                          <button type="button" className="block w-full text-left min-w-0 rounded">
                            {flexRender(cell.column.columnDef.cell, cell.getContext())}
                          </button>
                        ) : (
                          flexRender(cell.column.columnDef.cell, cell.getContext())
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
            {list.hasNextPage && (
              <div className="p-3 text-center">
                <Button
                  tone="quiet"
                  busy={list.isFetchingNextPage}
                  onClick={() => void list.fetchNextPage()}
                >
                  Load more
                </Button>
              </div>
            )}
          </div>
          {search.delivery && (
            <div className="min-w-0">
              <DeliveryDetail id={search.delivery} />
            </div>
          )}
        </div>
      )}
    </div>
  )
}
