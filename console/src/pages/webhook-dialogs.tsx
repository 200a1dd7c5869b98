import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

import {
  call,
  type Delivery,
  type DeliveryWithAttempts,
  get,
  type Operation,
  type Page,
  query,
  realmPath,
  type Webhook,
} from '../api/client'
import { useEventTypes, useRealm } from '../queries'
import { Allowed } from '../session'
import { count, plural } from '../ui/format'
import { Button, Failure, Field, Modal, StateBadge } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { Moment, type Times, useTimes } from '../ui/time-filter'
import { useToast } from '../ui/toasts'
import { AttemptView, useEventBody } from './attempts'

export function TestDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const types = useEventTypes()
  const cache = useQueryClient()
  const change = useFilters()
  const [event, setEvent] = useState('')
  const test = useMutation({
    mutationFn: () =>
      call<DeliveryWithAttempts>('POST', realmPath(realm, `/webhooks/${webhook.id}/test`), {
        body: event ? { event } : {},
      }),
    onSettled: () => cache.invalidateQueries({ queryKey: ['deliveries'] }),
  })
  const attempt = test.data?.attempts_log[0]
  const body = useEventBody(test.data?.event_id)
  return (
    <Modal open onClose={onClose} title="Send a test event" wide>
      <div className="flex flex-wrap items-end gap-3 mb-5">
        <div className="flex-1 min-w-48">
          <Field label="Event">
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={event}
                onChange={(change) => setEvent(change.target.value)}
              >
                <option value="">postrider.test</option>
                {(types.data ?? [])
                  .filter((type) => type.example)
                  .map((type) => (
                    <option key={type.name}>{type.name}</option>
                  ))}
              </select>
            )}
          </Field>
        </div>
        <Button tone="primary" icon="send" busy={test.isPending} onClick={() => test.mutate()}>
          Send
        </Button>
      </div>
      {test.isError && <Failure error={test.error} />}
      {test.data && (
        <div className="mb-4 flex items-center gap-2" aria-live="polite">
          <StateBadge state={test.data.state} />
          <span className="text-[13px] text-muted">{test.data.reason}</span>
        </div>
      )}
      {test.data?.state === 'delivered' && (
        <Allowed to="redeliver">
          <div className="mb-5 flex flex-wrap items-center gap-3 rounded-lg border border-good/40 bg-good/5 px-4 py-2.5 text-[13.5px]">
            <span className="flex-1">It works. Send again what failed meanwhile?</span>
            <Button icon="retry" onClick={() => change({ do: 'recover', operation: undefined })}>
              Redeliver what failed…
            </Button>
          </div>
        </Allowed>
      )}
      {attempt ? (
        <AttemptView attempt={attempt} body={body} />
      ) : (
        !test.isError && (
          <p className="text-muted">
            It is signed and sent like every event, even while the webhook is disabled, is never
            retried and counts for nothing.
          </p>
        )
      )}
    </Modal>
  )
}

const recoveries = {
  '1h': 'the last hour',
  '24h': 'the last day',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
}

type Counted = { count: number; is_more: boolean }
/** So many of a state are counted: a list's page. */
const counted_max = 200
/** How many deliveries of a webhook are in each state, of those accepted in a time. */
function useStates(webhook: string, { since, until }: Times, enabled: boolean) {
  const realm = useRealm()
  return useQuery({
    // A pulse of the stream asks for it again, as for the lists.
    queryKey: ['deliveries', realm, webhook, 'states', since, until],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const path = realmPath(realm, `/webhooks/${webhook}/deliveries`)
      const one = async (state: string): Promise<Counted> => {
        const page = await get<Page<Delivery>>(
          path + query({ state, since, until, limit: counted_max }),
          signal,
        )
        const counted = page.items.filter((each) => !each.test)
        return { count: counted.length, is_more: page.next_cursor !== null }
      }
      const [failed, cancelled, pending, delivered] = await Promise.all(
        ['failed', 'cancelled', 'pending', 'delivered'].map(one),
      )
      return { failed: failed!, cancelled: cancelled!, pending: pending!, delivered: delivered! }
    },
  })
}
const upTo = ({ count: number, is_more }: Counted, one: string, many: string) =>
  is_more ? `${count(number)}+ ${many}` : plural(number, one, many)

/** Its operation is in the address: whoever loads the page again sees how far it has come. */
export function RecoverDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as Times & { operation?: string }
  const change = useFilters()
  // What the list is filtered by is what somebody wants back.
  const [since, setSince] = useState(search.since ?? '24h')
  const [until, setUntil] = useState(search.until)
  const times = useTimes({ since, until })
  const start = useMutation({
    mutationFn: () =>
      call<Operation>('POST', realmPath(realm, `/webhooks/${webhook.id}/recover`), { body: times }),
    // The list behind it shows what becomes of them.
    onSuccess: ({ id }) => change({ operation: id, since: times.since, until: times.until }),
  })
  const before = useStates(webhook.id, times, search.operation === undefined)
  if (search.operation)
    return <RecoveryDialog id={search.operation} webhook={webhook.id} onClose={onClose} />
  const own = !(since in recoveries)
  return (
    <Modal open onClose={onClose} title="Redeliver all that failed">
      <form
        className="space-y-5"
        onSubmit={(event) => {
          event.preventDefault()
          start.mutate()
        }}
      >
        <p className="text-muted">
          Sends again what failed or was cancelled, and matching events that were missed while the
          webhook was disabled or did not exist.
        </p>
        <Field label="Everything accepted in">
          {(ids) => (
            <select
              {...ids}
              className="field"
              value={own ? '' : since}
              onChange={(event) => {
                setSince(event.target.value || new Date(Date.now() - 86_400_000).toISOString())
                setUntil(undefined)
              }}
            >
              {Object.entries(recoveries).map(([span, label]) => (
                <option key={span} value={span}>
                  {label}
                </option>
              ))}
              <option value="">a time of my own…</option>
            </select>
          )}
        </Field>
        {own && (
          <div className="flex flex-wrap gap-3">
            <Moment label="from" value={since} onChange={(value) => value && setSince(value)} />
            <Moment label="until" value={until} onChange={setUntil} />
          </div>
        )}
        <p role="status" className="text-[13.5px]">
          {before.data ? (
            <>
              <span className="font-medium">
                {upTo(before.data.failed, 'failed delivery', 'failed deliveries')}
              </span>{' '}
              and {upTo(before.data.cancelled, 'cancelled one', 'cancelled ones')} in this time
              {before.data.pending.count > 0 &&
                `; ${upTo(before.data.pending, 'is', 'are')} pending and stay as they are`}
              .
            </>
          ) : before.isError ? (
            'How many these are could not be counted.'
          ) : (
            'Counting…'
          )}
        </p>
        {start.isError && <Failure error={start.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" icon="retry" busy={start.isPending}>
            Redeliver
          </Button>
        </div>
      </form>
    </Modal>
  )
}

/** What became of what was sent again: the states of everything accepted in that time. */
function Became({ webhook }: { webhook: string }) {
  const search = useSearch({ strict: false }) as Times
  const times = useTimes(search)
  const now = useStates(webhook, times, true)
  if (!now.data) return null
  return (
    <p aria-label="What became of them" className="text-[13.5px]">
      Of everything accepted in this time{' '}
      <span className="text-good">{upTo(now.data.delivered, 'is', 'are')} delivered</span>,{' '}
      <span className={now.data.failed.count > 0 ? 'text-bad' : ''}>
        {upTo(now.data.failed, 'has', 'have')} failed
      </span>
      , {upTo(now.data.pending, 'is', 'are')} pending.
    </p>
  )
}

function RecoveryDialog({
  id,
  webhook,
  onClose,
}: {
  id: string
  webhook: string
  onClose: () => void
}) {
  const realm = useRealm()
  const cache = useQueryClient()
  const running = useQuery({
    queryKey: ['operation', realm, id],
    queryFn: () => get<Operation>(realmPath(realm, `/operations/${id}`)),
    refetchInterval: ({ state }) => (state.data && state.data.state !== 'running' ? false : 500),
  })
  const cancel = useMutation({
    mutationFn: () => call('DELETE', realmPath(realm, `/operations/${id}`)),
    onSettled: () => running.refetch(),
  })
  const operation = running.data
  const state = operation?.state
  useEffect(() => {
    if (state && state !== 'running') void cache.invalidateQueries({ queryKey: ['deliveries'] })
  }, [cache, state])
  const share = !operation
    ? 0
    : operation.total === 0
      ? 100
      : Math.min(100, Math.round((operation.done / operation.total) * 100))
  return (
    <Modal open onClose={onClose} title="Redeliver all that failed">
      {isLost(running) ? (
        <Failure error={running.error} retry={() => void running.refetch()} />
      ) : (
        <div className="space-y-4">
          <div
            role="progressbar"
            aria-label="Recovery"
            aria-valuenow={share}
            aria-valuemin={0}
            aria-valuemax={100}
            className="h-2 rounded-full bg-sunken overflow-hidden"
          >
            <div
              className="h-full bg-accent rounded-full transition-all"
              style={{ width: `${share}%` }}
            />
          </div>
          <p aria-live="polite">
            {operation ? (
              <>
                {count(operation.done)} of {count(operation.total)} looked at ·{' '}
                <span className="font-medium">{operation.state}</span>
              </>
            ) : (
              'Starting…'
            )}
          </p>
          {operation?.detail && <p className="text-bad">{operation.detail}</p>}
          {operation && state !== 'running' && <Became webhook={webhook} />}
          {state === 'running' && (
            <p className="text-muted text-[13px]">
              It goes on when you close this, and survives a restart of the server.
            </p>
          )}
        </div>
      )}
      <div className="flex justify-end gap-2 mt-6">
        {state === 'running' && (
          <Button tone="danger" busy={cancel.isPending} onClick={() => cancel.mutate()}>
            Stop it
          </Button>
        )}
        <Button onClick={onClose}>Close</Button>
      </div>
    </Modal>
  )
}

/** Enabling is safe and asks nothing; this is not, and says what it means. */
export function DisableDialog({
  webhook,
  onClose,
  onDisable,
}: {
  webhook: Webhook
  onClose: () => void
  onDisable: () => void
}) {
  return (
    <Modal open onClose={onClose} title="Disable this webhook?">
      <p>
        “{webhook.name || webhook.url}” gets nothing until it is enabled again, and what is pending
        is cancelled. Afterwards “Recover” sends what it missed.
      </p>
      <div className="flex justify-end gap-2 mt-6">
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" onClick={onDisable}>
          Disable
        </Button>
      </div>
    </Modal>
  )
}

export function DeleteDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const toast = useToast()
  const remove = useMutation({
    mutationFn: () => call('DELETE', realmPath(realm, `/webhooks/${webhook.id}`)),
    onSuccess: async () => {
      toast('The webhook is deleted.')
      await navigate({ to: '/$realm/webhooks', params: { realm } })
      await cache.invalidateQueries({ queryKey: ['webhooks'] })
    },
  })
  return (
    <Modal open onClose={onClose} title="Delete this webhook?">
      <p>
        “{webhook.name || webhook.url}” gets nothing any more, and what is pending is cancelled.
        This cannot be undone. To pause it, disable it instead.
      </p>
      {remove.isError && (
        <div className="mt-4">
          <Failure error={remove.error} />
        </div>
      )}
      <div className="flex justify-end gap-2 mt-6">
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </div>
    </Modal>
  )
}
