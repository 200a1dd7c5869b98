import { useSearch } from '@tanstack/react-router'

import { type Webhook } from '../api/client'
import { useRealm, useWebhookList } from '../queries'
import { Allowed } from '../session'
import { HealthLabel, WebhookBadge } from '../ui/health'
import { Empty, Failure, PageHead, Skeleton } from '../ui/kit'
import {
  ChoiceFilter,
  Find,
  Go,
  More,
  NothingMatches,
  primaryLink,
  RowLink,
  useFilters,
  useFind,
} from '../ui/listing'
import { isLost } from '../ui/stale'
import { EventTypeFilter } from './event-type-filter'

function Row({ webhook }: { webhook: Webhook }) {
  const realm = useRealm()
  return (
    <li className="relative grid sm:grid-cols-[minmax(0,1fr)_16rem] gap-x-6 gap-y-2 items-center px-5 py-3.5 hover:bg-sunken/60">
      <div className="min-w-0">
        <div className="flex items-center gap-2 flex-wrap">
          <RowLink to="/$realm/webhooks/$id" params={{ realm, id: webhook.id }}>
            {webhook.name || webhook.url}
          </RowLink>
          {!webhook.enabled && <WebhookBadge webhook={webhook} />}
        </div>
        <p className="text-[12.5px] text-muted font-mono truncate mt-0.5">{webhook.url}</p>
      </div>
      <HealthLabel webhook={webhook} />
    </li>
  )
}

export function Webhooks() {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as { find?: string; state?: string; event?: string }
  const set = useFilters()
  const find = useFind()
  const filtered = Boolean(search.find ?? search.state ?? search.event)
  const webhooks = useWebhookList({
    search: find,
    enabled: search.state && String(search.state === 'enabled'),
    event: search.event,
  })
  const found = webhooks.data?.pages.flatMap((page) => page.items) ?? []
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
        {webhooks.isPending && !filtered ? (
          <Skeleton />
        ) : isLost(webhooks) ? (
          <div className="p-4">
            <Failure error={webhooks.error} retry={() => webhooks.refetch()} />
          </div>
        ) : found.length === 0 && !filtered ? (
          <Empty icon="hook" title="No webhooks yet" action={create}>
            Create one to have events sent to your application, signed and retried until it accepts
            them.
          </Empty>
        ) : (
          <>
            <div className="filters">
              <Find label="Search webhooks" placeholder="Search by name or URL" />
              <ChoiceFilter
                label="State"
                any="Any state"
                className="!w-36"
                options={['enabled', 'disabled']}
                value={search.state}
                onChange={(state) => set({ state })}
              />
              <EventTypeFilter value={search.event} onChange={(event) => set({ event })} />
            </div>
            {webhooks.isPending ? (
              <Skeleton />
            ) : found.length === 0 ? (
              <NothingMatches />
            ) : (
              <ul className="divide-y divide-line/70" aria-label="Webhooks">
                {found.map((webhook) => (
                  <Row key={webhook.id} webhook={webhook} />
                ))}
              </ul>
            )}
            <More list={webhooks} />
          </>
        )}
      </div>
    </>
  )
}
