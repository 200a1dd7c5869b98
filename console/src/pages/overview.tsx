import 'uplot/dist/uPlot.min.css'

import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, type ReactNode } from 'react'
import uPlot from 'uplot'

import type { Statistics } from '../api/client'
import { usePulse } from '../live'
import { useRealm, useRecentDeliveries, useStatistics, useWebhooks } from '../queries'
import { count, fullTime, milliseconds } from '../ui/format'
import { Empty, PageHead, Skeleton, PageFailure } from '../ui/kit'
import { Bars, useByWebhook, WebhookBadge } from './webhooks'

type Series = { times: number[]; good: number[]; bad: number[] }

const periods = [
  { hours: 1, label: '1 hour' },
  { hours: 24, label: '24 hours' },
  { hours: 168, label: '7 days' },
]

function series_of(statistics: Statistics): Series {
  const spans = statistics.spans
  return {
    times: spans.map((span) => Date.parse(span.since) / 1000),
    good: spans.map((span) => span.delivered + span.pending - span.retrying),
    bad: spans.map((span) => span.failed + span.retrying),
  }
}

function Chart({ series }: { series: Series }) {
  const host = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const element = host.current
    if (!element) return
    let plot: uPlot | undefined
    const draw = () => {
      plot?.destroy()
      const style = getComputedStyle(document.documentElement)
      const colour = (name: string, alpha = 1) =>
        `rgb(${style.getPropertyValue(`--${name}`).trim().replaceAll(' ', ', ')}, ${alpha})`.replace(
          'rgb(',
          'rgba(',
        )
      const axis = {
        stroke: colour('muted'),
        grid: { stroke: colour('line', 0.7), width: 1 },
        ticks: { show: false },
        font: '12px Instrument Sans',
      }
      plot = new uPlot(
        {
          width: element.clientWidth,
          height: 220,
          legend: { show: false },
          cursor: { drag: { setScale: false }, points: { size: 7 } },
          scales: { y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.15))] } },
          axes: [
            { ...axis, grid: { show: false } },
            { ...axis, size: 40 },
          ],
          series: [
            {},
            {
              label: 'Going well',
              stroke: colour('accent'),
              width: 2,
              fill: colour('accent', 0.12),
              points: { show: false },
            },
            {
              label: 'Failing',
              stroke: colour('bad'),
              width: 2,
              fill: colour('bad', 0.12),
              points: { show: false },
            },
          ],
        },
        [series.times, series.good, series.bad],
        element,
      )
    }
    draw()
    const resized = new ResizeObserver(draw)
    resized.observe(element)
    // Light and dark change the class of the document.
    const themed = new MutationObserver(draw)
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] })
    return () => {
      resized.disconnect()
      themed.disconnect()
      plot?.destroy()
    }
  }, [series])
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  return (
    <div
      ref={host}
      role="img"
      aria-label={`${sum(series.good)} deliveries going well and ${sum(series.bad)} failing over time`}
      className="h-[220px] overflow-hidden"
    />
  )
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
  const recent = useRecentDeliveries()
  const webhooks = useWebhooks()
  const groups = useByWebhook()
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as { period?: string }
  const period = periods.find((each) => String(each.hours) === String(search.period)) ?? periods[1]!
  const statistics = useStatistics(period.hours)
  const series = useMemo(
    () => (statistics.data ? series_of(statistics.data) : null),
    [statistics.data],
  )
  const bad = (id: string) =>
    (groups.get(id) ?? [])
      .slice(0, 24)
      .filter((each) => each.state === 'failed' || (each.state === 'pending' && each.attempts > 0))
      .length
  const ranked = [...(webhooks.data ?? [])]
    .sort((a, b) => bad(b.id) - bad(a.id) || Number(a.enabled) - Number(b.enabled))
    .slice(0, 8)
  const pulse = usePulse(realm)
  if (recent.isPending || webhooks.isPending || statistics.isPending) return <Skeleton rows={10} />
  if (recent.isError || webhooks.isError || statistics.isError)
    return (
      <PageFailure
        error={recent.error ?? webhooks.error ?? statistics.error}
        retry={() => {
          void recent.refetch()
          void webhooks.refetch()
          void statistics.refetch()
        }}
      />
    )
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
  const any = (recent.data ?? []).some((each) => !each.test)
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
          !any
            ? 'What becomes of your events.'
            : complete
              ? `${count(counted)} deliveries in the last ${period.label}.`
              : `The latest ${count(counted)} deliveries, since ${fullTime(statistics.data.since)}.`
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
          <div className="grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-4">
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
                    search={{ state: 'failed' }}
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
          <section className="card p-5">
            <div className="flex flex-wrap items-center justify-between gap-2 mb-3">
              <div className="flex flex-wrap items-center gap-3">
                <h2 className="font-semibold text-[15px]">Deliveries over time</h2>
                <div role="group" aria-label="Period" className="flex gap-1">
                  {periods.map((each) => (
                    <button
                      key={each.hours}
                      type="button"
                      aria-pressed={each === period}
                      onClick={() =>
                        void navigate({
                          to: '.',
                          search: { period: each.hours },
                          replace: true,
                        } as never)
                      }
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
                  going well
                </span>
                <span className="flex items-center gap-1.5">
                  <i className="w-2 h-2 rounded-full bg-bad" />
                  failing
                </span>
              </p>
            </div>
            {series && <Chart series={series} />}
          </section>
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
                  <Bars deliveries={groups.get(webhook.id) ?? []} />
                </li>
              ))}
            </ul>
          </section>
        </div>
      )}
    </>
  )
}
