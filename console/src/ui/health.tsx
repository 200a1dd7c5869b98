import { type ReactNode } from 'react'

import { type Delivery, type Webhook } from '../api/client'
import { useHealth } from '../queries'
import { useInView } from './hooks'
import { Badge } from './kit'

const disabledWhy = {
  by_hand: 'disabled by hand',
  gone: 'disabled: the receiver answered 410 Gone',
  failing: 'disabled: nothing but failures for 5 days',
  corrupt: 'disabled: what is stored of it cannot be read; save it anew',
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
function Bars({ deliveries }: { deliveries: Delivery[] }) {
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

/** A webhook's sparkline, asked for when it comes on the screen; its place is kept until then. */
export function Health({
  webhook,
  children,
}: {
  webhook: Webhook
  children?: (deliveries: Delivery[] | undefined) => ReactNode
}) {
  const [ref, seen] = useInView<HTMLDivElement>()
  const health = useHealth(webhook.id, seen)
  return (
    <>
      <div ref={ref} className="w-36 h-6">
        {health.data && <Bars deliveries={health.data} />}
      </div>
      {children?.(health.data)}
    </>
  )
}
