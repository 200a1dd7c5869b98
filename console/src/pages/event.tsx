import { Link, useParams } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'

import {
  type DeliveryState,
  type Explanation,
  get,
  type PostriderEvent,
  raw,
  realmPath,
} from '../api/client'
import { useQuery } from '../asked'
import { live } from '../live'
import { useRealm } from '../queries'
import { Allowed } from '../session'
import { count, memberText, plural, pretty } from '../ui/format'
import { Code } from '../ui/json'
import {
  Badge,
  Button,
  CopyButton,
  Empty,
  Failure,
  PageFailure,
  PageHead,
  Skeleton,
  StateBadge,
} from '../ui/kit'
import { Go, plainLink } from '../ui/listing'
import { isLost } from '../ui/stale'
import { NextAttempt, Sentence, Time } from '../ui/time'
import { useAttemptNow } from './redeliver'

const states = ['delivered', 'pending', 'failed', 'cancelled']
type Verdict = Explanation['items'][number]

/** What went wrong comes first, then what arrived; those that never asked for it come last, folded. */
const order = [
  'failed',
  'pending',
  'delivered',
  'cancelled',
  'disabled',
  'created_later',
  'deleted',
  'filtered',
  'not_subscribed',
]
const rank = ({ verdict }: Verdict) => order.indexOf(verdict)
/** So many are drawn at a time. */
const verdicts_shown = 50
/** Fewer are seen at a glance. */
const searched_min = 10

function VerdictRow({ item }: { item: Verdict }) {
  const realm = useRealm()
  const attemptNow = useAttemptNow()
  return (
    <li className="px-5 py-3.5">
      <div className="flex items-start justify-between gap-3">
        <Link
          to="/$realm/webhooks/$id"
          params={{ realm, id: item.webhook_id }}
          className="font-medium break-words min-w-0 hover:underline"
        >
          {item.name || 'Unnamed webhook'}
        </Link>
        {states.includes(item.verdict) ? (
          <StateBadge state={item.verdict as DeliveryState} />
        ) : (
          <Badge tone="idle">{item.verdict.replaceAll('_', ' ')}</Badge>
        )}
      </div>
      <p className="text-[13px] text-muted mt-1 break-words">
        <Sentence text={item.because} />
      </p>
      <p className="text-[13px] mt-1 flex gap-4">
        {item.next_attempt_at && (
          <span className="text-warn">
            <NextAttempt at={item.next_attempt_at} alone />
          </span>
        )}
        {item.delivery_id && item.verdict === 'pending' && (
          <Allowed to="redeliver">
            <button
              type="button"
              disabled={attemptNow.isPending}
              onClick={() => attemptNow.mutate([item.delivery_id!])}
              className="text-accent font-medium hover:underline"
            >
              Attempt now
            </button>
          </Allowed>
        )}
        {item.delivery_id && (
          <Link
            to="/$realm/webhooks/$id"
            params={{ realm, id: item.webhook_id }}
            search={{ delivery: item.delivery_id }}
            className="text-accent font-medium hover:underline"
          >
            See the attempts
          </Link>
        )}
      </p>
    </li>
  )
}

function Some({ items, label }: { items: Verdict[]; label: string }) {
  const [shown, setShown] = useState(verdicts_shown)
  return (
    <>
      <ul className="divide-y divide-line/70" aria-label={label}>
        {items.slice(0, shown).map((item) => (
          <VerdictRow key={item.webhook_id} item={item} />
        ))}
      </ul>
      {items.length > shown && (
        <div className="p-3 text-center border-t border-line/70">
          <Button tone="quiet" onClick={() => setShown(shown + verdicts_shown)}>
            Show more of {count(items.length)}
          </Button>
        </div>
      )}
    </>
  )
}

function Verdicts({ items }: { items: Verdict[] }) {
  const [find, setFind] = useState('')
  const words = useDeferredValue(find).toLowerCase().split(/\s+/)
  const [concerned, others] = useMemo(() => {
    const found = items
      .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
      .sort((a, b) => rank(a) - rank(b))
    const is_other = ({ verdict }: Verdict) => verdict === 'not_subscribed'
    return [found.filter((each) => !is_other(each)), found.filter(is_other)]
  }, [items, words.join(' ')])
  return (
    <>
      {items.length >= searched_min && (
        <div className="p-3 border-b border-line">
          <input
            type="search"
            aria-label="Search webhooks"
            placeholder="Search by the webhook’s name"
            className="field"
            value={find}
            onChange={(event) => setFind(event.target.value)}
          />
        </div>
      )}
      {concerned.length > 0 ? (
        <Some items={concerned} label="Verdicts" />
      ) : (
        <p className="px-5 py-3.5 text-muted text-[13px]">
          {find
            ? 'No webhook that it concerns has that name.'
            : 'No webhook subscribed to it when it was accepted.'}
        </p>
      )}
      {others.length > 0 && (
        <details className="border-t border-line/70 group">
          <summary className="px-5 py-3 cursor-pointer text-[13px] text-muted hover:text-ink">
            {plural(others.length, 'webhook does', 'webhooks do')} not subscribe to it
          </summary>
          <Some items={others} label="Not subscribed" />
        </details>
      )}
    </>
  )
}

export function EventPage() {
  const realm = useRealm()
  const { id } = useParams({ strict: false }) as { id: string }
  const path = realmPath(realm, `/events/${id}`)
  const event = useQuery({
    queryKey: ['event-text', realm, id],
    // The text too: JSON.parse would round long numbers.
    queryFn: async ({ signal }) => {
      const text = await (await raw('GET', `/api/v1${path}`, { signal })).text()
      return { text, value: JSON.parse(text) as PostriderEvent }
    },
  })
  const why = useQuery({
    queryKey: ['event', realm, id, 'explain'],
    meta: live,
    queryFn: ({ signal }) => get<Explanation>(`${path}/explain`, signal),
  })
  if (event.isPending) return <Skeleton />
  if (isLost(event)) return <PageFailure error={event.error} retry={() => event.refetch()} />
  const data = event.data.value
  return (
    <>
      <Link
        to="/$realm/events"
        params={{ realm }}
        className="text-[13px] text-muted hover:text-ink"
      >
        Events
      </Link>
      <div className="h-1" />
      <PageHead
        actions={
          <>
            <Go
              to="/$realm/deliveries"
              params={{ realm }}
              search={{ event_id: id }}
              className={plainLink}
            >
              Its deliveries
            </Go>
            <Go
              to="/$realm/events"
              params={{ realm }}
              search={{ resource_id: data.resource_id }}
              className={plainLink}
            >
              All of this resource
            </Go>
          </>
        }
        title={data.event}
        badge={<Badge tone="idle">{data.origin}</Badge>}
        lead={
          <>
            Accepted <Time at={data.accepted_at} />.
          </>
        }
      />
      <dl className="card grid sm:grid-cols-2 gap-4 p-5 mb-6 text-[13px]">
        {(
          [
            ['Event id', data.id],
            ['Resource id', data.resource_id],
            ['Trace id', data.traceparent?.split('-')[1]],
          ] as const
        ).map(
          ([label, value]) =>
            value && (
              <div key={label} className="min-w-0">
                <dt className="text-muted mb-1">{label}</dt>
                <dd className="font-mono text-[12.5px] flex items-center gap-1 break-all">
                  {value}
                  <CopyButton text={value} label={`Copy ${label.toLowerCase()}`} />
                </dd>
              </div>
            ),
        )}
      </dl>
      <div className="grid lg:grid-cols-2 gap-6 items-start">
        <section className="min-w-0">
          <h2 className="font-semibold text-[15px] mb-3">Why it was, or was not, delivered</h2>
          <div className="card overflow-hidden">
            {why.isPending ? (
              <Skeleton rows={3} />
            ) : isLost(why) ? (
              <div className="p-4">
                <Failure error={why.error} retry={() => why.refetch()} />
              </div>
            ) : why.data.items.length === 0 ? (
              <Empty icon="hook" title="This realm has no webhooks" />
            ) : (
              <Verdicts items={why.data.items} />
            )}
          </div>
        </section>
        <section className="min-w-0">
          <h2 className="font-semibold text-[15px] mb-3">Data</h2>
          <Code
            label="data"
            text={pretty(memberText(event.data.text, 'data') ?? '')}
            max="max-h-[36rem]"
          />
          <details className="mt-3 text-[13px]">
            <summary className="cursor-pointer text-muted">
              As the server has it, byte for byte
            </summary>
            <div className="mt-2">
              <Code label="raw event" text={event.data.text} />
            </div>
          </details>
        </section>
      </div>
    </>
  )
}
