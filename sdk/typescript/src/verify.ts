import { must } from './checks.js'
import { PostriderError } from './errors.js'
import type { PostriderEvent } from './events.js'

export class WebhookVerificationError extends PostriderError {
  override name = 'WebhookVerificationError'
  constructor(
    readonly reason: 'missing-header' | 'bad-timestamp' | 'too-old' | 'too-new' | 'no-match' | 'not-an-event',
    message: string,
  ) {
    super(message)
  }
}
export interface VerifyOptions {
  /** How far `webhook-timestamp` may be from now, in seconds; 300 unless given. */
  tolerance?: number
  /** Seconds since the epoch; the clock's unless given. */
  now?: number
}
/** A webhook that is what it says. Drop an `id` that was seen before. */
export interface Webhooked {
  id: string
  event: PostriderEvent
}
type HeadersIn = Headers | Record<string, string | string[] | undefined>

/**
 * Verifies a webhook and gives its event. `body` is the bytes as they came; `secrets` are `whsec_…` (v1) or `whpk_…` (v1a),
 * one or several: during a rotation any may match. Throws WebhookVerificationError: answer 401.
 */
export async function verify(body: string | Uint8Array, headers: HeadersIn, secrets: string | string[], options: VerifyOptions = {}): Promise<Webhooked> {
  must(typeof body === 'string' || body instanceof Uint8Array, 'body must be the bytes as they came, not what was made of them.')
  const id = headerOf(headers, 'webhook-id')
  const timestamp = headerOf(headers, 'webhook-timestamp')
  const signatures = headerOf(headers, 'webhook-signature')
  if (!/^\d{1,15}$/.test(timestamp)) throw new WebhookVerificationError('bad-timestamp', 'webhook-timestamp is no number of seconds.')
  const age = (options.now ?? Date.now() / 1000) - Number(timestamp)
  const tolerance = options.tolerance ?? 300
  if (age > tolerance) throw new WebhookVerificationError('too-old', 'webhook-timestamp is too old: it may be a recorded request.')
  if (age < -tolerance) throw new WebhookVerificationError('too-new', 'webhook-timestamp is in the future: is the clock right?')
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes)
  for (const secret of Array.isArray(secrets) ? secrets : [secrets]) {
    const key = await keyOf(secret)
    for (const entry of signatures.split(' ')) {
      if (!entry.startsWith(key.scheme)) continue
      const signature = decode(entry.slice(key.scheme.length))
      if (signature && (await crypto.subtle.verify(key.algorithm, key.key, signature, signed))) return { id, event: eventOf(bytes) }
    }
  }
  throw new WebhookVerificationError('no-match', 'No signature matches: the secret is another one, or the body is not as it was sent.')
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}

function headerOf(headers: HeadersIn, name: string): string {
  // Frameworks have a Headers of their own.
  const value = typeof headers?.get === 'function' ? headers.get(name) : Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1]
  if (typeof value !== 'string' || value === '') throw new WebhookVerificationError('missing-header', `There is no ${name} header.`)
  return value
}

async function keyOf(secret: string) {
  must(typeof secret === 'string', 'There is no secret: is the environment variable set?')
  const isPublic = secret.startsWith('whpk_')
  const raw = decode(secret.replace(/^(whsec|whpk)_/, ''))
  if (!raw || (isPublic ? raw.length !== 32 : raw.length < 24 || raw.length > 64)) {
    throw new PostriderError('A secret is whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32.')
  }
  const algorithm = isPublic ? { name: 'Ed25519' } : { name: 'HMAC', hash: 'SHA-256' }
  return { scheme: isPublic ? 'v1a,' : 'v1,', algorithm, key: await crypto.subtle.importKey('raw', raw, algorithm, false, ['verify']) }
}

function decode(base64: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined
  return Uint8Array.from(atob(base64), (each) => each.charCodeAt(0))
}

function eventOf(bytes: Uint8Array): PostriderEvent {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new WebhookVerificationError('not-an-event', 'It is signed, but it is not JSON.')
  }
}
