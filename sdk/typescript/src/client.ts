import { PostriderError, PostriderProblem, PostriderProtocolError, PostriderTransportError } from './errors.js'
import type { FieldError } from './errors.js'
import { feed } from './feed.js'
import type { FeedOptions } from './feed.js'
import type { Delivery, DeliveryState, LoggedEvent, NewEvent, PublishedEvent, Secret, Webhook, WebhookWrite } from './types.js'

export interface Options {
  /** `http://127.0.0.1:8080`; `POSTRIDER_URL` unless given. */
  url?: string
  /** An API key; `POSTRIDER_TOKEN` unless given. */
  token?: string
  /** The realm's name or id; `POSTRIDER_REALM`, else `master`. */
  realm?: string
  /** Of one request, in milliseconds; 30,000 unless given. */
  timeout?: number
  /** For how long a call is repeated in all, in milliseconds; 60,000 unless given, 0: never. */
  retryFor?: number
  fetch?: typeof fetch
}
export interface PublishOptions {
  /** New for every event; made by the call unless given, and kept while it is repeated. */
  idempotencyKey?: string
}
interface RequestOptions {
  query?: Record<string, string | number | Date | undefined>
  body?: unknown
  headers?: Record<string, string>
}
type Query = RequestOptions['query']

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const refusedUnaccepted = [429, 503, 507]

/** A client of one realm. It holds no connection, and may be used by any number of callers at once. */
export class Postrider {
  readonly url: string
  readonly realm: string
  readonly #token: string
  readonly #timeout: number
  readonly #retryFor: number
  readonly #fetch: typeof fetch

  constructor(options: Options = {}) {
    const env = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}
    const url = options.url ?? env.POSTRIDER_URL
    const token = options.token ?? env.POSTRIDER_TOKEN
    if (!url) throw new PostriderError('There is no url: give it, or set POSTRIDER_URL.')
    if (!/^https?:\/\//.test(url)) throw new PostriderError(`The url must begin with http:// or https://, not "${url}".`)
    if (!token) throw new PostriderError('There is no token: give it, or set POSTRIDER_TOKEN.')
    this.url = url.replace(/\/+$/, '')
    this.realm = options.realm ?? env.POSTRIDER_REALM ?? 'master'
    this.#token = token
    this.#timeout = options.timeout ?? 30_000
    this.#retryFor = options.retryFor ?? 60_000
    this.#fetch = options.fetch ?? globalThis.fetch
  }

  /** Publishes one event. When it returns, the event is on stable storage: once, however often it was sent. */
  async publish(event: NewEvent, options: PublishOptions = {}): Promise<PublishedEvent> {
    return this.request('POST', '/events', { body: checked(event), headers: keyOf(options) })
  }

  /** Publishes up to 1,000 events: all, or none. */
  async publishBatch(events: NewEvent[], options: PublishOptions = {}): Promise<PublishedEvent[]> {
    if (!Array.isArray(events) || events.length < 1 || events.length > 1000) {
      throw new PostriderError('A batch has 1 to 1,000 events.')
    }
    const body = { events: events.map(checked) }
    return (await this.request<{ items: PublishedEvent[] }>('POST', '/events/batch', { body, headers: keyOf(options) })).items
  }

  /** The log, newest first; pages are fetched as they are needed. */
  events(query: { event?: string; resource_id?: string; since?: string | Date; until?: string | Date; limit?: number } = {}) {
    return this.list<LoggedEvent>('/events', query)
  }
  /**
   * The log, forward, in the order of commits and with no gap: waits for the next event, without an end. With a consumer it
   * goes on where that one was: what was handled, when the next event is asked for or the loop is left, is committed page by
   * page; after a crash the rest of a page comes again.
   */
  feed(options: FeedOptions = {}) {
    return feed(this, options)
  }
  deliveries(query: { state?: DeliveryState; event_id?: string; event?: string; since?: string | Date; until?: string | Date } = {}) {
    return this.list<Delivery>('/deliveries', query)
  }
  webhooks() {
    return this.list<Webhook>('/webhooks')
  }

  createWebhook(webhook: WebhookWrite): Promise<Webhook & Secret> {
    return this.request('POST', '/webhooks', { body: webhook })
  }
  getWebhook(id: string): Promise<Webhook> {
    return this.request('GET', `/webhooks/${encodeURIComponent(id)}`)
  }
  updateWebhook(id: string, change: Partial<WebhookWrite>): Promise<Webhook & Secret> {
    return this.request('PATCH', `/webhooks/${encodeURIComponent(id)}`, { body: change })
  }
  async deleteWebhook(id: string): Promise<void> {
    await this.request('DELETE', `/webhooks/${encodeURIComponent(id)}`)
  }
  /** What a receiver verifies with; needs `reveal_secrets`. */
  webhookSecret(id: string): Promise<Secret> {
    return this.request('GET', `/webhooks/${encodeURIComponent(id)}/secret`)
  }

  /** All items of a list below the realm, page by page. */
  async *list<Item>(path: string, query: Query = {}): AsyncGenerator<Item, void, undefined> {
    let cursor: string | undefined
    do {
      const page: { items: Item[]; next_cursor: string | null } = await this.request('GET', path, { query: { ...query, cursor } })
      yield* page.items
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
  }

  /**
   * One call of the API, `path` from below the realm. It is repeated after 429, 503 and 507, by which nothing was
   * accepted, as long as `Retry-After` says; and when no answer came or a proxy's error, if it may be: with a method
   * that may be repeated, or an Idempotency-Key.
   */
  async request<Answer = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const url = new URL(`${this.url}/api/v1/realms/${encodeURIComponent(this.realm)}${path}`)
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value instanceof Date ? value.toISOString() : String(value))
    }
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}`, accept: 'application/json', ...options.headers }
    const body = options.body === undefined ? undefined : JSON.stringify(options.body)
    if (body !== undefined) headers['content-type'] = 'application/json'
    const repeatable = ['GET', 'PUT', 'DELETE'].includes(method) || 'idempotency-key' in headers
    const until = Date.now() + this.#retryFor
    for (let attempt = 0; ; ++attempt) {
      try {
        return (await this.#once(url, { method, headers, body, redirect: 'manual' })) as Answer
      } catch (error) {
        // Gone already, by the attempt that was not answered.
        if (method === 'DELETE' && attempt > 0 && error instanceof PostriderProblem && error.status === 404) return undefined as Answer
        const wait = waitBefore(error, attempt, repeatable)
        if (wait === undefined || Date.now() + wait > until) throw error
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
  }

  async #once(url: URL, init: RequestInit): Promise<unknown> {
    let response: Response, text: string
    // AbortSignal.timeout() does not keep a process alive: one whose connection is lost would end here, without a word.
    const giveUp = new AbortController()
    const timer = setTimeout(() => giveUp.abort(new Error(`none within ${this.#timeout} ms`)), this.#timeout)
    try {
      response = await this.#fetch(url, { ...init, signal: giveUp.signal })
      text = await response.text()
    } catch (error) {
      const cause = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      throw new PostriderTransportError(`No answer from ${url.origin}: ${cause}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
    if (response.status === 204) return undefined
    const refuse = (what: string) => new PostriderProtocolError(`${url.origin} answered ${response.status} with ${what}`, response.status, text.slice(0, 200))
    if (response.status >= 300 && response.status < 400) throw refuse(`a redirect to ${response.headers.get('location')}`)
    const type = response.headers.get('content-type') ?? 'no content type'
    if (!type.includes('json')) throw refuse(`${type}, which is not JSON: is it a proxy that answers?`)
    let value: Record<string, unknown>
    try {
      value = JSON.parse(text)
    } catch {
      throw refuse('something that is not JSON')
    }
    if (response.ok) return value
    if (typeof value?.type !== 'string') throw refuse('no problem document')
    const { title, detail, request_id } = value as Record<string, string>
    const retryAfter = Number(response.headers.get('retry-after') ?? NaN)
    const errors = (value.errors as FieldError[] | undefined) ?? []
    throw new PostriderProblem(response.status, value.type, title!, detail!, request_id!, errors, Number.isNaN(retryAfter) ? undefined : retryAfter, value)
  }
}

/** Milliseconds; undefined: the call has failed. */
function waitBefore(error: unknown, attempt: number, repeatable: boolean): number | undefined {
  const backoff = Math.min(5_000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2)
  if (error instanceof PostriderProblem) {
    if (refusedUnaccepted.includes(error.status)) return Math.max(backoff, (error.retryAfter ?? 0) * 1000)
    return error.status >= 500 && repeatable ? backoff : undefined
  }
  const unknown = error instanceof PostriderTransportError || (error instanceof PostriderProtocolError && error.status >= 500)
  return unknown && repeatable ? backoff : undefined
}

function keyOf(options: PublishOptions): Record<string, string> {
  const key = options.idempotencyKey ?? crypto.randomUUID()
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw new PostriderError('An idempotencyKey is 1 to 255 visible ASCII characters.')
  return { 'idempotency-key': key }
}

/** The event as it is sent. Throws before anything is sent when it has the wrong types. */
export function checked(event: NewEvent): NewEvent {
  if (typeof event?.event !== 'string' || event.event === '') throw new PostriderError('event must be the name of an event type.')
  if (typeof event.resource_id !== 'string' || !uuid.test(event.resource_id)) throw new PostriderError('resource_id must be a UUID.')
  if (typeof event.data !== 'object' || event.data === null || Array.isArray(event.data)) throw new PostriderError('data must be an object.')
  const { timestamp, ...rest } = event
  if (timestamp === undefined) return rest
  const time = timestamp instanceof Date ? timestamp : new Date(timestamp)
  if (Number.isNaN(time.getTime())) throw new PostriderError('timestamp must be a Date or an RFC 3339 time.')
  return { ...rest, timestamp: typeof timestamp === 'string' ? timestamp : time.toISOString() }
}
