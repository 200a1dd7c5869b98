import type { components } from './schema'

type Schemas = components['schemas']
/** The texts: its filter and its template as they are stored, "" for none; parsing would round long numbers. */
export type Webhook = Schemas['webhook'] & { filter_text?: string; template_text?: string }
export type Statistics = Schemas['statistics']
export type Attempts = Schemas['attempt_counts']
export type Span = Schemas['statistics_span']
export type Ranking = Schemas['statistics_by_webhook']
export type RankedWebhook = Schemas['ranked_webhook']
export type Health = Schemas['webhook_health']
export type Delivery = Schemas['delivery'] & { duration_ms?: number | null }
export type DeliveryState = Schemas['delivery_state']
export type DeliveryWithAttempts = Schemas['delivery_with_attempts']
export type Attempt = Schemas['attempt']
export type PostriderEvent = Schemas['event']
export type Explanation = Schemas['explanation']
export type Realm = Schemas['realm']
export type Operation = Schemas['operation']
export type Secret = Schemas['secret']
export type WebhookCheck = Schemas['webhook_check']
export type Problem = Schemas['problem']
export type User = Schemas['user']
export type Role = Schemas['role']
export type Permission = Schemas['permissions'][number]
export type Client = Schemas['oauth_client']
export type ClientWithSecret = Schemas['oauth_client_with_secret']
export type RedirectUri = Schemas['redirect_uri']
export type Credential = Schemas['credential']
export type RealmSettings = Schemas['settings']
export type ApiKey = Schemas['api_key']
export type RealmApiKey = Schemas['realm_api_key']
export type ApiKeyMade = Schemas['api_key_made']
export type AuditEntry = Schemas['audit_entry']
/** Who asks, and what they may do. */
export type Who = {
  kind: string
  id: string
  name: string
  realm: string
  user: { id: string; username: string } | null
  permissions: string[]
  expires_at: string | null
}
export type BrowserSession = {
  id: string
  user_id: string
  address: string
  user_agent: string
  created_at: string
  last_used_at: string
  expires_at: string
}
export type EventType = Schemas['built_in_event_type'] | Schemas['event_type']
export type Page<T> = { items: T[]; next_cursor: string | null }

/** An answer that is a problem document, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    message: string,
  ) {
    super(message)
  }
  /** What is wrong with one field of the body, or with something in it. */
  field(pointer: string): string | undefined {
    const errors = this.problem?.errors ?? []
    const whole = `#/${pointer}`
    const found =
      errors.find((each) => each.pointer === whole) ??
      errors.find((each) => each.pointer?.startsWith(`${whole}/`))
    return found?.detail
  }
}

/** An API key lives in this variable and nowhere else: a reload asks for it again. A session needs
    none: its cookie is the browser's, and no script can read it. */
let token: string | null = null
let expired: () => void = () => {}
/** Counts logins. A 401 to a request of an earlier one says nothing about the session of now. */
let logins = 0

export function setToken(value: string | null) {
  token = value
  logins += 1
}
/** Called when the server no longer knows who we are. */
export function onExpired(listener: () => void) {
  expired = listener
}

type Options = {
  body?: unknown
  text?: string
  headers?: Record<string, string>
  signal?: AbortSignal
}

async function send(
  method: string,
  path: string,
  options: Options,
  bearer: string | null,
): Promise<Response> {
  const body =
    options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (bearer) headers.Authorization = `Bearer ${bearer}`
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  try {
    return await fetch(path, {
      method,
      headers,
      body,
      signal: options.signal,
      credentials: 'same-origin',
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, null, 'The server does not answer. Is it running, and are you connected?')
  }
}

async function failure(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as Problem | null
  return new ApiError(
    response.status,
    problem,
    problem?.detail ?? `The server answered ${response.status}.`,
  )
}

export async function raw(method: string, path: string, options: Options = {}): Promise<Response> {
  const login = logins
  const response = await send(method, path, options, token)
  if (response.ok) return response
  if (response.status === 401 && login === logins) expired()
  throw await failure(response)
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await raw(method, `/api/v1${path}`, options)
  return (response.status === 204 ? undefined : await response.json()) as T
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, { signal })

/** `?a=1&b=2` of what is set. */
export function query(values: Record<string, string | number | undefined | null>): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `?${text}` : ''
}

export const realmPath = (realm: string, rest: string) =>
  `/realms/${encodeURIComponent(realm)}${rest}`

/** A resource and the version that it has, for If-Match. */
export async function getWithVersion<T>(
  path: string,
  signal?: AbortSignal,
): Promise<{ value: T; version: string }> {
  const response = await raw('GET', `/api/v1${path}`, { signal })
  return { value: (await response.json()) as T, version: response.headers.get('ETag') ?? '' }
}

export const ifMatch = (version: number | string) => ({
  'If-Match': typeof version === 'number' ? `"${version}"` : version,
})

async function ask<T>(
  method: string,
  path: string,
  options: Options,
  bearer: string | null,
): Promise<T> {
  const response = await send(method, `/api/v1${path}`, options, bearer)
  if (!response.ok) throw await failure(response)
  return (
    response.status === 204 || response.status === 202 ? undefined : await response.json()
  ) as T
}

// What is asked before anybody has logged in: a 401 is an answer here, no expiry.
export const whoAmI = (realm: string, key: string | null) =>
  ask<Who>('GET', realmPath(realm, '/session'), {}, key)
export async function logIn(realm: string, username: string, password: string): Promise<Who> {
  const body = { username, password }
  const who = await ask<Who>('POST', realmPath(realm, '/session'), { body }, null)
  logins += 1
  return who
}
export const requestReset = (realm: string, who: { username: string } | { email: string }) =>
  ask<void>('POST', realmPath(realm, '/reset-password'), { body: who }, null)
export const completeReset = (realm: string, reset: string, password: string) =>
  ask<void>(
    'POST',
    realmPath(realm, '/reset-password/complete'),
    { body: { token: reset, password } },
    null,
  )

/** Server-sent events; fetch and not EventSource, which could not send an API key. */
export const openStream = (realm: string, signal: AbortSignal) =>
  raw('GET', `/api/v1${realmPath(realm, '/stream')}`, {
    headers: { Accept: 'text/event-stream' },
    signal,
  })
