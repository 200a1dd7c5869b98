import { Link, useSearch } from '@tanstack/react-router'
import { type ReactNode } from 'react'

import { type Attempts, type RankedWebhook, type Statistics } from '../api/client'
import { usePulse } from '../live'
import { useAnyDelivery, useNewestWebhooks, useRanking, useRealm, useStatistics } from '../queries'
import { count, milliseconds, plural } from '../ui/format'
import { percent, WebhookBadge } from '../ui/health'
import { Empty, Failure, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'
import { AttemptsOverTime, periodOf } from './attempts-over-time'
import { RunningOperations } from './operations'

function Figure({
  label,
  value,
  tone = '',
  note,
}: {
  label: string
  value: string
  tone?: string
  note?: ReactNode
}) {
  return (
    <div className="card p-4">
      <p className="text-[13px] text-muted">{label}</p>
      <p className={`text-[26px] leading-8 font-semibold tracking-tight mt-1.5 ${tone}`}>{value}</p>
      <p className="text-[12px] text-muted mt-0.5">{note ?? '\u00a0'}</p>
    </div>
  )
}

function Live() {
  return (
    <span className="inline-flex items-center gap-1.5 text-[12px] font-medium text-good">
      <span className="w-1.5 h-1.5 rounded-full bg-good" aria-hidden="true" />
      live
    </span>
  )
}

/** In place of figures, for a realm in which nothing has been delivered yet. */
function Start({ hasWebhooks }: { hasWebhooks: boolean }) {
  const realm = useRealm()
  return (
    <div className="card">
      <Empty
        icon="hook"
        title={hasWebhooks ? 'Waiting for the first event' : 'Start with a webhook'}
        action={
          <Link
            to={hasWebhooks ? '/$realm/events' : '/$realm/webhooks/new'}
            params={{ realm }}
            search={hasWebhooks ? { publish: '1' } : {}}
            className="inline-flex items-center h-9 px-3 rounded-lg bg-accent text-onaccent font-medium text-[13.5px]"
          >
            {hasWebhooks ? 'Publish an event' : 'Create webhook'}
          </Link>
        }
      >
        {hasWebhooks
          ? 'Your webhooks are ready. Deliveries show here as soon as something happens.'
          : 'Subscribe a URL to events, send it a test, and watch deliveries arrive here.'}
      </Empty>
    </div>
  )
}

const classes = [
  ['status_5xx', '× 5xx'],
  ['status_4xx', '× 4xx'],
  ['status_3xx', '× 3xx'],
  ['timeout', 'timed out'],
  ['transport', 'got no answer'],
  ['internal', 'by our fault'],
] as const
/** "24 × 5xx, 3 timed out": what failed attempts came to. */
const classesOf = (attempts: Attempts) =>
  classes
    .filter(([name]) => attempts[name] > 0)
    .map(([name, words]) => `${count(attempts[name])} ${words}`)
    .join(', ')

/** Attempts alone: what became of deliveries stands apart. */
function Figures({ statistics }: { statistics: Statistics }) {
  const { attempts, attempt_ms, wait_ms } = statistics
  const bad = attempts.failed > 0
  return (
    <div className="grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-4">
      <Figure
        label="Success rate"
        value={attempts.total === 0 ? '–' : percent(attempts.ok, attempts.total)}
        tone={attempts.total > 0 && attempts.ok / attempts.total < 0.95 ? 'text-bad' : ''}
        note={`of ${plural(attempts.total, 'attempt')}`}
      />
      <Figure
        label="Failed attempts"
        value={count(attempts.failed)}
        tone={bad ? 'text-bad' : ''}
        note={bad ? classesOf(attempts) : 'none'}
      />
      <Figure
        label="An attempt takes"
        value={attempt_ms.p50 === null ? '–' : milliseconds(attempt_ms.p50)}
        note={attempt_ms.p99 === null ? undefined : `p50; p99 ${milliseconds(attempt_ms.p99)}`}
      />
      <Figure
        label="Time to delivery"
        value={wait_ms.p50 === null ? '–' : milliseconds(wait_ms.p50)}
        note={wait_ms.p99 === null ? undefined : `p50; p99 ${milliseconds(wait_ms.p99)}`}
      />
    </div>
  )
}

/** The state of deliveries, which a recovery changes; each figure leads to its list. */
function States({ statistics, span }: { statistics: Statistics; span: string }) {
  const realm = useRealm()
  const pulse = usePulse(realm)
  const { delivered, failed, cancelled } = statistics.deliveries
  const pending = pulse && `${count(pulse.pending)}${pulse.pending >= pulse.count_max ? '+' : ''}`
  const rows: [state: string, number: string, tone: string][] = [
    ['pending', pending ?? '–', pulse && pulse.pending > 0 ? 'text-warn' : ''],
    ['delivered', count(delivered), ''],
    ['failed', count(failed), failed > 0 ? 'text-bad' : ''],
    ['cancelled', count(cancelled), ''],
  ]
  return (
    <section aria-label="Deliveries by state" className="card px-5 py-3">
      <ul className="flex flex-wrap gap-x-8 gap-y-2 text-[13.5px]">
        {rows.map(([state, number, tone]) => (
          <li key={state}>
            <Link
              to="/$realm/deliveries"
              params={{ realm }}
              search={state === 'pending' ? { state } : { state, since: span }}
              className="hover:underline underline-offset-2"
            >
              <span className={`font-semibold ${tone}`}>{number}</span>{' '}
              <span className="text-muted">
                {state} {state === 'pending' ? 'now' : 'in this time'}
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Ranked({ of }: { of: RankedWebhook }) {
  const realm = useRealm()
  const { attempts, health } = of
  const bad = attempts.failed > 0
  const name = of.name || 'Unnamed webhook'
  return (
    <li className="relative grid sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_15rem] gap-x-5 gap-y-1 px-5 py-3 hover:bg-sunken/60">
      <div className="min-w-0 flex flex-wrap items-center gap-2">
        {of.deleted ? (
          <span className="font-medium break-words min-w-0">{name} (deleted)</span>
        ) : (
          <Link
            to="/$realm/webhooks/$id"
            params={{ realm, id: of.webhook_id }}
            className="font-medium break-words min-w-0 after:absolute after:inset-0"
          >
            {name}
          </Link>
        )}
        {!of.enabled && !of.deleted && <WebhookBadge webhook={of} />}
      </div>
      <div className="text-[12.5px] min-w-0">
        <p className={bad ? 'text-bad font-medium' : 'text-muted'}>
          {bad
            ? attempts.failed === attempts.total
              ? `all ${plural(attempts.total, 'attempt')} failed`
              : `${count(attempts.failed)} of ${plural(attempts.total, 'attempt')} failed (${percent(attempts.failed, attempts.total)})`
            : `${plural(attempts.total, 'attempt')}, none failed`}
        </p>
        {bad && <p className="text-muted">{classesOf(attempts)}</p>}
      </div>
      <div className="text-[12.5px] text-muted sm:text-right">
        <p>
          {health.last_success_at ? (
            <>
              last success <Time at={health.last_success_at} />
            </>
          ) : (
            'never succeeded'
          )}
        </p>
        {health.waiting > 0 && (
          <p>
            {count(health.waiting)}
            {health.waiting_is_more ? '+' : ''} pending
            {health.oldest_waiting_at && (
              <>
                , oldest from <Time at={health.oldest_waiting_at} />
              </>
            )}
          </p>
        )}
      </div>
    </li>
  )
}

/** Who is failing, ranked by the server over all attempts: no webhook hides another. */
function FailingFirst({ items, all }: { items: RankedWebhook[]; all: number }) {
  const realm = useRealm()
  return (
    <section className="card overflow-hidden">
      <h2 className="font-semibold text-[15px] px-5 pt-4 pb-3">Webhooks, failing first</h2>
      {items.length === 0 ? (
        <p className="px-5 pb-4 text-muted text-[13.5px]">No attempts in this time.</p>
      ) : (
        <ul className="divide-y divide-line/70 border-t border-line/70">
          {items.map((each) => (
            <Ranked key={each.webhook_id} of={each} />
          ))}
        </ul>
      )}
      {all > items.length && (
        <p className="px-5 py-3 border-t border-line/70 text-[13px]">
          <Link
            to="/$realm/webhooks"
            params={{ realm }}
            className="text-accent underline underline-offset-2"
          >
            All webhooks
          </Link>
          <span className="text-muted"> ({count(all)} were attempted in this time)</span>
        </p>
      )}
    </section>
  )
}

const InItsPlace = ({ asked }: { asked: { error: unknown; refetch: () => unknown } }) => (
  <Failure error={asked.error} retry={() => asked.refetch()} />
)

/** What belongs to the period before stays in sight while another is counted, but not as if it were that one's. */
const Counting = ({ now, children }: { now: boolean; children: ReactNode }) => (
  <div aria-busy={now} className={`space-y-6 transition-opacity ${now ? 'opacity-40' : ''}`}>
    {children}
  </div>
)

export function Overview() {
  const realm = useRealm()
  const search = useSearch({ strict: false }) as { period?: string }
  const period = periodOf(search.period)
  const statistics = useStatistics(period.hours)
  const ranking = useRanking(period.hours)
  const any = useAnyDelivery()
  const webhooks = useNewestWebhooks()
  const pulse = usePulse(realm)
  const parts = [statistics, ranking, any]
  if (parts.some((each) => each.isPending)) return <Skeleton rows={10} />
  if (parts.every((each) => isLost(each)))
    return (
      <PageFailure
        error={statistics.error}
        retry={() => Promise.all(parts.map((each) => each.refetch()))}
      />
    )
  const hasSome = any.data ?? true
  const counted = statistics.data
  return (
    <>
      <PageHead
        title="Overview"
        badge={pulse && <Live />}
        lead={
          !hasSome || !counted
            ? 'Deliveries of this realm, and the webhooks that need attention.'
            : statistics.isPlaceholderData
              ? 'Counting…'
              : `${plural(counted.attempts.total, 'attempt')} in the last ${period.label.replace(/^1 /, '')}.`
        }
      />
      {!hasSome ? (
        <Start hasWebhooks={(webhooks.data?.items ?? []).length > 0} />
      ) : (
        <div className="space-y-6">
          <RunningOperations />
          {counted ? (
            <Counting now={statistics.isPlaceholderData}>
              <Figures statistics={counted} />
              <States statistics={counted} span={period.span} />
              <AttemptsOverTime statistics={counted} period={period} />
            </Counting>
          ) : (
            <InItsPlace asked={statistics} />
          )}
          {!ranking.data ? (
            <InItsPlace asked={ranking} />
          ) : (
            <Counting now={ranking.isPlaceholderData}>
              <FailingFirst items={ranking.data.items} all={ranking.data.webhooks} />
            </Counting>
          )}
        </div>
      )}
    </>
  )
}
