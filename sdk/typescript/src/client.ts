import { checked, idOf, isListOfNames, jsonOf, keyOf, must } from './checks.js'
import { PostriderProblem, PostriderProtocolError, PostriderTransportError } from './errors.js'
import type { FieldError } from './errors.js'
import { feed } from './feed.js'
import type { FeedOptions } from './feed.js'
import type { Delivery, EventWrite, LoggedEvent, PublishedEvent, Secret, Webhook, WebhookPatch, WebhookWrite } from './types.js'

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
export type NewEvent = Omit<EventWrite, 'timestamp'> & {
  /** RFC 3339, or a Date; when it is accepted unless given. */
  timestamp?: string | Date
}
export interface PublishOptions {
  /** New for every event; made by the call unless given, and kept while it is repeated. */
  idempotencyKey?: string
}
export interface RequestOptions {
  query?: Record<string, string | number | Date | undefined>
  /** What becomes JSON; a string is JSON already. */
  body?: unknown
  headers?: Record<string, string>
  /** Ends the call, with the signal's reason. */
  signal?: AbortSignal
  /** Of one request, in milliseconds; the client's unless given. */
  timeout?: number
}

const refusedUnaccepted = [429, 503, 507]

/** A client of one realm. It holds no connection, and may be used by any number of callers at once. */
export class Postrider {
  readonly url: string
  readonly realm: string
  readonly timeout: number
  readonly #token: string
  readonly #retryFor: number
  readonly #fetch: typeof fetch

  constructor(options: Options = {}) {
    const env = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {}
    const url = options.url ?? env.POSTRIDER_URL
    const token = options.token ?? env.POSTRIDER_TOKEN
    must(url, 'There is no url: give it, or set POSTRIDER_URL.')
    must(/^https?:\/\/[^/]/.test(url) && URL.canParse(url), `The url must begin with http:// or https:// and a host, not be "${url}".`)
    must(token, 'There is no token: give it, or set POSTRIDER_TOKEN.')
    must(/^[\x21-\x7e]+$/.test(token), 'The token has a character that no token has: is there a line break at its end?')
    this.url = url.replace(/\/+$/, '')
    this.realm = options.realm ?? env.POSTRIDER_REALM ?? 'master'
    this.timeout = options.timeout ?? 30_000
    this.#token = token
    this.#retryFor = options.retryFor ?? 60_000
    this.#fetch = options.fetch ?? globalThis.fetch
    must(this.timeout > 0 && this.#retryFor >= 0, 'timeout and retryFor are milliseconds.')
  }

  /** Publishes one event. When it returns, the event is on stable storage: once, however often it was sent. */
  async publish(event: NewEvent, options: PublishOptions = {}): Promise<PublishedEvent> {
    return this.publishAsWritten(jsonOf(checked(event)), options)
  }
  /** publish() of an event that is JSON already, byte for byte. */
  async publishAsWritten(event: string, options: PublishOptions = {}): Promise<PublishedEvent> {
    return this.#ask('id', 'POST', '/events', { body: event, headers: keyOf(options) })
  }

  /** Publishes up to 1,000 events: all, or none. */
  async publishBatch(events: NewEvent[], options: PublishOptions = {}): Promise<PublishedEvent[]> {
    must(Array.isArray(events) && events.length >= 1 && events.length <= 1000, 'A batch has 1 to 1,000 events.')
    const body = { events: events.map(checked) }
    return (await this.#ask<{ items: PublishedEvent[] }>('items', 'POST', '/events/batch', { body, headers: keyOf(options) })).items
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
  deliveries(query: { state?: Delivery['state']; event_id?: string; event?: string; since?: string | Date; until?: string | Date } = {}) {
    return this.list<Delivery>('/deliveries', query)
  }
  webhooks() {
    return this.list<Webhook>('/webhooks')
  }

  /** The answer has the `secret`, this once. */
  async createWebhook(webhook: WebhookWrite): Promise<Webhook & Secret> {
    must(typeof webhook?.url === 'string' && isListOfNames(webhook.events), "A webhook has a url, a string, and events: ['user.*'].")
    return this.#ask('id', 'POST', '/webhooks', { body: webhook })
  }
  async getWebhook(id: string): Promise<Webhook> {
    return this.#ask('id', 'GET', `/webhooks/${idOf(id)}`)
  }
  /** `null` resets a member to its default. After a change of the URL's origin the answer has the new secret, once. */
  async updateWebhook(id: string, change: WebhookPatch): Promise<Webhook & Secret> {
    must(typeof change === 'object' && change !== null, 'A change is an object of what changes.')
    return this.#ask('id', 'PATCH', `/webhooks/${idOf(id)}`, { body: change })
  }
  async deleteWebhook(id: string): Promise<void> {
    await this.request('DELETE', `/webhooks/${idOf(id)}`)
  }
  /** What a receiver verifies with; needs `reveal_secrets`. */
  async webhookSecret(id: string): Promise<Secret> {
    return this.request('GET', `/webhooks/${idOf(id)}/secret`)
  }

  /** All items of a list below the realm, page by page. */
  async *list<Item>(path: string, query: RequestOptions['query'] = {}): AsyncGenerator<Item, void, undefined> {
    let cursor: string | undefined
    do {
      const page: { items: Item[]; next_cursor: string | null } = await this.#ask('items', 'GET', path, { query: { ...query, cursor } })
      yield* page.items
      cursor = page.next_cursor ?? undefined
    } while (cursor !== undefined)
  }

  /** request(), whose answer must have a member: a gateway's JSON is not taken for the server's. */
  async #ask<Answer>(member: string, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = await this.request<Record<string, unknown> | undefined>(method, path, options)
    if (answer?.[member] !== undefined) return answer as Answer
    throw new PostriderProtocolError(`${this.url} answered without "${member}": is it Postrider that answers?`, 200, JSON.stringify(answer ?? '').slice(0, 200))
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
    const body = options.body === undefined || typeof options.body === 'string' ? options.body : jsonOf(options.body)
    if (body !== undefined) headers['content-type'] = 'application/json'
    const repeatable = ['GET', 'PUT', 'DELETE'].includes(method) || 'idempotency-key' in headers
    const until = Date.now() + this.#retryFor
    for (let attempt = 0; ; ++attempt) {
      try {
        return (await this.#once(url, { method, headers, body, redirect: 'manual' }, options)) as Answer
      } catch (error) {
        options.signal?.throwIfAborted()
        // Gone already, by the attempt that was not answered.
        if (method === 'DELETE' && attempt > 0 && error instanceof PostriderProblem && error.status === 404) return undefined as Answer
        const wait = waitBefore(error, attempt, repeatable)
        if (wait === undefined || Date.now() + wait > until) throw error
        await pause(wait, options.signal)
      }
    }
  }

  async #once(url: URL, init: RequestInit, { signal, timeout = this.timeout }: RequestOptions): Promise<unknown> {
    let response: Response, text: string
    // AbortSignal.timeout() does not keep a process alive: one whose connection is lost would end here, without a word.
    const giveUp = new AbortController()
    const timer = setTimeout(() => giveUp.abort(new Error(`none within ${timeout} ms`)), timeout)
    const leave = () => giveUp.abort(signal!.reason)
    signal?.throwIfAborted()
    signal?.addEventListener('abort', leave)
    const fetch = this.#fetch // browsers' must not be called as a member of something else
    try {
      response = await fetch(url, { ...init, signal: giveUp.signal })
      text = await response.text()
    } catch (error) {
      const cause = error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error)
      throw new PostriderTransportError(`No answer from ${url.origin}: ${cause}`, { cause: error })
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
    return read(url.origin, response, text)
  }
}

function read(origin: string, response: Response, text: string): unknown {
  if (response.status === 204) return undefined
  const refuse = (what: string) => new PostriderProtocolError(`${origin} answered ${response.status} with ${what}`, response.status, text.slice(0, 200))
  if ((response.status >= 300 && response.status < 400) || response.type === 'opaqueredirect') {
    throw refuse(`a redirect to ${response.headers.get('location') ?? 'another address'}`)
  }
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

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
