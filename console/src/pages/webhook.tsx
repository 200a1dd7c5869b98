import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'

import {
  call,
  get,
  realmPath,
  type DeliveryWithAttempts,
  type Operation,
  type Secret,
  type Webhook,
} from '../api/client'
import { useEventTypes, useRealm } from '../queries'
import { count, fullTime } from '../ui/format'
import {
  Badge,
  Button,
  CopyButton,
  Failure,
  Field,
  Modal,
  PageHead,
  Skeleton,
  StateBadge,
  Toggle,
  useToast,
  PageFailure,
} from '../ui/kit'
import { AttemptView } from './attempts'
import { DeliveryBrowser } from './delivery-list'
import { WebhookBadge } from './webhooks'

export function SecretView({ secret }: { secret: Secret }) {
  const rows = [
    ['Secret', secret.secret],
    ['Public key', secret.public_key],
    ['Previous secret', secret.previous],
  ] as const
  return (
    <div className="space-y-3">
      {rows.map(
        ([label, value]) =>
          value && (
            <div key={label}>
              <p className="label">{label}</p>
              <div className="flex items-center gap-1 rounded-lg bg-sunken border border-line pl-3 pr-1.5 py-1.5">
                <code className="flex-1 font-mono text-[12.5px] break-all">{value}</code>
                <CopyButton text={value} label={`Copy ${label.toLowerCase()}`} />
              </div>
            </div>
          ),
      )}
      {secret.previous_expires_at && (
        <p className="hint">
          The previous one goes on signing until {fullTime(secret.previous_expires_at)}.
        </p>
      )}
    </div>
  )
}

function TestDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
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

function RotateDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const cache = useQueryClient()
  const [overlap, setOverlap] = useState('24h')
  const rotate = useMutation({
    mutationFn: () =>
      call<Secret>('POST', realmPath(realm, `/webhooks/${webhook.id}/secret/rotate`), {
        body: { overlap },
      }),
    onSuccess: () => cache.invalidateQueries({ queryKey: ['webhook'] }),
  })
  return (
    <Modal open onClose={onClose} title="Rotate the secret">
      {rotate.data ? (
        <SecretView secret={rotate.data} />
      ) : (
        <div className="space-y-5">
          <p className="text-muted">
            Both secrets sign during the overlap, so your receiver goes on verifying while you
            change it.
          </p>
          <Field label="The old secret goes on signing for">
            {(ids) => (
              <select
                {...ids}
                className="field"
                value={overlap}
                onChange={(event) => setOverlap(event.target.value)}
              >
                <option value="0s">not at all (it has leaked)</option>
                <option value="1h">1 hour</option>
                <option value="24h">1 day</option>
                <option value="7d">7 days</option>
              </select>
            )}
          </Field>
          {rotate.isError && <Failure error={rotate.error} />}
          <div className="flex justify-end">
            <Button tone="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
              Rotate
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}

function RevealDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const realm = useRealm()
  const secret = useQuery({
    queryKey: ['secret', webhook.id],
    gcTime: 0,
    staleTime: 0,
    queryFn: () => get<Secret>(realmPath(realm, `/webhooks/${webhook.id}/secret`)),
  })
  return (
    <Modal open onClose={onClose} title="Signing secret">
      {secret.isPending ? (
        <Skeleton rows={2} />
      ) : secret.isError ? (
        <Failure error={secret.error} />
      ) : (
        <SecretView secret={secret.data} />
      )}
    </Modal>
  )
}

function RecoverDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
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

function DeleteDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
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

export function WebhookPage() {
  const realm = useRealm()
  const { id } = useParams({ strict: false }) as { id: string }
  const cache = useQueryClient()
  const toast = useToast()
  const [dialog, setDialog] = useState<'test' | 'rotate' | 'reveal' | 'recover' | 'delete' | null>(
    null,
  )
  const webhook = useQuery({
    queryKey: ['webhook', realm, id],
    queryFn: ({ signal }) => get<Webhook>(realmPath(realm, `/webhooks/${id}`), signal),
  })
  const enable = useMutation({
    mutationFn: (enabled: boolean) =>
      call<Webhook>('PATCH', realmPath(realm, `/webhooks/${id}`), { body: { enabled } }),
    onMutate: (enabled) =>
      cache.setQueryData<Webhook>(
        ['webhook', realm, id],
        (before) => before && { ...before, enabled, disabled_reason: enabled ? null : 'by_hand' },
      ),
    onSuccess: (after) =>
      toast(
        after.enabled
          ? 'Enabled. “Recover” brings back what it missed.'
          : 'Disabled; what was pending is cancelled.',
      ),
    onError: (error) => toast(error.message, true),
    onSettled: () =>
      Promise.all([
        cache.invalidateQueries({ queryKey: ['webhook'] }),
        cache.invalidateQueries({ queryKey: ['webhooks'] }),
      ]),
  })
  if (webhook.isPending) return <Skeleton />
  if (webhook.isError)
    return <PageFailure error={webhook.error} retry={() => void webhook.refetch()} />
  const data = webhook.data
  const close = () => setDialog(null)
  return (
    <>
      <Link
        to="/$realm/webhooks"
        params={{ realm }}
        className="text-[13px] text-muted hover:text-ink"
      >
        Webhooks
      </Link>
      <div className="h-1" />
      <PageHead
        title={data.name || 'Unnamed webhook'}
        badge={<WebhookBadge webhook={data} />}
        lead={data.description || undefined}
        actions={
          <>
            <Button icon="send" tone="primary" onClick={() => setDialog('test')}>
              Send test event
            </Button>
            <Button icon="retry" onClick={() => setDialog('recover')}>
              Recover
            </Button>
            <Link
              to="/$realm/webhooks/$id/edit"
              params={{ realm, id }}
              className="inline-flex items-center h-9 px-3 rounded-lg border border-line bg-panel hover:bg-sunken shadow-card font-medium text-[13.5px]"
            >
              Edit
            </Link>
            <Button tone="danger" onClick={() => setDialog('delete')}>
              Delete
            </Button>
          </>
        }
      />
      <dl className="card grid sm:grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4 p-5 mb-6 text-[13px]">
        <div className="min-w-0 sm:col-span-2">
          <dt className="text-muted mb-1">URL</dt>
          <dd className="font-mono text-[12.5px] break-all flex items-center gap-1">
            {data.url}
            <CopyButton text={data.url} label="Copy URL" />
          </dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Signing secret</dt>
          <dd className="flex items-center gap-3">
            <button
              type="button"
              className="text-accent font-medium hover:underline"
              onClick={() => setDialog('reveal')}
            >
              Reveal
            </button>
            <button
              type="button"
              className="text-accent font-medium hover:underline"
              onClick={() => setDialog('rotate')}
            >
              Rotate…
            </button>
          </dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Receives events</dt>
          <dd>
            <Toggle label="Enabled" checked={data.enabled} onChange={(on) => enable.mutate(on)} />
          </dd>
        </div>
        <div className="min-w-0 sm:col-span-2">
          <dt className="text-muted mb-1">Events</dt>
          <dd className="flex flex-wrap gap-1">
            {data.events.map((each) => (
              <Badge key={each} tone="accent">
                {each}
              </Badge>
            ))}
          </dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Timeout</dt>
          <dd>{data.timeout ?? 'the realm’s'}</dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Retries</dt>
          <dd>
            {data.retry_schedule === null
              ? 'the realm’s schedule'
              : data.retry_schedule.length === 0
                ? 'none'
                : `after ${data.retry_schedule.join(', ')}`}
          </dd>
        </div>
        {Object.keys(data.headers).length > 0 && (
          <div className="sm:col-span-2 lg:col-span-4">
            <dt className="text-muted mb-1">Headers</dt>
            <dd className="font-mono text-[12.5px] break-all">
              {Object.entries(data.headers).map(([name, value]) => (
                <div key={name}>
                  {name}: {value}
                </div>
              ))}
            </dd>
          </div>
        )}
      </dl>
      <h2 className="font-semibold text-[15px] mb-3">Deliveries</h2>
      <DeliveryBrowser webhook={id} />
      {dialog === 'test' && <TestDialog webhook={data} onClose={close} />}
      {dialog === 'rotate' && <RotateDialog webhook={data} onClose={close} />}
      {dialog === 'reveal' && <RevealDialog webhook={data} onClose={close} />}
      {dialog === 'recover' && <RecoverDialog webhook={data} onClose={close} />}
      {dialog === 'delete' && <DeleteDialog webhook={data} onClose={close} />}
    </>
  )
}
