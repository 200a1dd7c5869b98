import { type Health, type Webhook } from '../api/client'
import { count } from './format'
import { Badge } from './kit'
import { Time } from './time'

const disabledWhy = {
  by_hand: 'disabled by hand',
  gone: 'disabled: the receiver answered 410 Gone',
  failing: 'disabled: nothing but failures for 5 days',
  corrupt: 'disabled: what is stored of it cannot be read; save it anew',
}

export function WebhookBadge({
  webhook,
}: {
  webhook: Pick<Webhook, 'enabled' | 'disabled_reason'>
}) {
  if (webhook.enabled) return <Badge tone="good">enabled</Badge>
  return (
    <Badge tone={webhook.disabled_reason === 'by_hand' ? 'idle' : 'bad'}>
      {disabledWhy[webhook.disabled_reason ?? 'by_hand']}
    </Badge>
  )
}

/** One that failed is never rounded away, and one that succeeded neither. */
export function percent(part: number, whole: number): string {
  const share = (part / whole) * 100
  if (part === whole) return '100 %'
  return share >= 1 ? `${Math.floor(share)} %` : part > 0 ? 'under 1 %' : '0 %'
}

/** In words how a webhook is, from all its attempts of the last day and of when it last succeeded. */
export function healthOf({ health, enabled }: { health: Health; enabled: boolean }): {
  text: string
  tone: 'good' | 'bad' | 'warn' | 'idle'
} {
  const { attempts_24h: all, failed_24h: failed, last_success_at, last_failure } = health
  if (!enabled && all === 0) return { text: 'no attempts', tone: 'idle' }
  if (all === 0 && health.failing_since) return { text: 'failing', tone: 'bad' }
  if (all === 0)
    return {
      text: last_success_at || last_failure ? 'none in 24 h' : 'no attempts yet',
      tone: 'idle',
    }
  if (failed === 0) return { text: 'all succeed', tone: 'good' }
  if (failed === all) return { text: 'all fail', tone: 'bad' }
  return {
    text: `${percent(failed, all)} fail`,
    tone: failed / all >= 0.05 || health.failing_since ? 'bad' : 'warn',
  }
}

const looks = { good: 'text-good', bad: 'text-bad', warn: 'text-warn', idle: 'text-muted' }

export function HealthWords({ webhook: { health, enabled } }: { webhook: Webhook }) {
  if (!health) return null
  const { text, tone } = healthOf({ health, enabled })
  return (
    <span className={looks[tone]}>
      {text}
      {health.attempts_24h > 0 &&
        ` (${count(health.failed_24h)} of ${count(health.attempts_24h)} failed)`}
    </span>
  )
}

/** How a webhook is, since when, and what waits. */
export function HealthLabel({ webhook }: { webhook: Webhook }) {
  const { health, enabled } = webhook
  if (!health) return null
  const { text, tone } = healthOf({ health, enabled })
  const look = looks[tone]
  return (
    <div className="text-[12.5px] sm:text-right min-h-9">
      <div className={`font-medium ${look}`}>
        {text}
        {health.waiting > 0 && (
          <span className="text-muted font-normal">
            {' '}
            · {count(health.waiting)}
            {health.waiting_is_more ? '+' : ''} pending
          </span>
        )}
      </div>
      <div className="text-muted">
        {health.last_success_at ? (
          <>
            last success <Time at={health.last_success_at} />
          </>
        ) : health.last_failure ? (
          'never succeeded'
        ) : (
          'never attempted'
        )}
      </div>
    </div>
  )
}
