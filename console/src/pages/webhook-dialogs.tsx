import { keepPreviousData, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'

import {
  call,
  type DeliveryWithAttempts,
  type Operation,
  realmPath,
  type Webhook,
} from '../api/client'
import { useQuery } from '../asked'
import { useEventTypes, useRealm } from '../queries'
import { Allowed } from '../session'
import { count, plural } from '../ui/format'
import { Button, Failure, Field, Modal, StateBadge } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { Moment, type Times, useTimes } from '../ui/time-filter'
import { useToast } from '../ui/toasts'
import { AttemptView, useEventBody } from './attempts'
import { type Counted, OperationDialog, upTo, useCount } from './operation-dialog'

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
  const pending = useCount(
    { state: 'pending', webhook_id: webhook.id },
    test.data?.state === 'delivered',
  )
  const attempt = test.data?.attempts_log[0]
  const [body] = useEventBody(test.data?.event_id)
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
            {(pending.data?.count ?? 0) > 0 && (
              <Button icon="send" onClick={() => change({ do: 'retry', state: 'pending' })}>
                Attempt {pending.data!.is_more ? 'what is' : count(pending.data!.count)} pending
                now…
              </Button>
            )}
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

type Lacking = Counted & { lost: number; missed: number }
/** How many a recovery would send again, counted by the server. */
function useLacking(webhook: string, times: Times, enabled: boolean) {
  const realm = useRealm()
  return useQuery({
    queryKey: ['deliveries', realm, webhook, 'lacking', times],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) =>
      call<Lacking>('POST', realmPath(realm, `/webhooks/${webhook}/recover`), {
        body: { ...times, dry_run: true },
        signal,
      }),
  })
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
    // The list behind it shows what becomes of them.
    onSuccess: ({ id }) => change({ operation: id, since: times.since, until: times.until }),
  })
  const isNew = search.operation === undefined
  const before = useLacking(webhook.id, times, isNew)
  const pending = useCount({ state: 'pending', webhook_id: webhook.id }, isNew)
  if (search.operation) return <OperationDialog id={search.operation} onClose={onClose} />
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
                {upTo(
                  { count: before.data.lost, is_more: before.data.is_more },
                  'failed or cancelled delivery',
                  'failed or cancelled deliveries',
                )}
              </span>{' '}
              and {plural(before.data.missed, 'missed event')} in this time.
            </>
          ) : before.isError ? (
            before.error.message
          ) : (
            'Counting…'
          )}
          {(pending.data?.count ?? 0) > 0 && (
            <>
              {' '}
              {upTo(pending.data!, 'is', 'are')} pending and not touched by this:{' '}
              <button
                type="button"
                className="text-accent font-medium hover:underline"
                onClick={() => change({ do: 'retry', state: 'pending' })}
              >
                attempt them now…
              </button>
            </>
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
