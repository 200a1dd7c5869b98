import { useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'

import { useDeliveries, useEventTypes } from '../queries'
import { Allowed } from '../session'
import { Button, Failure, Skeleton } from '../ui/kit'
import { More, Nothing, useFilters } from '../ui/listing'
import { Picker } from '../ui/picker'
import { isLost } from '../ui/stale'
import { TimeFilter, useTimes } from '../ui/time-filter'
import { DeliveryDetail, useRedeliver } from './attempts'
import { DeliveryTable } from './delivery-table'

type Search = {
  state?: string
  event?: string
  delivery?: string
  event_id?: string
  webhook?: string
  since?: string
  until?: string
}

/** Deliveries on the left, the chosen one with its attempts on the right. Filters and choice are in the address. */
export function DeliveryBrowser({ webhook }: { webhook: string | null }) {
  const search = useSearch({ strict: false }) as Search
  const change = useFilters()
  // A filter that changes closes what was open: it may not be in the list any more.
  const filter = (next: Record<string, string | undefined>) =>
    change({ ...next, delivery: undefined, attempt: undefined })
  const types = useEventTypes()
  const { state, event, event_id } = search
  const times = useTimes(search)
  const filtered = Boolean(
    state ?? event ?? event_id ?? search.since ?? search.until ?? search.webhook,
  )
  const list = useDeliveries(webhook, {
    state,
    event,
    event_id,
    ...times,
    webhook_id: webhook ? undefined : search.webhook,
  })
  const redeliver = useRedeliver()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const region = useRef<HTMLDivElement>(null)
  // Another list begins at its top, with nothing selected.
  useEffect(() => {
    setSelected(new Set())
    region.current?.scrollTo(0, 0)
  }, [state, event, event_id, search.since, search.until, search.webhook])
  const redeliverable = rows
    .filter((row) => selected.has(row.id) && row.state !== 'pending' && !row.test)
    .map((row) => row.id)

  return (
    <div className="card overflow-hidden">
      <div className="filters">
        <select
          aria-label="State"
          className="field !w-36"
          value={state ?? ''}
          onChange={(event) => filter({ state: event.target.value || undefined })}
        >
          <option value="">Any state</option>
          {['pending', 'delivered', 'failed', 'cancelled'].map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
        <select
          aria-label="Event type"
          className="field !w-52"
          value={event ?? ''}
          onChange={(event) => filter({ event: event.target.value || undefined })}
        >
          <option value="">Any event</option>
          {(types.data ?? []).map((type) => (
            <option key={type.name}>{type.name}</option>
          ))}
        </select>
        {!webhook && (
          <Picker
            kind="webhook"
            label="Webhook"
            none="Any webhook"
            className="min-w-0 flex-1 basis-36 sm:flex-none sm:w-48"
            value={search.webhook}
            onChange={(webhook) => filter({ webhook })}
          />
        )}
        <TimeFilter since={search.since} until={search.until} onChange={filter} />
        {event_id && (
          <Button tone="quiet" icon="cross" onClick={() => filter({ event_id: undefined })}>
            one event only
          </Button>
        )}
        <div className="flex-1 hidden sm:block" />
        <Allowed to="redeliver">
          {webhook && state === 'failed' && selected.size === 0 && (
            <Button icon="retry" onClick={() => change({ do: 'recover' })}>
              Redeliver all failed…
            </Button>
          )}
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
        </Allowed>
      </div>
      <div className={search.delivery ? 'lg:grid lg:grid-cols-[minmax(0,5fr)_minmax(0,8fr)]' : ''}>
        <div
          ref={region}
          className={`min-w-0 overflow-auto lg:max-h-[max(30rem,calc(100vh-13.5rem))] ${search.delivery ? 'max-h-80 border-b lg:border-b-0 border-line' : ''}`}
          tabIndex={0}
          role="region"
          aria-label="Deliveries"
        >
          {list.isPending ? (
            <Skeleton rows={8} />
          ) : isLost(list) ? (
            <div className="p-4">
              <Failure error={list.error} retry={() => void list.refetch()} />
            </div>
          ) : rows.length === 0 ? (
            <Nothing filtered={filtered} title="No deliveries yet">
              They appear here as soon as an event that a webhook subscribes to is published.
            </Nothing>
          ) : (
            <>
              <DeliveryTable
                rows={rows}
                webhook={webhook}
                open={search.delivery}
                onOpen={(delivery) => change({ delivery, attempt: undefined })}
                selected={selected}
                onSelect={setSelected}
              />
              <More list={list} />
            </>
          )}
        </div>
        {search.delivery && (
          <div className="min-w-0 lg:border-l border-line">
            <DeliveryDetail id={search.delivery} />
          </div>
        )}
      </div>
    </div>
  )
}
