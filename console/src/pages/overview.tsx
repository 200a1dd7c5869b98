import 'uplot/dist/uPlot.min.css'

import { Link } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, type ReactNode } from 'react'
import uPlot from 'uplot'

import type { Delivery } from '../api/client'
import { usePulse } from '../live'
import { useRealm, useRecentDeliveries, useWebhooks } from '../queries'
import { count, fullTime, milliseconds, percentile } from '../ui/format'
import { Empty, PageHead, Skeleton, PageFailure } from '../ui/kit'
import { Bars, useByWebhook, WebhookBadge } from './webhooks'

type Series = { times: number[]; good: number[]; bad: number[] }

/** Deliveries in 40 equal spans from the oldest one that we have to now. */
function histogram(deliveries: Delivery[]): Series {
  const spans = 40
  const now = Date.now()
  const oldest = Math.min(...deliveries.map((each) => Date.parse(each.created_at)), now - 10 * 60_000)
  const width = (now - oldest) / spans
  const series: Series = { times: [], good: Array(spans).fill(0) as number[], bad: Array(spans).fill(0) as number[] }
  for (let span = 0; span < spans; ++span) series.times.push((oldest + width * span) / 1000)
  for (const each of deliveries) {
    const span = Math.min(spans - 1, Math.max(0, Math.floor((Date.parse(each.created_at) - oldest) / width)))
    const target = each.state === 'failed' || (each.state === 'pending' && each.attempts > 0) ? series.bad : series.good
    target[span]! += 1
  }
  return series
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
      const colour = (name: string, alpha = 1) => `rgb(${style.getPropertyValue(`--${name}`).trim().replaceAll(' ', ', ')}, ${alpha})`.replace('rgb(', 'rgba(')
      const axis = { stroke: colour('muted'), grid: { stroke: colour('line', 0.7), width: 1 }, ticks: { show: false }, font: '12px Instrument Sans' }
      plot = new uPlot({
        width: element.clientWidth, height: 220, legend: { show: false }, cursor: { drag: { setScale: false }, points: { size: 7 } },
        scales: { y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.15))] } },
        axes: [{ ...axis, grid: { show: false } }, { ...axis, size: 40 }],
        series: [{},
          { label: 'Going well', stroke: colour('accent'), width: 2, fill: colour('accent', 0.12), points: { show: false } },
          { label: 'Failing', stroke: colour('bad'), width: 2, fill: colour('bad', 0.12), points: { show: false } }],
      }, [series.times, series.good, series.bad], element)
    }
    draw()
    const resized = new ResizeObserver(draw)
    resized.observe(element)
    // Light and dark change the class of the document.
    const themed = new MutationObserver(draw)
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] })
    return () => { resized.disconnect(); themed.disconnect(); plot?.destroy() }
  }, [series])
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  return <div ref={host} role="img" aria-label={`${sum(series.good)} deliveries going well and ${sum(series.bad)} failing over time`} className="h-[220px] overflow-hidden" />
}

function Figure({ label, value, tone = '', note }: { label: string; value: string; tone?: string; note?: ReactNode }) {
  return <div className="card p-4"><p className="text-[13px] text-muted">{label}</p><p className={`text-[26px] leading-8 font-semibold tracking-tight mt-1.5 ${tone}`}>{value}</p><p className="text-[12px] text-muted mt-0.5">{note ?? '\u00a0'}</p></div>
}

export function Overview() {
  const realm = useRealm()
  const recent = useRecentDeliveries()
  const webhooks = useWebhooks()
  const groups = useByWebhook()
  const all = useMemo(() => (recent.data ?? []).filter((each) => !each.test), [recent.data])
  const series = useMemo(() => histogram(all), [all])
  const delivered = all.filter((each) => each.state === 'delivered')
  const failed = all.filter((each) => each.state === 'failed').length
  const pending = all.filter((each) => each.state === 'pending').length
  const waits = delivered.map((each) => Date.parse(each.finished_at ?? each.created_at) - Date.parse(each.created_at)).sort((a, b) => a - b)
  const [p50, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)]
  const rate = delivered.length + failed > 0 ? (delivered.length / (delivered.length + failed)) * 100 : null
  const bad = (id: string) => (groups.get(id) ?? []).slice(0, 24).filter((each) => each.state === 'failed' || (each.state === 'pending' && each.attempts > 0)).length
  const ranked = [...(webhooks.data ?? [])].sort((a, b) => bad(b.id) - bad(a.id) || Number(a.enabled) - Number(b.enabled)).slice(0, 8)
  const pulse = usePulse(realm)
  const oldest = all[all.length - 1]
  if (recent.isPending || webhooks.isPending) return <Skeleton rows={10} />
  if (recent.isError || webhooks.isError) return <PageFailure error={recent.error ?? webhooks.error} retry={() => { void recent.refetch(); void webhooks.refetch() }} />
  return (
    <>
      <PageHead title="Overview" badge={pulse && <span className="inline-flex items-center gap-1.5 text-[12px] font-medium text-good"><span className="w-1.5 h-1.5 rounded-full bg-good" aria-hidden="true" />live</span>} lead={oldest ? `The latest ${count(all.length)} deliveries, since ${fullTime(oldest.created_at)}.` : 'What becomes of your events.'} />
      {all.length === 0 ? (
        <div className="card"><Empty icon="hook" title={webhooks.data.length === 0 ? 'Start with a webhook' : 'Waiting for the first event'} action={
          <Link to={webhooks.data.length === 0 ? '/$realm/webhooks/new' : '/$realm/events'} params={{ realm }} search={webhooks.data.length === 0 ? {} : { publish: '1' }} className="inline-flex items-center h-9 px-3 rounded-lg bg-accent text-onaccent font-medium text-[13.5px]">{webhooks.data.length === 0 ? 'Create webhook' : 'Publish an event'}</Link>}>
          {webhooks.data.length === 0 ? 'Subscribe a URL to events, send it a test, and watch deliveries arrive here.' : 'Your webhooks are ready. Deliveries show here as soon as something happens.'}</Empty></div>
      ) : (
        <div className="space-y-6">
          <div className="grid grid-cols-2 lg:grid-cols-4 gap-3 sm:gap-4">
            <Figure label="Success rate" value={rate === null ? '–' : `${rate.toFixed(rate === 100 ? 0 : 1)} %`} tone={rate !== null && rate < 95 ? 'text-bad' : ''} note={`${count(delivered.length)} delivered`} />
            <Figure label="Failed" value={count(failed)} tone={failed ? 'text-bad' : ''} note={failed ? <Link to="/$realm/deliveries" params={{ realm }} search={{ state: 'failed' }} className="text-accent underline underline-offset-2">See them</Link> : 'none'} />
            <Figure label="Pending" value={pulse ? `${count(pulse.pending)}${pulse.pending >= pulse.count_max ? '+' : ''}` : count(pending)} note="on their way, or waiting" />
            <Figure label="Time to delivery" value={p50 === null ? '–' : milliseconds(p50)} note={p99 === null ? undefined : `p50; p99 ${milliseconds(p99)}`} />
          </div>
          <section className="card p-5"><div className="flex flex-wrap items-center justify-between gap-2 mb-3"><h2 className="font-semibold text-[15px]">Deliveries over time</h2>
            <p className="flex gap-4 text-[12.5px] text-muted"><span className="flex items-center gap-1.5"><i className="w-2 h-2 rounded-full bg-accent" />going well</span><span className="flex items-center gap-1.5"><i className="w-2 h-2 rounded-full bg-bad" />failing</span></p></div><Chart series={series} /></section>
          <section className="card overflow-hidden"><h2 className="font-semibold text-[15px] px-5 pt-4 pb-3">Webhooks, failing first</h2>
            <ul className="divide-y divide-line/70 border-t border-line/70">{ranked.map((webhook) => (
              <li key={webhook.id} className="relative flex flex-wrap items-center gap-x-5 gap-y-2 px-5 py-3 hover:bg-sunken/60"><div className="flex-1 min-w-48 flex items-center gap-2"><Link to="/$realm/webhooks/$id" params={{ realm, id: webhook.id }} className="font-medium truncate after:absolute after:inset-0">{webhook.name || webhook.url}</Link>{!webhook.enabled && <WebhookBadge webhook={webhook} />}</div>
                <Bars deliveries={groups.get(webhook.id) ?? []} /></li>))}</ul></section>
        </div>
      )}
    </>
  )
}
