import { useSearch } from '@tanstack/react-router'

import { type Delivery, type Webhook } from '../api/client'
import { useRealm, useWebhooks } from '../queries'
import { Allowed } from '../session'
import { Health, WebhookBadge } from '../ui/health'
import { Empty, Failure, PageHead, Skeleton } from '../ui/kit'
import { Go, NothingMatches, primaryLink, RowLink, useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'

function Figures({ deliveries }: { deliveries: Delivery[] | undefined }) {
  if (!deliveries) return <div className="h-9" />
  const good = deliveries.filter((each) => each.state === 'delivered').length
  const final = good + deliveries.filter((each) => each.state === 'failed').length
  const rate = final ? Math.round((good / final) * 100) : null
  const tone = rate === null ? 'text-muted' : rate < 95 ? 'text-bad' : 'text-good'
  return (
    <div
      className="text-[12.5px] text-right min-h-9"
      title={final ? `${good} of the last ${final} that are final` : undefined}
    >
      <div className={`font-medium ${tone}`}>{rate === null ? 'no results' : `${rate} %`}</div>
      <div className="text-muted">
        {deliveries[0] ? <Time at={deliveries[0].created_at} /> : 'never'}
      </div>
    </div>
  )
}

function Row({ webhook }: { webhook: Webhook }) {
  const realm = useRealm()
  return (
    <li className="relative grid grid-cols-[auto_minmax(0,1fr)] sm:grid-cols-[minmax(0,1fr)_auto_7rem] gap-x-6 gap-y-2 items-center px-5 py-3.5 hover:bg-sunken/60">
      <div className="min-w-0 col-span-2 sm:col-span-1">
        <div className="flex items-center gap-2 flex-wrap">
          <RowLink to="/$realm/webhooks/$id" params={{ realm, id: webhook.id }}>
            {webhook.name || 'Unnamed webhook'}
          </RowLink>
          {!webhook.enabled && <WebhookBadge webhook={webhook} />}
        </div>
        <p className="text-[12.5px] text-muted font-mono truncate mt-0.5">{webhook.url}</p>
      </div>
      <Health webhook={webhook}>{(deliveries) => <Figures deliveries={deliveries} />}</Health>
    </li>
  )
}

export function Webhooks() {
  const realm = useRealm()
  const webhooks = useWebhooks()
  const search = useSearch({ strict: false }) as { find?: string; state?: string }
  const set = useFilters()
  const words = (search.find ?? '').toLowerCase().split(/\s+/)
  const found = (webhooks.data ?? []).filter(
    ({ name, url, description, events, enabled }) =>
      (!search.state || (search.state === 'enabled') === enabled) &&
      words.every((word) =>
        `${name} ${url} ${description} ${events.join(' ')}`.toLowerCase().includes(word),
      ),
  )
  const create = (
    <Allowed to="manage_webhooks">
      <Go to="/$realm/webhooks/new" params={{ realm }} className={primaryLink}>
        Create webhook
      </Go>
    </Allowed>
  )
  return (
    <>
      <PageHead
        title="Webhooks"
        lead="The URLs that events are delivered to, and what each subscribes to."
        actions={create}
      />
      <div className="card overflow-hidden">
        {webhooks.isPending ? (
          <Skeleton />
        ) : isLost(webhooks) ? (
          <div className="p-4">
            <Failure error={webhooks.error} retry={() => void webhooks.refetch()} />
          </div>
        ) : webhooks.data.length === 0 ? (
          <Empty icon="hook" title="No webhooks yet" action={create}>
            Create one to have events sent to your application, signed and retried until it accepts
            them.
          </Empty>
        ) : (
          <>
            <div className="filters">
              <input
                type="search"
                aria-label="Search webhooks"
                placeholder="Search by name, URL or event"
                className="field sm:!w-80"
                value={search.find ?? ''}
                onChange={(event) => set({ find: event.target.value || undefined })}
              />
              <select
                aria-label="State"
                className="field !w-36"
                value={search.state ?? ''}
                onChange={(event) => set({ state: event.target.value || undefined })}
              >
                <option value="">Any state</option>
                <option value="enabled">enabled</option>
                <option value="disabled">disabled</option>
              </select>
            </div>
            {found.length === 0 ? (
              <NothingMatches />
            ) : (
              <ul className="divide-y divide-line/70" aria-label="Webhooks">
                {found.map((webhook) => (
                  <Row key={webhook.id} webhook={webhook} />
                ))}
              </ul>
            )}
          </>
        )}
      </div>
    </>
  )
}
