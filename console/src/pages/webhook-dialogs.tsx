import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

import {
  call,
  type DeliveryWithAttempts,
  get,
  type Operation,
  realmPath,
  type Webhook,
} from '../api/client'
import { useEventTypes, useRealm } from '../queries'
import { count } from '../ui/format'
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
    onSuccess: ({ id }) => change({ operation: id }),
  })
  if (search.operation) return <RecoveryDialog id={search.operation} onClose={onClose} />
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

function RecoveryDialog({ id, onClose }: { id: string; onClose: () => void }) {
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
