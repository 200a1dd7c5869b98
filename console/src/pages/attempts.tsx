import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'

import {
  type Attempt,
  call,
  type Delivery,
  type DeliveryWithAttempts,
  get,
  raw,
  realmPath,
} from '../api/client'
import { refreshMs } from '../live'
import { useRealm } from '../queries'
import { memberText, milliseconds, pretty } from '../ui/format'
import { Badge, Button, Code, CopyButton, Failure, Skeleton, StateBadge, Time } from '../ui/kit'
import { useToast } from '../ui/toasts'

const parts = [
  ['dns_ms', 'DNS', 'bg-idle'],
  ['connect_ms', 'Connect', 'bg-warn'],
  ['tls_ms', 'TLS', 'bg-accent'],
  ['first_byte_ms', 'Waiting', 'bg-good'],
] as const

/** Where the time of an attempt went. */
function Waterfall({ timings }: { timings: Attempt['timings'] }) {
  const total = Math.max(timings.total_ms, 0.001)
  let start = 0
  return (
    <table className="w-full text-[12px]" aria-label="Timings">
      <tbody>
        {parts.map(([key, label, colour]) => {
          const value = timings[key]
          const left = (start / total) * 100
          start += value
          return (
            <tr key={key}>
              <th scope="row" className="text-left font-normal text-muted w-16 py-0.5">
                {label}
              </th>
              <td>
                <div className="h-1.5 rounded-full bg-sunken overflow-hidden">
                  <div
                    className={`h-full rounded-full ${colour}`}
                    style={{
                      marginLeft: `${Math.min(left, 99)}%`,
                      width: value > 0 ? `${Math.max((value / total) * 100, 1)}%` : 0,
                    }}
                  />
                </div>
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

function Headers({ rows, label }: { rows: [string, string][]; label: string }) {
  return (
    <dl
      aria-label={label}
      className="text-[12px] font-mono leading-5 rounded-lg border border-line divide-y divide-line/60"
    >
      {rows.map(([name, value], index) => (
        <div key={index} className="px-3 py-1 break-all">
          <dt className="inline text-muted">{name}: </dt>
          <dd className="inline">{value}</dd>
        </div>
      ))}
      {rows.length === 0 && <div className="px-3 py-1 text-muted">none</div>}
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
        <Waterfall timings={attempt.timings} />
      </div>
      <div className="grid lg:grid-cols-2 gap-5">
        <section aria-label="Request" className="min-w-0 space-y-2">
          <h3 className="font-semibold text-[13px]">Request</h3>
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
              No answer came: {attempt.outcome.detail}
            </p>
          )}
        </section>
      </div>
    </div>
  )
}

export function useRedeliver() {
  const realm = useRealm()
  const cache = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: (ids: string[]) =>
      Promise.all(
        ids.map((id) => call<Delivery>('POST', realmPath(realm, `/deliveries/${id}/redeliver`))),
      ),
    onSuccess: (done) =>
      toast(
        done.length === 1
          ? 'On its way again.'
          : `${done.length} deliveries are on their way again.`,
      ),
    onError: (error) => toast(error.message, true),
    onSettled: () =>
      Promise.all(
        ['deliveries', 'delivery', 'event', 'recent-deliveries', 'statistics'].map((key) =>
          cache.invalidateQueries({ queryKey: [key] }),
        ),
      ),
  })
}

/** The delivery with its attempts; alive until it is final. */
export function DeliveryDetail({ id }: { id: string }) {
  const realm = useRealm()
  const delivery = useQuery({
    queryKey: ['delivery', realm, id],
    queryFn: ({ signal }) =>
      get<DeliveryWithAttempts>(realmPath(realm, `/deliveries/${id}`), signal),
    refetchInterval: ({ state }) => (state.data?.state === 'pending' ? 1000 : refreshMs()),
  })
  const event = useQuery({
    queryKey: ['event-body', realm, delivery.data?.event_id],
    retry: false,
    staleTime: Infinity,
    enabled: delivery.data !== undefined,
    // Its text: parsing would round long numbers.
    queryFn: async ({ signal }) =>
      (
        await raw('GET', `/api/v1${realmPath(realm, `/events/${delivery.data?.event_id}`)}`, {
          signal,
        })
      ).text(),
  })
  const redeliver = useRedeliver()
  const [chosen, setChosen] = useState<number | null>(null)
  useEffect(() => setChosen(null), [id])
  if (delivery.isPending) return <Skeleton />
  if (delivery.isError)
    return (
      <div className="p-5">
        <Failure error={delivery.error} retry={() => void delivery.refetch()} />
      </div>
    )
  const data = delivery.data
  const attempts = data.attempts_log
  const attempt = attempts.find((each) => each.number === chosen) ?? attempts[attempts.length - 1]
  const sent =
    event.data &&
    `{${['event', 'timestamp', 'resource_id', 'data'].map((name) => `"${name}":${memberText(event.data, name)}`).join(',')}}`
  return (
    <div className="p-5 space-y-5">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
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
          {data.reason && <p className="text-[13px] mt-1 break-words">{data.reason}</p>}
          {data.next_attempt_at && (
            <p className="text-[13px] text-warn mt-1">
              Next attempt <Time at={data.next_attempt_at} />
            </p>
          )}
        </div>
        {data.state !== 'pending' && (
          <Button icon="retry" busy={redeliver.isPending} onClick={() => redeliver.mutate([id])}>
            Redeliver
          </Button>
        )}
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
                onClick={() => setChosen(each.number)}
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
          {attempt && <AttemptView attempt={attempt} body={sent} />}
        </>
      )}
    </div>
  )
}
