import { Link, useSearch } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'

import { type Statistics } from '../api/client'
import { usePulse } from '../live'
import { failing_max, useFailing, useRealm, useStatistics, useWebhooks } from '../queries'
import { Chart, type Series } from '../ui/chart'
import { count, milliseconds } from '../ui/format'
import { Health, WebhookBadge } from '../ui/health'
import { Empty, Failure, PageFailure, PageHead, Skeleton } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { isLost } from '../ui/stale'
import { Time } from '../ui/time'

const periods = [
  { hours: 1, span: '1h', label: '1 hour' },
  { hours: 24, span: '24h', label: '24 hours' },
  { hours: 168, span: '7d', label: '7 days' },
]

function series_of(statistics: Statistics): Series {
  const spans = statistics.spans
  return {
    times: spans.map((span) => Date.parse(span.since) / 1000),
    good: spans.map((span) => span.delivered + span.pending - span.retrying),
    bad: spans.map((span) => span.failed + span.retrying),
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

export function Overview() {
  const realm = useRealm()
  const webhooks = useWebhooks()
  const set = useFilters()
  const search = useSearch({ strict: false }) as { period?: string }
  const period = periods.find((each) => each.span === search.period) ?? periods[1]!
  const statistics = useStatistics(period.hours)
  const series = useMemo(
    () => (statistics.data ? series_of(statistics.data) : null),
    [statistics.data],
  )
  const failing = useFailing(period.hours)
  const bad = (id: string) => failing.data?.counts.get(id) ?? 0
  const ranked = [...(webhooks.data ?? [])]
    .sort((a, b) => bad(b.id) - bad(a.id) || Number(a.enabled) - Number(b.enabled))
    .slice(0, 8)
  const pulse = usePulse(realm)
  const all = [failing, webhooks, statistics]
  if (all.some((each) => each.isPending)) return <Skeleton rows={10} />
  const lost = all.filter((each) => isLost(each))
  const again = () => lost.forEach((each) => void each.refetch())
  // What could be loaded is shown; one that failed says so in its place.
  if (!statistics.data || !webhooks.data || !failing.data)
    return <PageFailure error={lost[0]?.error} retry={again} />
  const {
    delivered,
    failed,
    pending,
    counted,
    complete,
    wait_us_p50: p50,
    wait_us_p99: p99,
  } = statistics.data
  const rate = delivered + failed > 0 ? (delivered / (delivered + failed)) * 100 : null
  const { any } = failing.data
  // Figures of the period before stay in sight, but not as if they were of this one.
  const looking = statistics.isPlaceholderData
  return (
    <>
      <PageHead
        title="Overview"
        badge={
          pulse && (
            <span className="inline-flex items-center gap-1.5 text-[12px] font-medium text-good">
              <span className="w-1.5 h-1.5 rounded-full bg-good" aria-hidden="true" />
              live
            </span>
          )
        }
        lead={
          looking ? (
            'Counting…'
          ) : !any ? (
            'Deliveries of this realm, and the webhooks that need attention.'
          ) : complete ? (
            `${count(counted)} deliveries in the last ${period.label}.`
          ) : (
            <>
              The latest {count(counted)} deliveries, since <Time at={statistics.data.since} full />
              .
            </>
          )
        }
      />
      {!any ? (
        <div className="card">
          <Empty
            icon="hook"
            title={
              webhooks.data.length === 0 ? 'Start with a webhook' : 'Waiting for the first event'
            }
            action={
              <Link
                to={webhooks.data.length === 0 ? '/$realm/webhooks/new' : '/$realm/events'}
                params={{ realm }}
                search={webhooks.data.length === 0 ? {} : { publish: '1' }}
                className="inline-flex items-center h-9 px-3 rounded-lg bg-accent text-onaccent font-medium text-[13.5px]"
              >
                {webhooks.data.length === 0 ? 'Create webhook' : 'Publish an event'}
              </Link>
            }
          >
            {webhooks.data.length === 0
              ? 'Subscribe a URL to events, send it a test, and watch deliveries arrive here.'
              : 'Your webhooks are ready. Deliveries show here as soon as something happens.'}
          </Empty>
        </div>
      ) : (
        <div className="space-y-6">
          {lost.length > 0 && <Failure error={lost[0]?.error} retry={again} />}
          <div
            aria-busy={looking}
            className={`transition-opacity ${looking ? 'opacity-40' : ''} grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-4`}
          >
            <Figure
              label="Success rate"
              value={rate === null ? '–' : `${rate.toFixed(rate === 100 ? 0 : 1)} %`}
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
                    search={{ state: 'failed', since: period.span }}
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
                pulse
                  ? `${count(pulse.pending)}${pulse.pending >= pulse.count_max ? '+' : ''}`
                  : count(pending)
              }
              note="on their way, or waiting"
            />
            <Figure
              label="Time to delivery"
              value={p50 === null ? '–' : milliseconds(p50 / 1000)}
              note={p99 === null ? undefined : `p50; p99 ${milliseconds(p99 / 1000)}`}
            />
          </div>
          <section
            aria-busy={looking}
            className={`card p-5 transition-opacity ${looking ? 'opacity-40' : ''}`}
          >
            <div className="flex flex-wrap items-center justify-between gap-2 mb-3">
              <div className="flex flex-wrap items-center gap-3">
                <h2 className="font-semibold text-[15px]">Deliveries over time</h2>
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
                  delivered or on their way
                </span>
                <span className="flex items-center gap-1.5">
                  <i className="w-2 h-2 rounded-full bg-bad" />
                  failing
                </span>
              </p>
            </div>
            {series && <Chart series={series} />}
          </section>
          <section
            aria-busy={failing.isPlaceholderData}
            className={`card overflow-hidden transition-opacity ${failing.isPlaceholderData ? 'opacity-40' : ''}`}
          >
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
                    <span className="text-[12.5px] text-bad">
                      {count(bad(webhook.id))}
                      {bad(webhook.id) >= failing_max ? '+' : ''} failing
                    </span>
                  )}
                  <Health webhook={webhook} />
                </li>
              ))}
            </ul>
          </section>
        </div>
      )}
    </>
  )
}
