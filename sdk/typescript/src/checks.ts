// What has the wrong type is refused before anything is sent.
import type { NewEvent, PublishOptions } from './client.js'
import { PostriderError } from './errors.js'
import type { EventWrite } from './types.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function must(holds: unknown, otherwise: string): asserts holds {
  if (!holds) throw new PostriderError(otherwise)
}

export function isListOfNames(names: unknown): boolean {
  return Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')
}

export function idOf(id: string): string {
  must(typeof id === 'string' && uuid.test(id), 'The id of a webhook is a UUID.')
  return id
}

export function keyOf(options: PublishOptions): Record<string, string> {
  const key = options.idempotencyKey ?? crypto.randomUUID()
  must(typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key), 'An idempotencyKey is 1 to 255 visible ASCII characters.')
  return { 'idempotency-key': key }
}

export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    throw new PostriderError(`The body does not become JSON: ${(error as Error).message}`, { cause: error })
  }
}

/** The event as it is sent. Throws before anything is sent when it has the wrong types. */
export function checked(event: NewEvent): EventWrite {
  must(typeof event?.event === 'string' && event.event !== '', 'event must be the name of an event type.')
  must(typeof event.resource_id === 'string' && uuid.test(event.resource_id), 'resource_id must be a UUID.')
  must(typeof event.data === 'object' && event.data !== null && !Array.isArray(event.data), 'data must be an object.')
  const { timestamp, ...rest } = event
  if (timestamp === undefined) return rest
  const time = timestamp instanceof Date ? timestamp : new Date(timestamp)
  must(!Number.isNaN(time.getTime()), 'timestamp must be a Date or an RFC 3339 time.')
  return { ...rest, timestamp: typeof timestamp === 'string' ? timestamp : time.toISOString() }
}
