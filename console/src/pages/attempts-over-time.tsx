import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'

import { type Statistics } from '../api/client'
import { useRealm } from '../queries'
import { by_class, by_result, Chart, Legend } from '../ui/chart'
import { useFilters } from '../ui/listing'
import { Time } from '../ui/time'

export const periods = [
  { hours: 1, span: '1h', label: '1 hour' },
  { hours: 24, span: '24h', label: '24 hours' },
  { hours: 168, span: '7d', label: '7 days' },
  { hours: 720, span: '30d', label: '30 days' },
]
export type Period = (typeof periods)[number]
export const periodOf = (span: string | undefined) =>
  periods.find((each) => each.span === span) ?? periods[1]!

const seconds: Record<Statistics['resolution'], number> = {
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '6h': 21_600,
  '1d': 86_400,
}

function Choice({
  label,
  options,
  chosen,
  onChange,
}: {
  label: string
  options: [value: string, text: string][]
  chosen: string
  onChange: (value: string) => void
}) {
  return (
    <div role="group" aria-label={label} className="flex flex-wrap gap-1">
      {options.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === chosen}
          onClick={() => onChange(value)}
          className={`h-7 px-2.5 rounded-md text-[12.5px] font-medium ${value === chosen ? 'bg-accent/10 text-accent' : 'text-muted hover:text-ink hover:bg-sunken'}`}
        >
          {text}
        </button>
      ))}
    </div>
  )
}

/** Kept while it is counted: nothing below it moves. */
export const chart_height = 'min-h-[22rem] sm:min-h-[21rem]'

/** What attempts came to, by the time at which they began: of the realm, or of one webhook. */
export function AttemptsOverTime({
  statistics,
  period,
  webhook,
}: {
  statistics: Statistics
  period: Period
  webhook?: string
}) {
  const realm = useRealm()
  const navigate = useNavigate()
  const set = useFilters()
  const [by, setBy] = useState('result')
  const parts = by === 'class' ? by_class : by_result
  const begun = statistics.counted_since
  return (
    <section className={`card p-5 ${chart_height}`}>
      <div className="flex flex-wrap items-center gap-x-5 gap-y-2 mb-3">
        <h2 className="font-semibold text-[15px]">Attempts over time</h2>
        <Choice
          label="Period"
          options={periods.map(({ span, label }) => [span, label])}
          chosen={period.span}
          onChange={(span) => set({ period: span })}
        />
        <Choice
          label="Bars by"
          options={[
            ['result', 'By result'],
            ['class', 'By status'],
          ]}
          chosen={by}
          onChange={setBy}
        />
        <span className="flex-1" />
        <Legend parts={parts} />
      </div>
      <Chart
        spans={statistics.spans}
        parts={parts}
        step_seconds={seconds[statistics.resolution]}
        onOpen={(filters) =>
          void navigate({
            to: webhook ? '/$realm/webhooks/$id' : '/$realm/deliveries',
            params: { realm, id: webhook },
            search: filters,
          } as never)
        }
      />
      {begun && begun > statistics.since && (
        <p className="text-[12.5px] text-muted mt-2">
          Counted since <Time at={begun} full />; what was before is not in it.
        </p>
      )}
    </section>
  )
}
