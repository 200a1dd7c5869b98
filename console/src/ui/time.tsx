import { fullTime, shortTime } from './format'
import { useRelative } from './hooks'

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
  if (!at) return <span className="text-muted">–</span>
  return (
    <time dateTime={at} title={`${at} (UTC)\n${fullTime(at)}`} className="whitespace-nowrap">
      {full ? fullTime(at) : short ? shortTime(at) : <Relative at={at} />}
    </time>
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
