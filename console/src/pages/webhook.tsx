import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'

import { call, realmPath, type Webhook } from '../api/client'
import { useRealm, useStatistics, useWebhook } from '../queries'
import { Allowed, useSession } from '../session'
import { count, plural } from '../ui/format'
import { HealthWords, WebhookBadge } from '../ui/health'
import {
  Badge,
  Button,
  CopyButton,
  Failure,
  PageFailure,
  PageHead,
  Skeleton,
  Toggle,
} from '../ui/kit'
import { Back, Go, plainLink, useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'
import { useToast } from '../ui/toasts'
import { AttemptsOverTime, chart_height, periodOf } from './attempts-over-time'
import { DeliveryBrowser } from './delivery-list'
import { HeldResources } from './held-resources'
import { RunningOperations } from './operations'
import { authenticationName } from './webhook-authentication'
import { formatName, orderName } from './webhook-controls'
import { DeleteDialog, DisableDialog, RecoverDialog, TestDialog } from './webhook-dialogs'
import { RevealDialog, RotateDialog } from './webhook-secret'

const act = 'text-accent font-medium hover:underline'

/** How it fares: in words, and in its own chart. */
function OverTime({ webhook }: { webhook: Webhook }) {
  const search = useSearch({ strict: false }) as { period?: string }
  const period = periodOf(search.period)
  const statistics = useStatistics(period.hours, webhook.id)
  const change = useFilters()
  const { health } = webhook
  return (
    <div className="mb-6 space-y-4">
      {health && (
        <dl
          aria-label="Health"
          className="card grid grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4 p-5 text-[13px]"
        >
          {(
            [
              ['Attempts of the last day', <HealthWords key="" webhook={webhook} />],
              [
                'Last success',
                health.last_success_at ? <Time key="" at={health.last_success_at} /> : 'never',
              ],
              [
                'Failing since',
                health.failing_since ? (
                  <span key="" className="text-bad">
                    <Time at={health.failing_since} /> ({plural(health.failures_in_row, 'failure')}{' '}
                    in a row)
                    {health.breaker === 'open' && (
                      <span className="block text-muted">
                        left alone, next attempt <Time at={health.next_probe_at} />
                      </span>
                    )}
                  </span>
                ) : (
                  'not failing'
                ),
              ],
              [
                'Pending',
                health.waiting === 0 ? (
                  'none'
                ) : (
                  <span key="">
                    {count(health.waiting)}
                    {health.waiting_is_more ? '+' : ''}, oldest from{' '}
                    <Time at={health.oldest_waiting_at} />
                    <Allowed to="redeliver">
                      <button
                        type="button"
                        className={`${act} block`}
                        onClick={() => change({ do: 'retry', state: 'pending' })}
                      >
                        Attempt now…
                      </button>
                    </Allowed>
                  </span>
                ),
              ],
            ] as const
          ).map(([label, value]) => (
            <div key={label}>
              <dt className="text-muted mb-1">{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {statistics.data ? (
        <AttemptsOverTime statistics={statistics.data} period={period} webhook={webhook.id} />
      ) : (
        <div className={`card p-5 ${chart_height}`}>
          {isLost(statistics) && (
            <Failure error={statistics.error} retry={() => statistics.refetch()} />
          )}
        </div>
      )}
    </div>
  )
}

export function WebhookPage() {
  const realm = useRealm()
  const { id } = useParams({ strict: false }) as { id: string }
  const cache = useQueryClient()
  const toast = useToast()
  const { can } = useSession()
  // Dialogs are in the address too.
  const { do: dialog } = useSearch({ strict: false }) as { do?: string }
  const change = useFilters()
  const webhook = useWebhook(id)
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
  if (isLost(webhook)) return <PageFailure error={webhook.error} retry={() => webhook.refetch()} />
  const data = webhook.data
  const close = () => change({ do: undefined, operation: undefined })
  return (
    <>
      <Back to="/$realm/webhooks" params={{ realm }}>
        Webhooks
      </Back>
      <PageHead
        title={data.name || 'Unnamed webhook'}
        badge={<WebhookBadge webhook={data} />}
        lead={data.description || undefined}
        actions={
          <>
            <Allowed to="redeliver">
              <Button icon="send" tone="primary" onClick={() => change({ do: 'test' })}>
                Send test event
              </Button>
              <Button icon="retry" onClick={() => change({ do: 'recover' })}>
                Recover
              </Button>
            </Allowed>
            <Go
              to="/$realm/catalogue"
              params={{ realm }}
              search={{ webhook: id }}
              className={plainLink}
            >
              Receiver code
            </Go>
            <Allowed to="manage_webhooks">
              <Go to="/$realm/webhooks/$id/edit" params={{ realm, id }} className={plainLink}>
                Edit
              </Go>
              <Button tone="danger" onClick={() => change({ do: 'delete' })}>
                Delete
              </Button>
            </Allowed>
          </>
        }
      />
      <dl className="card grid grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4 p-5 mb-6 text-[13px]">
        <div className="min-w-0 col-span-2">
          <dt className="text-muted mb-1">URL</dt>
          <dd className="font-mono text-[12.5px] break-all flex items-center gap-1">
            {data.url}
            <CopyButton text={data.url} label="Copy URL" />
          </dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Signing secret</dt>
          <dd className="flex flex-wrap items-center gap-x-3">
            <span
              className="hidden sm:inline font-mono text-[12.5px] text-muted"
              aria-hidden="true"
            >
              whsec_••••
            </span>
            <Allowed to="reveal_secrets">
              <button type="button" className={act} onClick={() => change({ do: 'reveal' })}>
                Reveal
              </button>
            </Allowed>
            <Allowed to="manage_webhooks">
              <button type="button" className={act} onClick={() => change({ do: 'rotate' })}>
                Rotate…
              </button>
            </Allowed>
          </dd>
        </div>
        <div>
          <dt className="text-muted mb-1">Receives events</dt>
          <dd>
            <Toggle
              label="Enabled"
              checked={data.enabled}
              disabled={!can('manage_webhooks')}
              onChange={(on) => (on ? enable.mutate(true) : change({ do: 'disable' }))}
            />
          </dd>
        </div>
        <div className="min-w-0 col-span-2">
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
        {(data.rate_limit || data.max_in_flight) && (
          <div>
            <dt className="text-muted mb-1">Limits</dt>
            <dd>
              {[
                data.rate_limit && `${data.rate_limit.count} in ${data.rate_limit.per}`,
                data.max_in_flight && `${data.max_in_flight} at a time`,
              ]
                .filter(Boolean)
                .join(', ')}
            </dd>
          </div>
        )}
        {data.realms === 'all' && (
          <div>
            <dt className="text-muted mb-1">Events of</dt>
            <dd>All realms</dd>
          </div>
        )}
        {data.ordering === 'resource' && (
          <div>
            <dt className="text-muted mb-1">Order</dt>
            <dd>{orderName(data)}</dd>
          </div>
        )}
        {data.filter && (
          <div className="col-span-2 lg:col-span-4">
            <dt className="text-muted mb-1">Filter</dt>
            <dd className="font-mono text-[12.5px] whitespace-pre-wrap break-words">
              {data.filter_text ?? JSON.stringify(data.filter)}
            </dd>
          </div>
        )}
        {data.format && (
          <div>
            <dt className="text-muted mb-1">Body</dt>
            <dd>{formatName(data.format)}</dd>
          </div>
        )}
        {data.authentication && (
          <div>
            <dt className="text-muted mb-1">Authentication</dt>
            <dd className="break-all">
              {authenticationName(data.authentication.type)}
              {data.authentication.token_url && (
                <span className="text-muted"> {data.authentication.token_url}</span>
              )}
            </dd>
          </div>
        )}
        {data.tls && (
          <div>
            <dt className="text-muted mb-1">TLS</dt>
            <dd className="break-all">
              {data.tls.ca && <div>Authorities of its own</div>}
              {data.tls.expires_at && (
                <div>
                  {data.tls.subject}{' '}
                  <span className="text-muted">
                    expires <Time at={data.tls.expires_at} />
                  </span>
                </div>
              )}
            </dd>
          </div>
        )}
        {Object.keys(data.headers).length > 0 && (
          <div className="col-span-2 lg:col-span-4">
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
      <RunningOperations webhook={id} />
      <HeldResources webhook={id} />
      <OverTime webhook={data} />
      <h2 className="font-semibold text-[15px] mb-3">Deliveries</h2>
      <DeliveryBrowser webhook={id} />
      {dialog === 'test' && <TestDialog webhook={data} onClose={close} />}
      {dialog === 'rotate' && <RotateDialog webhook={data} onClose={close} />}
      {dialog === 'reveal' && <RevealDialog webhook={data} onClose={close} />}
      {dialog === 'recover' && <RecoverDialog webhook={data} onClose={close} />}
      {dialog === 'disable' && (
        <DisableDialog
          webhook={data}
          onClose={close}
          onDisable={() => {
            enable.mutate(false)
            close()
          }}
        />
      )}
      {dialog === 'delete' && <DeleteDialog webhook={data} onClose={close} />}
    </>
  )
}
