import { useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'

import { useDeliveries } from '../queries'
import { Allowed } from '../session'
import { Button, Failure, Skeleton } from '../ui/kit'
import { ChoiceFilter, More, Nothing, useFilters, useTyped } from '../ui/listing'
import { Picker } from '../ui/picker'
import { isLost } from '../ui/stale'
import { TimeFilter, useTimes } from '../ui/time-filter'
import { DeliveryDetail } from './attempts'
import { EventTypeFilter } from './event-type-filter'
import { DeliveryTable } from './delivery-table'
import { useAttemptNow, useRedeliver } from './redeliver'
import { RetryDialog } from './retry-dialog'

type Search = {
  state?: string
  event?: string
  delivery?: string
  event_id?: string
  webhook?: string
  since?: string
  until?: string
  resource_id?: string
  status?: string
  outcome?: string
  slower?: string
  do?: string
  operation?: string
}

/** What may stand in the address in place of a filter's name: all that narrow the list down. */
const narrowing = [
  'state',
  'event',
  'event_id',
  'since',
  'until',
  'webhook',
  'resource_id',
  'status',
  'outcome',
  'slower',
] as const

const results: [value: string, label: string][] = [
  ['', 'Any answer'],
  ['status:5xx', 'answered 5xx'],
  ['status:4xx', 'answered 4xx'],
  ['status:3xx', 'answered 3xx'],
  ['status:2xx', 'answered 2xx'],
  ['outcome:transport', 'no answer at all'],
  ['outcome:response_timeout', 'answered too late'],
  ['outcome:connect_failed', 'connection refused'],
  ['outcome:dns_failed', 'name not found'],
  ['outcome:tls_failed', 'TLS failed'],
  ['outcome:internal', 'not sent, our fault'],
]
const durations = ['100ms', '500ms', '1s', '2s', '5s', '10s'].map(
  (each) => [each, `${each} or longer`] as const,
)
const status_text = /^[1-9](\d\d|xx)$/

/** By what the last attempt came to: a class of answers, a status that is typed, or why there was none. */
function LastAttemptFilter({
  status,
  outcome,
  slower,
  onChange,
}: {
  status?: string
  outcome?: string
  slower?: string
  onChange: (filters: Record<string, string | undefined>) => void
}) {
  const value = status ? `status:${status}` : outcome ? `outcome:${outcome}` : ''
  const isListed = results.some(([each]) => each === value)
  const [text, setText] = useTyped(status)
  return (
    <>
      <select
        aria-label="Last attempt"
        className="field !w-44"
        value={value}
        onChange={({ target }) => {
          const [kind, word] = target.value.split(':')
          onChange({ status: undefined, outcome: undefined, ...(word ? { [kind!]: word } : {}) })
        }}
      >
        {!isListed && (
          <option value={value}>
            {status ? `answered ${status}` : outcome?.replaceAll('_', ' ')}
          </option>
        )}
        {results.map(([each, label]) => (
          <option key={each} value={each}>
            {label}
          </option>
        ))}
      </select>
      <input
        aria-label="Status"
        placeholder="Status"
        title="A status such as 503, then Enter"
        className="field !w-20"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={({ key }) => {
          const wanted = text.trim().toLowerCase()
          if (key === 'Enter' && (wanted === '' || status_text.test(wanted)))
            onChange({ status: wanted || undefined, outcome: undefined })
        }}
      />
      <ChoiceFilter
        label="Duration"
        any="Any duration"
        className="!w-44"
        options={durations}
        value={slower}
        onChange={(slower) => onChange({ slower })}
      />
    </>
  )
}

const uuid_text = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i
function ResourceFilter({
  value,
  onChange,
}: {
  value: string | undefined
  onChange: (resource_id: string | undefined) => void
}) {
  const [text, setText] = useTyped(value)
  const set = (wanted: string) => {
    if (wanted === '' || uuid_text.test(wanted)) onChange(wanted || undefined)
  }
  return (
    <input
      type="search"
      aria-label="Resource id"
      placeholder="Resource id"
      className="field !w-40 font-mono !text-[12.5px]"
      value={text}
      // Whole ids are pasted; nobody types one to its end and then forgets to press Enter.
      onChange={({ target }) => {
        setText(target.value)
        set(target.value.trim())
      }}
    />
  )
}

/** States whose deliveries are attempted all at once. */
const bulk_states = ['pending', 'failed', 'cancelled'] as const

/** Deliveries on the left, the chosen one with its attempts on the right. Filters and choice are in the address. */
export function DeliveryBrowser({ webhook }: { webhook: string | null }) {
  const search = useSearch({ strict: false }) as Search
  const change = useFilters()
  // A filter that changes closes what was open: it may not be in the list any more.
  const filter = (next: Record<string, string | undefined>) =>
    change({ ...next, delivery: undefined, attempt: undefined })
  const { state, event, event_id } = search
  const times = useTimes(search)
  const filters = narrowing.map((name) => search[name])
  const filtered = filters.some((each) => each !== undefined)
  const { resource_id, status, outcome, slower } = search
  const last = { resource_id, status, outcome, min_duration: slower }
  const list = useDeliveries(webhook, {
    state,
    event,
    event_id,
    ...times,
    ...last,
    webhook_id: webhook ? undefined : search.webhook,
  })
  const attemptNow = useAttemptNow()
  const bulk = bulk_states.find((each) => each === state)
  const redeliver = useRedeliver()
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const region = useRef<HTMLDivElement>(null)
  // Another list begins at its top, with nothing selected.
  useEffect(() => {
    setSelected(new Set())
    region.current?.scrollTo(0, 0)
  }, [filters.join('\n')])
  const redeliverable = rows
    .filter((row) => selected.has(row.id) && row.state !== 'pending' && !row.test)
    .map((row) => row.id)
  const waiting = rows
    .filter((row) => selected.has(row.id) && row.state === 'pending' && !row.test)
    .map((row) => row.id)
  const done = { onSuccess: () => setSelected(new Set()) }

  return (
    <div className="card overflow-hidden">
      <div className="filters">
        <ChoiceFilter
          label="State"
          any="Any state"
          className="!w-36"
          options={['pending', 'delivered', 'failed', 'cancelled']}
          value={state}
          onChange={(state) => filter({ state })}
        />
        <EventTypeFilter value={event} onChange={(event) => filter({ event })} />
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
        <LastAttemptFilter status={status} outcome={outcome} slower={slower} onChange={filter} />
        {!event_id && (
          <ResourceFilter value={resource_id} onChange={(resource_id) => filter({ resource_id })} />
        )}
        {event_id && (
          <Button tone="quiet" icon="cross" onClick={() => filter({ event_id: undefined })}>
            one event only
          </Button>
        )}
        <div className="flex-1 hidden sm:block" />
        <Allowed to="redeliver">
          {selected.size === 0 &&
            bulk &&
            !event_id &&
            (webhook && bulk === 'failed' && !resource_id && !status && !outcome && !slower ? (
              <Button icon="retry" onClick={() => change({ do: 'recover' })}>
                Redeliver all failed…
              </Button>
            ) : (
              <Button icon="retry" onClick={() => change({ do: 'retry' })}>
                {bulk === 'pending' ? 'Attempt all now…' : 'Redeliver all…'}
              </Button>
            ))}
          {waiting.length > 0 && (
            <Button
              icon="send"
              busy={attemptNow.isPending}
              onClick={() => attemptNow.mutate(waiting, done)}
            >
              Attempt {waiting.length} now
            </Button>
          )}
          {redeliverable.length > 0 && (
            <Button
              icon="retry"
              busy={redeliver.isPending}
              onClick={() => redeliver.mutate(redeliverable, done)}
            >
              Redeliver {redeliverable.length}
            </Button>
          )}
        </Allowed>
      </div>
      <div className={search.delivery ? 'lg:grid lg:grid-cols-[minmax(0,5fr)_minmax(0,8fr)]' : ''}>
        <div
          ref={region}
          className={`min-w-0 overflow-auto lg:max-h-[max(30rem,calc(100vh-16rem))] ${search.delivery ? 'max-h-80 border-b lg:border-b-0 border-line' : ''}`}
          tabIndex={0}
          role="region"
          aria-label="Deliveries"
        >
          {list.isPending ? (
            <Skeleton rows={8} />
          ) : isLost(list) ? (
            <div className="p-4">
              <Failure error={list.error} retry={() => list.refetch()} />
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
      {(search.do === 'operation' || (search.do === 'retry' && bulk)) && (
        <RetryDialog
          filter={{
            state: bulk ?? 'pending',
            webhook_id: webhook ?? search.webhook,
            event,
            ...times,
            ...last,
          }}
          operation={search.do === 'operation' ? search.operation : undefined}
          onClose={() => change({ do: undefined, operation: undefined })}
        />
      )}
    </div>
  )
}
