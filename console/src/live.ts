import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'

import { ApiError, openStream } from './api/client'
import { useQuery } from './asked'

/** What the server says of a realm when something in it has changed (see get_stream in the contract). */
export type Pulse = {
  newest_event: string | null
  newest_delivery: string | null
  newest_change: string | null
  pending: number
  failed: number
  count_max: number
  /** Grows with each attempt. */
  attempts: number
}
/** What tabs tell each other: what one heard, or that one begins and knows nothing. */
type Told = { pulse: Pulse | null } | { begins: true }

const retry_ms = 1000
const retry_ms_max = 30_000
/** A stream without a sign of life for longer is none: lists ask by themselves again. */
const silence_ms_max = 40_000
const poll_ms = 4000
/** What is larger is not asked for again at every pulse: the verdicts of 10,000 webhooks are megabytes. */
const live_items_max = 500
/** Statistics and the health of webhooks are not asked for more often. */
const recent_ms = 2000

let heardAt = 0
/** Whether the stream says when there is something. */
const isLive = () => Date.now() - heardAt < silence_ms_max
/** The `meta` of a query that asks by itself while the stream is silent. */
export const live = { live: true }

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((done) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        done()
      },
      { once: true },
    )
  })

/** Reads the stream to its end. Calls `hear` with each pulse, and with null for each sign of life. */
async function read(realm: string, signal: AbortSignal, hear: (pulse: Pulse | null) => void) {
  const body = (await openStream(realm, signal)).body
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    text += value
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5))
        .join('\n')
      hear(data ? (JSON.parse(data) as Pulse) : null)
    }
  }
}

/** One tab of the browser, the one with the lock, has the stream; it tells the others. */
async function lead(realm: string, signal: AbortSignal, hear: (pulse: Pulse | null) => void) {
  let wait = retry_ms
  while (!signal.aborted) {
    try {
      await read(realm, signal, (pulse) => {
        wait = retry_ms
        hear(pulse)
      })
    } catch (error) {
      if (signal.aborted) return
      // Not permitted: asking again changes nothing soon.
      wait =
        error instanceof ApiError && error.status >= 400 && error.status < 500
          ? retry_ms_max
          : Math.min(wait * 2, retry_ms_max)
    }
    await sleep(wait, signal)
  }
}

/** Hears the realm's pulse until the returned function is called; hidden tabs neither lead nor wait to. */
function join(realm: string, hear: (pulse: Pulse | null) => void): () => void {
  const name = `postrider-live-${realm}`
  const channel = new BroadcastChannel(name)
  const tell = (told: Told) => channel.postMessage(told)
  let leading: AbortController | null = null
  /** What the stream of this tab said last. */
  let last: Pulse | null = null
  channel.onmessage = ({ data }: MessageEvent<Told>) => {
    if ('pulse' in data) hear(data.pulse)
    else if (leading && last && isLive()) tell({ pulse: last })
  }
  tell({ begins: true })
  const start = () => {
    const { signal } = (leading = new AbortController())
    const heard = (pulse: Pulse | null) => {
      last = pulse ?? last
      tell({ pulse })
      hear(pulse)
    }
    navigator.locks.request(name, { signal }, () => lead(realm, signal, heard)).catch(() => {})
  }
  const stop = () => {
    leading?.abort()
    leading = null
    last = null
  }
  const look = () => {
    if (document.hidden) stop()
    else if (!leading) start()
  }
  look()
  document.addEventListener('visibilitychange', look)
  return () => {
    document.removeEventListener('visibilitychange', look)
    stop()
    channel.close()
  }
}

const configuration = [
  'webhooks',
  'webhook',
  'audit',
  'users',
  'user',
  'user-roles',
  'credentials',
  'roles',
  'role',
  'clients',
  'client',
  'redirects',
  'realms',
  'realm',
  'settings',
  'api-keys',
  'sessions',
  'event-types',
  'event-type',
  'operations',
]

/** Lists that somebody has scrolled through stay as they are, and so does what is large. */
function isSmall({ state }: Query): boolean {
  const { pages = [], items = [] } = (state.data ?? {}) as { pages?: unknown[]; items?: unknown[] }
  const asks_for_more = state.fetchStatus !== 'idle' && state.fetchMeta?.fetchMore
  return pages.length <= 1 && !asks_for_more && items.length <= live_items_max
}

const asked_once_more = new WeakSet<Query>()
/** Asks again what is small. A question whose answer is on its way is asked once more when that has come: cancelled by
    each pulse, a slow one would never be answered, and what was asked before may lack what has changed. */
function askAgain(cache: QueryClient, predicate: (asked: Query) => boolean) {
  const is_wanted = (asked: Query) => predicate(asked) && isSmall(asked)
  const busy = cache
    .getQueryCache()
    .findAll({ type: 'active', fetchStatus: 'fetching', predicate: is_wanted })
  void cache.invalidateQueries({ predicate: (asked) => is_wanted(asked) && !busy.includes(asked) })
  for (const asked of busy) {
    if (asked_once_more.has(asked)) continue
    asked_once_more.add(asked)
    const end = () => {
      asked_once_more.delete(asked)
      askAgain(cache, (each) => each === asked)
    }
    void asked.promise?.then(end, end)
  }
}

const counted = ['statistics', 'webhook', 'webhooks']
let recent: ReturnType<typeof setTimeout> | undefined
/** What is counted of attempts, soon, and once for all pulses until then. */
function refreshRecent(cache: QueryClient) {
  recent ??= setTimeout(() => {
    recent = undefined
    askAgain(cache, (asked) => counted.includes(String(asked.queryKey[0])))
  }, recent_ms)
}

/** Asks again what a pulse says has changed, of what is on the screen. */
function refresh(cache: QueryClient, now: Pulse, before: Pulse | undefined) {
  const changed = new Set<string>()
  if (now.newest_event !== before?.newest_event) changed.add('events')
  const deliveries =
    now.newest_delivery !== before?.newest_delivery ||
    now.pending !== before.pending ||
    now.failed !== before.failed ||
    now.attempts !== before.attempts
  if (deliveries) for (const key of ['deliveries', 'delivery', 'event']) changed.add(key)
  if (now.newest_change !== before?.newest_change) for (const key of configuration) changed.add(key)
  if (deliveries) refreshRecent(cache)
  askAgain(cache, (asked) => changed.has(String(asked.queryKey[0])))
}

/** What was answered before a moment may lack what happened until then: it is asked again. */
function refreshOlder(cache: QueryClient, than: number) {
  void cache.invalidateQueries({
    predicate: (asked) =>
      asked.meta?.live === true &&
      asked.state.dataUpdatedAt < than &&
      // What takes longer than the pause between two polls must come to its end.
      asked.state.fetchStatus === 'idle' &&
      isSmall(asked),
  })
}

/** Keeps what is on the screen as it is at the server: by the stream, and by asking while that is silent. */
export function useLive(realm: string, enabled: boolean) {
  const cache = useQueryClient()
  useEffect(() => {
    heardAt = 0
    // The stream needs a secure context, as logging in does.
    if (!enabled || !('locks' in navigator)) return
    return join(realm, (pulse) => {
      heardAt = Date.now()
      if (!pulse) return
      const before = cache.getQueryData<Pulse>(['pulse', realm])
      cache.setQueryData(['pulse', realm], pulse)
      if (before) refresh(cache, pulse, before)
      else refreshOlder(cache, heardAt)
    })
  }, [cache, realm, enabled])
  useEffect(() => {
    // Decided each time, so that a list which came before the stream began is not asked for in vain.
    const timer = setInterval(() => {
      if (!isLive() && !document.hidden) refreshOlder(cache, Date.now())
    }, poll_ms)
    return () => clearInterval(timer)
  }, [cache])
}

export function usePulse(realm: string): Pulse | undefined {
  return useQuery<Pulse>({
    queryKey: ['pulse', realm],
    enabled: false,
    queryFn: () => Promise.reject(new Error('told, not asked')),
  }).data
}
