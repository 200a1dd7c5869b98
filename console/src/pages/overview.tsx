import { Link, useSearch } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'

import { type Statistics, type Webhook } from '../api/client'
import { usePulse } from '../live'
import {
  type Failing,
  failing_max,
  useFailing,
  useOwnFailures,
  useRealm,
  useStatistics,
  useWebhooks,
} from '../queries'
import { Chart, type Series } from '../ui/chart'
import { count, milliseconds } from '../ui/format'
import { Health, WebhookBadge } from '../ui/health'
import { Empty, Failure, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'

const periods = [
  { hours: 1, span: '1h', label: '1 hour' },
  { hours: 24, span: '24h', label: '24 hours' },
  { hours: 168, span: '7d', label: '7 days' },
]

type Period = (typeof periods)[number]
const shown_max = 8

function series_of(statistics: Statistics): Series {
  const spans = statistics.spans
  return {
    times: spans.map((span) => Date.parse(span.since) / 1000),
    good: spans.map((span) => span.attempts.ok),
    bad: spans.map((span) => span.attempts.failed),
  }
}

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

function Figures({ statistics, span }: { statistics: Statistics; span: string }) {
  const realm = useRealm()
  const pulse = usePulse(realm)
  const { delivered, failed } = statistics.deliveries
  const { p50, p99 } = statistics.wait_ms
  const rate = delivered + failed > 0 ? (delivered / (delivered + failed)) * 100 : null
  return (
    <div className="grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-4">
      <Figure
        label="Success rate"
        // One that failed is never rounded away.
        value={
          rate === null ? '–' : `${(Math.floor(rate * 10) / 10).toFixed(rate === 100 ? 0 : 1)} %`
        }
        tone={rate !== null && rate < 95 ? 'text-bad' : ''}
        note={`${count(delivered)} delivered`}
      />
      <Figure
        label="Failed"
        value={count(failed)}
        tone={failed ? 'text-bad' : ''}
        note={
          failed ? (
            <Link
              to="/$realm/deliveries"
              params={{ realm }}
              search={{ state: 'failed', since: span }}
              className="text-accent underline underline-offset-2"
            >
              See them
            </Link>
          ) : (
            'none'
          )
        }
      />
      <Figure
        label="Pending"
        value={
          pulse ? `${count(pulse.pending)}${pulse.pending >= pulse.count_max ? '+' : ''}` : '–'
        }
        note="on their way, or waiting"
      />
      <Figure
        label="Time to delivery"
        value={p50 === null ? '–' : milliseconds(p50)}
        note={p99 === null ? undefined : `p50; p99 ${milliseconds(p99)}`}
      />
    </div>
  )
}

function OverTime({ statistics, period }: { statistics: Statistics; period: Period }) {
  const set = useFilters()
  const series = useMemo(() => series_of(statistics), [statistics])
  return (
    <section className="card p-5">
      <div className="flex flex-wrap items-center justify-between gap-2 mb-3">
        <div className="flex flex-wrap items-center gap-3">
          <h2 className="font-semibold text-[15px]">Attempts over time</h2>
          <div role="group" aria-label="Period" className="flex gap-1">
            {periods.map((each) => (
              <button
                key={each.hours}
                type="button"
                aria-pressed={each === period}
                onClick={() => set({ period: each.span })}
                className={`h-7 px-2.5 rounded-md text-[12.5px] font-medium ${each === period ? 'bg-accent/10 text-accent' : 'text-muted hover:text-ink hover:bg-sunken'}`}
              >
                {each.label}
              </button>
            ))}
          </div>
        </div>
        <p className="flex gap-4 text-[12.5px] text-muted">
          <span className="flex items-center gap-1.5">
            <i className="w-2 h-2 rounded-full bg-accent" />
            accepted
          </span>
          <span className="flex items-center gap-1.5">
            <i className="w-2 h-2 rounded-full bg-bad" />
            failed
          </span>
        </p>
      </div>
      <Chart series={series} />
    </section>
  )
}

/** Who is failing. A few webhooks are ranked by their own latest deliveries, so that a noisy one hides no other; of many
    the newest failures of all are counted. */
function FailingFirst({ webhooks, failing }: { webhooks: Webhook[]; failing: Failing }) {
  const realm = useRealm()
  const own = useOwnFailures(webhooks)
  const bad = (id: string) => own?.get(id)?.bad ?? failing.counts.get(id) ?? 0
  const share = (id: string) => {
    const each = own?.get(id)
    return each && each.of > 0 ? each.bad / each.of : 0
  }
  const ranked = [...webhooks]
    .sort(
      (a, b) =>
        Number(a.disabled_reason === 'by_hand') - Number(b.disabled_reason === 'by_hand') ||
        share(b.id) - share(a.id) ||
        bad(b.id) - bad(a.id) ||
        Number(a.enabled) - Number(b.enabled),
    )
    .slice(0, shown_max)
  const text = (id: string) => {
    const each = own?.get(id)
    if (each) return `${count(each.bad)} of the last ${count(each.of)} failing`
    return `${count(bad(id))}${bad(id) >= failing_max ? '+' : ''} failing`
  }
  return (
    <section className="card overflow-hidden">
      <h2 className="font-semibold text-[15px] px-5 pt-4 pb-3">Webhooks, failing first</h2>
      <ul className="divide-y divide-line/70 border-t border-line/70">
        {ranked.map((webhook) => (
          <li
            key={webhook.id}
            className="relative flex flex-wrap items-center gap-x-5 gap-y-2 px-5 py-3 hover:bg-sunken/60"
          >
            <div className="flex-1 min-w-48 flex items-center gap-2">
              <Link
                to="/$realm/webhooks/$id"
                params={{ realm, id: webhook.id }}
                className="font-medium truncate after:absolute after:inset-0"
              >
                {webhook.name || webhook.url}
              </Link>
              {!webhook.enabled && <WebhookBadge webhook={webhook} />}
            </div>
            {bad(webhook.id) > 0 && (
              <span className="text-[12.5px] text-bad">{text(webhook.id)}</span>
            )}
            <Health webhook={webhook} />
          </li>
        ))}
      </ul>
    </section>
  )
}

const InItsPlace = ({ asked }: { asked: { error: unknown; refetch: () => unknown } }) => (
  <Failure error={asked.error} retry={() => void asked.refetch()} />
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
  const period = periods.find((each) => each.span === search.period) ?? periods[1]!
  const webhooks = useWebhooks()
  const statistics = useStatistics(period.hours)
  const failing = useFailing(period.hours)
  const pulse = usePulse(realm)
  const parts = [failing, webhooks, statistics]
  if (parts.some((each) => each.isPending)) return <Skeleton rows={10} />
  if (parts.every((each) => isLost(each)))
    return (
      <PageFailure
        error={statistics.error}
        retry={() => parts.forEach((each) => void each.refetch())}
      />
    )
  const hasSome = failing.data?.any ?? true
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
              : `${count(counted.attempts.total)} attempts in the last ${period.label}.`
        }
      />
      {!hasSome ? (
        <Start hasWebhooks={(webhooks.data ?? []).length > 0} />
      ) : (
        <div className="space-y-6">
          {counted ? (
            <Counting now={statistics.isPlaceholderData}>
              <Figures statistics={counted} span={period.span} />
              <OverTime statistics={counted} period={period} />
            </Counting>
          ) : (
            <InItsPlace asked={statistics} />
          )}
          {!webhooks.data ? (
            <InItsPlace asked={webhooks} />
          ) : !failing.data ? (
            <InItsPlace asked={failing} />
          ) : (
            <Counting now={failing.isPlaceholderData}>
              <FailingFirst webhooks={webhooks.data} failing={failing.data} />
            </Counting>
          )}
        </div>
      )}
    </>
  )
}
