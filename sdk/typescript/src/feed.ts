import type { Postrider } from './client.js'
import type { FeedEvent } from './types.js'

export interface FeedOptions {
  /** Whose position the server keeps; made if it is new. */
  consumer?: string
  /** A position, `oldest` or `newest` (the default); sets an existing consumer, too. */
  after?: string
  /** Types and prefixes, `user.*`. */
  events?: string[]
  /** Of one call, in milliseconds; 20,000 unless given. `null`: end where the log does. */
  wait?: number | null
  limit?: number
}
interface FeedPage {
  items: FeedEvent[]
  position: string
  has_more: boolean
}

/** Milliseconds after which the position of empty answers is committed, too: a realm forgets its oldest events. */
const idleCommit = 600_000

export async function* feed(client: Postrider, options: FeedOptions): AsyncGenerator<FeedEvent, void, undefined> {
  const wait = options.wait === undefined ? 20_000 : options.wait
  const named = options.consumer === undefined ? undefined : `/consumers/${encodeURIComponent(options.consumer)}`
  let { after, events } = options
  let committed: string | undefined
  if (named !== undefined) {
    // One that exists keeps its position, unless it is set here.
    const kept = await client.request<{ position: string; events: string[] }>('PUT', named, { body: { events, position: after } })
    after = committed = kept.position
    events = kept.events
  }
  after ??= 'newest'
  let done = after
  let committedAt = Date.now()
  const commit = async () => {
    // Harmless when it is repeated, which the key says.
    await client.request('POST', `${named}/commit`, { body: { position: done }, headers: { 'idempotency-key': crypto.randomUUID() } })
    committed = done
    committedAt = Date.now()
  }
  try {
    for (;;) {
      // A moment's call first: whatever is wrong shows at once.
      const page: FeedPage = await client.request<FeedPage>('GET', '/feed', {
        query: { after, event: events?.join(','), limit: options.limit, wait: wait === null || after === 'newest' ? undefined : `${wait}ms` },
      })
      for (const event of page.items) {
        yield event
        done = event.position // whoever asks for the next has done this one
      }
      after = done = page.position
      if (named !== undefined && (page.items.length > 0 || Date.now() - committedAt > idleCommit)) await commit()
      if (wait === null && !page.has_more) return
    }
  } finally {
    // The loop was left: what was done before does not come again.
    if (named !== undefined && done !== committed && done !== 'newest') await commit()
  }
}
