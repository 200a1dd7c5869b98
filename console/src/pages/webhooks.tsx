import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'

import type { Delivery, Webhook } from '../api/client'
import { useRealm, useRecentDeliveries, useWebhooks } from '../queries'
import { Badge, Empty, Failure, PageHead, Skeleton, Time } from '../ui/kit'

export const disabledWhy = {
  by_hand: 'disabled by hand',
  gone: 'disabled: the receiver answered 410 Gone',
  failing: 'disabled: nothing but failures for 5 days',
}

export function WebhookBadge({ webhook }: { webhook: Webhook }) {
  if (webhook.enabled) return <Badge tone="good">enabled</Badge>
  return (
    <Badge tone={webhook.disabled_reason === 'by_hand' ? 'idle' : 'bad'}>
      {disabledWhy[webhook.disabled_reason ?? 'by_hand']}
    </Badge>
  )
}

/** The last 24 deliveries, oldest first; its colour and its height say what came of them. */
export function Bars({ deliveries }: { deliveries: Delivery[] }) {
  const last = deliveries.slice(0, 24).reverse()
  const good = last.filter((each) => each.state === 'delivered').length
  return (
    <svg
      viewBox="0 0 144 24"
      className="w-36 h-6"
      role="img"
      aria-label={`${good} of the last ${last.length} delivered`}
    >
      {Array.from({ length: 24 - last.length }, (_, index) => (
        <rect key={index} x={index * 6} y={10} width={4} height={4} rx={1} className="fill-line" />
      ))}
      {last.map((each, index) => (
        <rect
          key={each.id}
          x={(24 - last.length + index) * 6}
          y={each.state === 'delivered' ? 4 : 2}
          width={4}
          height={each.state === 'delivered' ? 16 : 20}
          rx={1}
          className={
            {
              delivered: 'fill-good',
              pending: 'fill-warn',
              failed: 'fill-bad',
              cancelled: 'fill-idle',
            }[each.state]
          }
        />
      ))}
    </svg>
  )
}

export function useByWebhook(): Map<string, Delivery[]> {
  const recent = useRecentDeliveries()
  return useMemo(() => {
    const groups = new Map<string, Delivery[]>()
    for (const each of recent.data ?? []) {
      if (!each.test) groups.set(each.webhook_id, [...(groups.get(each.webhook_id) ?? []), each])
    }
    return groups
  }, [recent.data])
}

export function Webhooks() {
  const realm = useRealm()
  const webhooks = useWebhooks()
  const groups = useByWebhook()
  const create = (
    <Link
      to="/$realm/webhooks/new"
      params={{ realm }}
      className="inline-flex items-center h-9 px-3 rounded-lg bg-accent text-onaccent font-medium text-[13.5px] hover:bg-accent/90 shadow-card"
    >
      Create webhook
    </Link>
  )
  return (
    <>
      <PageHead
        title="Webhooks"
        lead="Who gets what. Each is a URL that subscribes to event types."
        actions={create}
      />
      <div className="card overflow-hidden">
        {webhooks.isPending ? (
          <Skeleton />
        ) : webhooks.isError ? (
          <div className="p-4">
            <Failure error={webhooks.error} retry={() => void webhooks.refetch()} />
          </div>
        ) : webhooks.data.length === 0 ? (
          <Empty icon="hook" title="No webhooks yet" action={create}>
            Create one to have events sent to your application, signed and retried until it accepts
            them.
          </Empty>
        ) : (
          <ul className="divide-y divide-line/70">
            {webhooks.data.map((webhook) => {
              const deliveries = groups.get(webhook.id) ?? []
              const final = deliveries.filter(
                (each) => each.state === 'delivered' || each.state === 'failed',
              )
              const rate = final.length
                ? Math.round(
                    (final.filter((each) => each.state === 'delivered').length / final.length) *
                      100,
                  )
                : null
              return (
                <li
                  key={webhook.id}
                  className="relative grid sm:grid-cols-[minmax(0,1fr)_auto_7rem] gap-x-6 gap-y-2 items-center px-5 py-3.5 hover:bg-sunken/60"
                >
                  <div className="min-w-0">
                    <div className="flex items-center gap-2 flex-wrap">
                      <Link
                        to="/$realm/webhooks/$id"
                        params={{ realm, id: webhook.id }}
                        className="font-medium break-words after:absolute after:inset-0"
                      >
                        {webhook.name || 'Unnamed webhook'}
                      </Link>
                      {!webhook.enabled && <WebhookBadge webhook={webhook} />}
                    </div>
                    <p className="text-[12.5px] text-muted font-mono truncate mt-0.5">
                      {webhook.url}
                    </p>
                  </div>
                  <Bars deliveries={deliveries} />
                  <div className="text-[12.5px] sm:text-right">
                    <div
                      className={`font-medium ${rate === null ? 'text-muted' : rate < 95 ? 'text-bad' : 'text-good'}`}
                    >
                      {rate === null ? 'no results' : `${rate} %`}
                    </div>
                    <div className="text-muted">
                      {deliveries[0] ? <Time at={deliveries[0].created_at} /> : 'never'}
                    </div>
                  </div>
                </li>
              )
            })}
          </ul>
        )}
      </div>
    </>
  )
}
