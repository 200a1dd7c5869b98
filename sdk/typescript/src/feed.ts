import { isListOfNames, must } from './checks.js'
import type { Postrider } from './client.js'
import { PostriderProtocolError } from './errors.js'
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
  /** Ends the loop, with the signal's reason; what was handled is committed first. */
  signal?: AbortSignal
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
  const { signal } = options
  must(options.events === undefined || isListOfNames(options.events), "events is a list of event types: ['user.*'].")
  must(options.consumer === undefined || (typeof options.consumer === 'string' && options.consumer !== ''), 'consumer is a name.')
  must(wait === null || wait >= 0, 'wait is milliseconds, or null.')
  const named = options.consumer === undefined ? undefined : `/consumers/${encodeURIComponent(options.consumer)}`
  let { after, events } = options
  let committed: string | undefined
  if (named !== undefined) {
    // One that exists keeps its position, unless it is set here.
    const kept = await client.request<{ position: string; events: string[] }>('PUT', named, { body: { events, position: after }, signal })
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
      const waits = after === 'newest' ? null : wait
      const page: FeedPage = await client.request<FeedPage>('GET', '/feed', {
        query: { after, event: events?.join(','), limit: options.limit, wait: waits === null ? undefined : `${waits}ms` },
        timeout: client.timeout + (waits ?? 0),
        signal,
      })
      if (!Array.isArray(page?.items) || !page.position) {
        throw new PostriderProtocolError(`${client.url} answered without events and a position: is it Postrider that answers?`, 200, '')
      }
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
