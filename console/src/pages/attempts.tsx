import { Link, useParams, useSearch } from '@tanstack/react-router'

import { type Attempt, type DeliveryWithAttempts, get, raw, realmPath } from '../api/client'
import { useQuery } from '../asked'
import { live } from '../live'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { memberText, milliseconds, pretty } from '../ui/format'
import { Code } from '../ui/json'
import { Badge, Button, CopyAs, CopyButton, Failure, Skeleton, StateBadge } from '../ui/kit'
import { useFilters } from '../ui/listing'
import { Name } from '../ui/names'
import { isLost } from '../ui/stale'
import { NextAttempt, Sentence, Time } from '../ui/time'
import { useAttemptNow, useRedeliver } from './redeliver'

const parts = [
  ['dns_ms', 'DNS', 'bg-idle'],
  ['connect_ms', 'Connect', 'bg-warn'],
  ['tls_ms', 'TLS', 'bg-accent'],
  ['first_byte_ms', 'Waiting', 'bg-good'],
] as const

function Bar({ start, share, colour }: { start: number; share: number; colour: string }) {
  return (
    <div className="h-1.5 rounded-full bg-sunken overflow-hidden">
      <div
        className={`h-full rounded-full ${colour}`}
        style={{
          marginLeft: `${Math.min(start * 100, 99)}%`,
          width: share > 0 ? `${Math.max(share * 100, 1)}%` : 0,
        }}
      />
    </div>
  )
}

/** In which phase an attempt broke, by the reason that the server gives. */
const broken: Partial<Record<string, string>> = {
  dns_failed: 'dns_ms',
  dns_timeout: 'dns_ms',
  address_blocked: 'dns_ms',
  resolver_busy: 'dns_ms',
  connect_failed: 'connect_ms',
  connect_timeout: 'connect_ms',
  out_of_descriptors: 'connect_ms',
  tls_failed: 'tls_ms',
  tls_timeout: 'tls_ms',
  send_failed: 'first_byte_ms',
}
const phaseOf = ({ outcome, timings }: Attempt) => {
  const late = outcome.reason === 'response_timeout' || outcome.reason === 'response_broken'
  // Before the first byte it waited, after it the answer was read.
  if (late) return timings.first_byte_ms > 0 ? 'rest' : 'first_byte_ms'
  return broken[outcome.reason]
}
/** Whether nothing of the request has left this machine. */
const isUnsent = (attempt: Attempt) =>
  attempt.outcome.kind === 'internal' ||
  attempt.outcome.reason === 'token_failed' ||
  ['dns_ms', 'connect_ms', 'tls_ms'].includes(phaseOf(attempt) ?? '')

/** Where the time of an attempt went. What ran when it broke belongs to the phase that broke, in red. */
function Waterfall({ attempt }: { attempt: Attempt }) {
  const { timings } = attempt
  const broke = phaseOf(attempt)
  const total = Math.max(timings.total_ms, 0.001)
  const known = parts.reduce((sum, [key]) => sum + timings[key], 0)
  const left = Math.max(0, timings.total_ms - known)
  const rows = [...parts, ['rest', 'Reading', 'bg-muted'] as const].map(([key, label, colour]) => ({
    label,
    broke: key === broke,
    colour: key === broke ? 'bg-bad' : colour,
    value: (key === 'rest' ? 0 : timings[key]) + (key === (broke ?? 'rest') ? left : 0),
  }))
  let start = 0
  return (
    <table className="w-full text-[12px]" aria-label="Timings">
      <tbody>
        {rows.map(({ label, colour, value, broke }) => {
          const left = start / total
          start += value
          return (
            <tr key={label}>
              <th
                scope="row"
                className={`text-left w-16 py-0.5 ${broke ? 'font-medium text-bad' : 'font-normal text-muted'}`}
              >
                {label}
                {broke && <span className="sr-only"> (it broke here)</span>}
              </th>
              <td>
                <Bar start={left} share={value / total} colour={colour} />
              </td>
              <td className="text-right font-mono w-20">{value > 0 ? milliseconds(value) : '–'}</td>
            </tr>
          )
        })}
        <tr>
          <th scope="row" className="text-left font-medium pt-1">
            Total
          </th>
          <td />
          <td className="text-right font-mono font-medium pt-1">
            {milliseconds(timings.total_ms)}
          </td>
        </tr>
      </tbody>
    </table>
  )
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
/** What curl sets itself, and must not be told otherwise. */
const curls_own = ['host', 'content-length', 'connection']
/** The request as a command: the same bytes with the same signature. Values that are masked here stay masked. */
function curlOf({ request }: Attempt, body: string | undefined): string {
  const headers = Object.entries(request.headers)
    .filter(([name]) => !curls_own.includes(name.toLowerCase()))
    .map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`)
  const data = body === undefined ? [] : [`--data-raw ${quoted(body)}`]
  return [`curl --include --request POST ${quoted(request.url)}`, ...headers, ...data].join(
    ' \\\n  ',
  )
}

function Headers({ rows, label }: { rows: [string, string][]; label: string }) {
  const look = 'text-[12px] font-mono leading-5 rounded-lg border border-line'
  if (rows.length === 0) return <p className={`${look} px-3 py-1 text-muted`}>no headers</p>
  return (
    <dl aria-label={label} className={`${look} divide-y divide-line/60`}>
      {rows.map(([name, value], index) => (
        <div key={index} className="px-3 py-1 break-all">
          <dt className="inline text-muted">{name}: </dt>
          <dd className="inline">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export function AttemptView({ attempt, body }: { attempt: Attempt; body?: string }) {
  return (
    <div className="space-y-5">
      <div className="grid lg:grid-cols-2 gap-5">
        <div className="min-w-0">
          <p className="text-[13px] text-muted mb-2">Result</p>
          <p className="font-medium break-words">{attempt.outcome.detail}</p>
          <p className="text-muted text-[13px] mt-1">
            <Time at={attempt.started_at} short />
            {attempt.peer && (
              <>
                {' '}
                · <span className="font-mono text-[12px]">{attempt.peer}</span>
              </>
            )}
          </p>
          {attempt.next_attempt_at && (
            <p className="text-[13px] mt-1 text-warn">
              Next attempt set for <Time at={attempt.next_attempt_at} short />
            </p>
          )}
        </div>
        <Waterfall attempt={attempt} />
      </div>
      {/* Wide enough for a signature in one line; side by side where there is room for that. */}
      <div className="grid min-[1700px]:grid-cols-2 gap-5">
        <section aria-label="Request" className="min-w-0 space-y-2">
          <h3 className="font-semibold text-[13px] flex items-center gap-2">
            Request {isUnsent(attempt) && <Badge tone="idle">not sent</Badge>}
            <span className="flex-1" />
            <CopyAs text={() => curlOf(attempt, body)}>Copy as curl</CopyAs>
          </h3>
          <p className="text-[12px] font-mono break-all">POST {attempt.request.url}</p>
          <Headers label="Request headers" rows={Object.entries(attempt.request.headers)} />
          {body !== undefined && <Code label="request body" text={pretty(body)} />}
        </section>
        <section aria-label="Response" className="min-w-0 space-y-2">
          <h3 className="font-semibold text-[13px] flex items-center gap-2">
            Response{' '}
            {attempt.status !== null && (
              <Badge tone={attempt.status < 300 ? 'good' : 'bad'}>{attempt.status}</Badge>
            )}
          </h3>
          {attempt.response ? (
            <>
              <Headers
                label="Response headers"
                rows={attempt.response.headers as [string, string][]}
              />
              {attempt.response.body ? (
                <Code label="response body" text={pretty(attempt.response.body)} />
              ) : (
                <p className="text-muted text-[13px]">The body was empty.</p>
              )}
              {attempt.response.truncated && (
                <p className="text-muted text-[12px]">Only the first 4 KiB are kept.</p>
              )}
            </>
          ) : (
            <p className="text-muted text-[13px] rounded-lg border border-dashed border-line p-4">
              {isUnsent(attempt) ? 'Nothing was sent' : 'No answer came'}: {attempt.outcome.detail}
            </p>
          )}
        </section>
      </div>
    </div>
  )
}

/** The text of an event's body, byte for byte as receivers get it; parsing would round long numbers. */
export function useEventBody(
  id: string | undefined,
): [body: string | undefined, isPending: boolean] {
  const realm = useRealm()
  const event = useQuery({
    queryKey: ['event-body', realm, id],
    retry: false,
    staleTime: Infinity,
    enabled: id !== undefined,
    queryFn: async ({ signal }) =>
      (await raw('GET', `/api/v1${realmPath(realm, `/events/${id}`)}`, { signal })).text(),
  })
  const members = ['event', 'timestamp', 'resource_id', 'data']
  const text =
    event.data &&
    `{${members.map((name) => `"${name}":${memberText(event.data, name)}`).join(',')}}`
  return [text, event.isPending]
}

/** The delivery with its attempts; alive until it is final. */
export function DeliveryDetail({ id }: { id: string }) {
  const realm = useRealm()
  const delivery = useQuery({
    queryKey: ['delivery', realm, id],
    queryFn: ({ signal }) =>
      get<DeliveryWithAttempts>(realmPath(realm, `/deliveries/${id}`), signal),
    meta: live,
  })
  const [body, isBodyPending] = useEventBody(delivery.data?.event_id)
  const page = useParams({ strict: false }) as { id?: string }
  const redeliver = useRedeliver()
  const attemptNow = useAttemptNow()
  const search = useSearch({ strict: false }) as { attempt?: string }
  const change = useFilters()
  if (delivery.isPending) return <Skeleton />
  if (isLost(delivery))
    return (
      <div className="p-5">
        <Failure error={delivery.error} retry={() => delivery.refetch()} />
      </div>
    )
  const data = delivery.data
  const attempts = data.attempts_log
  const attempt =
    attempts.find((each) => String(each.number) === search.attempt) ?? attempts[attempts.length - 1]
  return (
    <div className="p-5 space-y-5">
      <div className="flex flex-wrap sm:flex-nowrap items-start gap-3">
        <div className="min-w-0 flex-1 basis-full sm:basis-0">
          <div className="flex items-center gap-2 flex-wrap">
            <h2 className="font-semibold text-[15px] break-all">{data.event}</h2>
            <StateBadge state={data.state} />
            {data.test && <Badge tone="accent">test</Badge>}
          </div>
          <p className="text-[12px] text-muted mt-1 flex items-center gap-1">
            event&nbsp;
            {data.test ? (
              <span className="font-mono break-all">{data.event_id}</span>
            ) : (
              <Link
                to="/$realm/events/$id"
                params={{ realm, id: data.event_id }}
                className="font-mono underline underline-offset-2 hover:text-ink break-all"
              >
                {data.event_id}
              </Link>
            )}
            <CopyButton text={data.event_id} label="Copy event id" />
          </p>
          {data.webhook_id !== page.id && (
            <p className="text-[12px] text-muted mt-0.5">
              to&nbsp;
              <Link
                to="/$realm/webhooks/$id"
                params={{ realm, id: data.webhook_id }}
                className="underline underline-offset-2 hover:text-ink break-words"
              >
                <Name kind="webhook" id={data.webhook_id} deleted="a deleted webhook" />
              </Link>
            </p>
          )}
          {data.reason && (
            <p className="text-[13px] mt-1 break-words">
              <Sentence text={data.reason} />
            </p>
          )}
          {(data.next_attempt_at || data.waiting_for === 'order') && (
            <p className="text-[13px] text-warn mt-1">
              <NextAttempt at={data.next_attempt_at} alone waitingFor={data.waiting_for} />
            </p>
          )}
        </div>
        <div className="flex gap-1 shrink-0">
          {data.state === 'pending' && !data.test && data.waiting_for !== 'order' && (
            <Allowed to="redeliver">
              <Button
                icon="send"
                busy={attemptNow.isPending}
                onClick={() => attemptNow.mutate([id])}
              >
                Attempt now
              </Button>
            </Allowed>
          )}
          {data.state !== 'pending' && !data.test && (
            <Allowed to="redeliver">
              <Button
                icon="retry"
                busy={redeliver.isPending}
                onClick={() => redeliver.mutate([id])}
              >
                Redeliver
              </Button>
            </Allowed>
          )}
          <Button
            tone="quiet"
            icon="cross"
            className="w-9 px-0"
            aria-label="Close the delivery"
            onClick={() => change({ delivery: undefined, attempt: undefined })}
          />
        </div>
      </div>
      {attempts.length === 0 ? (
        <p className="text-muted text-[13px]">No attempt has been made yet.</p>
      ) : (
        <>
          <div role="group" aria-label="Attempts" className="flex flex-wrap gap-1.5">
            {attempts.map((each) => (
              <button
                key={each.number}
                type="button"
                aria-pressed={each === attempt}
                onClick={() => change({ attempt: String(each.number) })}
                className={`h-8 px-2.5 rounded-lg border text-[12.5px] flex items-center gap-1.5 ${each === attempt ? 'border-accent bg-accent/10 text-accent' : 'border-line text-muted hover:text-ink'}`}
              >
                <span
                  className={`w-1.5 h-1.5 rounded-full ${each.outcome.reason === 'accepted' ? 'bg-good' : 'bg-bad'}`}
                  aria-hidden="true"
                />
                Attempt {each.number}
                {each.status !== null && ` · ${each.status}`}
              </button>
            ))}
          </div>
          {/* All of it at once: nothing moves when the body comes. */}
          {attempt &&
            (isBodyPending ? <Skeleton /> : <AttemptView attempt={attempt} body={body} />)}
        </>
      )}
    </div>
  )
}
