import 'uplot/dist/uPlot.min.css'

import uPlot from 'uplot'
import { useEffect, useRef, useState } from 'react'

import { axisTime, count, shortTime } from './format'

export type Series = { times: number[]; good: number[]; bad: number[] }

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

/** Deliveries over time; what stands under the mouse is written above it. */
export function Chart({ series }: { series: Series }) {
  const host = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
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
          cursor: { drag: { setScale: false }, points: { size: 7 }, y: false },
          hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? null)] },
          scales: { y: { range: (_, __, max) => [0, Math.max(4, Math.ceil(max * 1.15))] } },
          axes: [
            {
              ...axis,
              grid: { show: false },
              size: 30,
              space: 80,
              values: (_plot, marks, _axis, _space, step) =>
                marks.map((mark) => axisTime(mark, step)),
            },
            // Deliveries are counted in whole ones.
            {
              ...axis,
              size: 44,
              incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000],
            },
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
  const span = at === null ? undefined : series.times[at]
  return (
    <div className="relative">
      <div
        ref={host}
        role="img"
        aria-label={`${sum(series.good)} deliveries delivered or on their way and ${sum(series.bad)} failing over time`}
        className="h-[220px] overflow-hidden"
      />
      <p
        className="absolute right-0 -top-1 rounded bg-panel/90 px-1 text-[12.5px] text-muted pointer-events-none"
        aria-hidden="true"
      >
        {span !== undefined && at !== null && (
          <>
            {shortTime(new Date(span * 1000).toISOString())} ·{' '}
            <span className="text-ink">{count(series.good[at] ?? 0)}</span> delivered or on their
            way ·{' '}
            <span className={series.bad[at] ? 'text-bad' : ''}>{count(series.bad[at] ?? 0)}</span>{' '}
            failing
          </>
        )}
      </p>
    </div>
  )
}
