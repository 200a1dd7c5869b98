export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type JsonObject = { [name: string]: Json }

export interface NewEvent {
  event: string
  /** The UUID of the resource that the event is about. */
  resource_id: string
  data: object
  /** RFC 3339, or a Date; when it is accepted unless given. */
  timestamp?: string | Date
}
export interface PublishedEvent {
  id: string
  event: string
  timestamp: string
  resource_id: string
  deliveries: number
}
export interface LoggedEvent {
  id: string
  event: string
  timestamp: string
  resource_id: string
  data: JsonObject
  accepted_at: string
  origin: 'directory' | 'api' | 'test'
}
/** An event of the log that is read forward. */
export interface FeedEvent extends LoggedEvent {
  /** Behind this event: where to go on. */
  position: string
}
export type SigningScheme = 'v1' | 'v1a' | 'ferriskey'
export interface WebhookWrite {
  url: string
  events: string[]
  name?: string
  description?: string
  headers?: Record<string, string | null>
  enabled?: boolean
  timeout?: string | null
  retry_schedule?: string[] | null
  signing?: SigningScheme[]
  secret?: string
}
export interface Webhook {
  id: string
  name: string
  description: string
  url: string
  headers: Record<string, string>
  events: string[]
  enabled: boolean
  disabled_reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null
  timeout: string | null
  retry_schedule: string[] | null
  signing: SigningScheme[]
  created_at: string
  updated_at: string
  version: number
}
export interface Secret {
  secret?: string
  public_key?: string
  previous?: string
  previous_public_key?: string
  previous_expires_at?: string
}
export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'cancelled'
export interface Delivery {
  id: string
  webhook_id: string
  event_id: string
  event: string
  resource_id: string
  state: DeliveryState
  reason: string | null
  attempts: number
  created_at: string
  next_attempt_at: string | null
  last_attempt_at: string | null
  finished_at: string | null
  test: boolean
  last_outcome: { kind: 'internal' | 'transport' | 'response'; reason: string; detail: string; status: number | null } | null
}
