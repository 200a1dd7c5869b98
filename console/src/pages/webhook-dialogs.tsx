import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

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
import { useToast } from '../ui/toasts'
import { AttemptView } from './attempts'

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
        <AttemptView attempt={attempt} />
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

export function RecoverDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const [hours, setHours] = useState('24')
  const start = useMutation({
    mutationFn: () =>
      call<Operation>('POST', realmPath(realm, `/webhooks/${webhook.id}/recover`), {
        body: { since: new Date(Date.now() - Number(hours) * 3_600_000).toISOString() },
      }),
  })
  const id = start.data?.id
  const running = useQuery({
    queryKey: ['operation', id],
    enabled: id !== undefined,
    queryFn: () => get<Operation>(realmPath(realm, `/operations/${id}`)),
    refetchInterval: ({ state }) => {
      if (state.data && state.data.state !== 'running')
        void cache.invalidateQueries({ queryKey: ['deliveries'] })
      return !state.data || state.data.state === 'running' ? 500 : false
    },
  })
  const cancel = useMutation({
    mutationFn: () => call('DELETE', realmPath(realm, `/operations/${id}`)),
    onSettled: () => running.refetch(),
  })
  const operation = running.data ?? start.data
  const share = operation
    ? operation.total === 0
      ? 100
      : Math.min(100, Math.round((operation.done / operation.total) * 100))
    : 0
  return (
    <Modal open onClose={onClose} title="Recover deliveries">
      {operation ? (
        <div className="space-y-4" aria-live="polite">
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
          <p>
            {count(operation.done)} of {count(operation.total)} looked at ·{' '}
            <span className="font-medium">{operation.state}</span>
          </p>
          {operation.detail && <p className="text-bad">{operation.detail}</p>}
          <div className="flex justify-end gap-2">
            {operation.state === 'running' && (
              <Button tone="danger" onClick={() => cancel.mutate()}>
                Cancel
              </Button>
            )}
            <Button onClick={onClose}>Close</Button>
          </div>
        </div>
      ) : (
        <div className="space-y-5">
          <p className="text-muted">
            Sends again what failed or was cancelled, and matching events that were missed while the
            webhook was disabled or did not exist.
          </p>
          <Field label="Everything accepted in">
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={hours}
                onChange={(event) => setHours(event.target.value)}
              >
                <option value="1">the last hour</option>
                <option value="24">the last day</option>
                <option value="168">the last 7 days</option>
                <option value="720">the last 30 days</option>
              </select>
            )}
          </Field>
          {start.isError && <Failure error={start.error} />}
          <div className="flex justify-end">
            <Button tone="primary" busy={start.isPending} onClick={() => start.mutate()}>
              Recover
            </Button>
          </div>
        </div>
      )}
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
