import { useSyncExternalStore } from 'react'

import { fullTime, shortTime } from './format'
import { useHasCome, useRelative } from './hooks'

/** Whether times are shown as dates everywhere: kept, as the colours are. */
const listeners = new Set<() => void>()
const isExact = () => localStorage.getItem('times') === 'exact'
function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
export function useExactTimes(): [boolean, () => void] {
  const exact = useSyncExternalStore(subscribe, isExact)
  return [
    exact,
    () => {
      localStorage.setItem('times', exact ? 'relative' : 'exact')
      listeners.forEach((each) => each())
    },
  ]
}

const Relative = ({ at }: { at: string }) => <>{useRelative(at)}</>

/** A time, in the words or on the clock of who looks; UTC when the mouse rests on it. */
export function Time({
  at,
  short,
  full,
}: {
  at: string | null | undefined
  short?: boolean
  full?: boolean
}) {
  const exact = useSyncExternalStore(subscribe, isExact)
  if (!at) return <span className="text-muted">–</span>
  return (
    <time dateTime={at} title={`${at} (UTC)\n${fullTime(at)}`} className="whitespace-nowrap">
      {full ? fullTime(at) : short || exact ? shortTime(at) : <Relative at={at} />}
    </time>
  )
}

const waits: Record<string, string> = {
  authentication: 'waits for an access token',
  rate_limit: 'waits for the rate limit',
  max_in_flight: 'waits for another attempt to end',
  breaker: 'left alone: the receiver fails',
  order: 'waits for an earlier one of its resource',
}

/** When the next attempt is: once its time has come it waits for something at the webhook. */
export function NextAttempt({
  at,
  alone,
  waitingFor,
}: {
  at: string | null
  alone?: boolean
  waitingFor?: string | null
}) {
  const hasCome = useHasCome(at ?? '')
  const why = waits[waitingFor ?? ''] ?? 'waits for its turn'
  if (!at) return <>{alone ? `It ${why}` : why}</>
  if (hasCome)
    return (
      <span title={`${at} (UTC)`}>
        {alone ? 'Due' : 'due'}, {why}
      </span>
    )
  return (
    <>
      {alone ? 'Next attempt' : 'next'} <Time at={at} />
    </>
  )
}

const instants = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/

/** A sentence of the server, its times on the clock of who looks. */
export function Sentence({ text }: { text: string }) {
  return (
    <>
      {text
        .split(instants)
        .map((part, index) => (index % 2 ? <Time key={index} at={part} short /> : part))}
    </>
  )
}
