import type { components } from './schema'

type Schemas = components['schemas']
export type Webhook = Schemas['webhook']
export type Delivery = Schemas['delivery']
export type DeliveryState = Schemas['delivery_state']
export type DeliveryWithAttempts = Schemas['delivery_with_attempts']
export type Attempt = Schemas['attempt']
export type PostriderEvent = Schemas['event']
export type Explanation = Schemas['explanation']
export type Realm = Schemas['realm']
export type Operation = Schemas['operation']
export type Secret = Schemas['secret']
export type UrlCheck = Schemas['url_check']
export type Problem = Schemas['problem']
export type EventType = Schemas['built_in_event_type'] | Schemas['event_type']
export type Page<T> = { items: T[]; next_cursor: string | null }

/** An answer that is a problem document, or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Problem | null, message: string) {
    super(message)
  }
  /** What is wrong with one field of the body. */
  field(pointer: string): string | undefined {
    return this.problem?.errors?.find((each) => each.pointer === `#/${pointer}`)?.detail
  }
}

/** The token lives in this variable and nowhere else: a reload asks for it again. */
let token: string | null = null
let expired: () => void = () => {}

export function setToken(value: string | null) {
  token = value
}
export function hasToken() {
  return token !== null
}
/** Called when the server no longer knows who we are. */
export function onExpired(listener: () => void) {
  expired = listener
}

type Options = { body?: unknown; text?: string; headers?: Record<string, string>; signal?: AbortSignal }

async function send(method: string, path: string, options: Options, bearer: string | null): Promise<Response> {
  const body = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  if (bearer) headers.Authorization = `Bearer ${bearer}`
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  try {
    return await fetch(path, { method, headers, body, signal: options.signal, credentials: 'same-origin' })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, null, 'The server does not answer. Is it running, and are you connected?')
  }
}

async function failure(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => null)) as Problem | null
  return new ApiError(response.status, problem, problem?.detail ?? `The server answered ${response.status}.`)
}

export async function raw(method: string, path: string, options: Options = {}): Promise<Response> {
  const response = await send(method, path, options, token)
  if (response.ok) return response
  if (response.status === 401) expired()
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

export const realmPath = (realm: string, rest: string) => `/realms/${encodeURIComponent(realm)}${rest}`

/** Whether the server knows this token; throws an ApiError when it does not. */
export async function checkToken(candidate: string): Promise<void> {
  const response = await send('GET', '/api/v1/event-types', {}, candidate)
  if (!response.ok) throw await failure(response)
}
