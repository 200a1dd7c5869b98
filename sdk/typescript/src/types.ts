// Made from api/openapi.yaml by tools/render_sdk_types; do not edit.

export interface EventWrite {
  /** The event type: built in, or one of the realm's own. */
  event: string
  /** The UUID of the resource that the event is about. */
  resource_id: string
  /** Any JSON object, at most 256 KiB; it arrives byte for byte, less white space between tokens. */
  data: object
  /** When it happened; default: when it is accepted. */
  timestamp?: string
}

export interface PublishedEvent {
  /** The event's id; receivers get it as `webhook-id`. */
  id: string
  event: string
  timestamp: string
  resource_id: string
  /** To how many webhooks it goes. */
  deliveries: number
}

export interface LoggedEvent {
  id: string
  event: string
  /** When it happened; only carried. */
  timestamp: string
  resource_id: string
  /** The publisher's bytes. */
  data: Record<string, unknown>
  /** When it was accepted, to the millisecond: the id's time. */
  accepted_at: string
  /** `directory`: of this server itself, a change in its own transaction or an operational event; `api`: published; `test`: a test of one webhook. */
  origin: 'directory' | 'api' | 'test'
  /** The trace that it was published in (W3C Trace Context). */
  traceparent?: string
  /** Likewise. */
  tracestate?: string
  /** How many of its deliveries are in which state. */
  deliveries?: {
    pending: number
    delivered: number
    failed: number
    cancelled: number
  }
}

export interface FeedEvent {
  id: string
  event: string
  /** When it happened; only carried. */
  timestamp: string
  resource_id: string
  /** The publisher's bytes. */
  data: Record<string, unknown>
  /** When it was accepted, to the millisecond: the id's time. */
  accepted_at: string
  origin: 'directory' | 'api'
  /** The trace that it was published in (W3C Trace Context). */
  traceparent?: string
  /** Likewise. */
  tracestate?: string
  /** Behind this event. */
  position: string
}

export interface WebhookWrite {
  /** For people; at most 200 characters. */
  name?: string
  /** Default: empty. */
  description?: string
  /** Where to POST: absolute, `https` (or `http` where allowed), no user info, no fragment, ASCII. */
  url: string
  /** Sent with every attempt; default: none. */
  headers?: Record<string, string | null>
  /** Exact names, `prefix.*` (any depth: `user.*` has `user.role.assigned`) or `*`. */
  events: Array<string>
  /** A disabled webhook gets nothing; disabling cancels what is pending. */
  enabled?: boolean
  /** For one attempt in all, from the look-up of the name to the last byte: 100ms to 30s. null: the realm's, 15s unless it says otherwise. */
  timeout?: string | null
  /** The waits between attempts: n entries are n + 1 attempts, `[]` is one; each at most 24h, ±20 % jitter. null: the realm's, `[5s, 5m, 30m, 2h, 5h, 10h, 14h, 20h, 24h]` unless it says otherwise. */
  retry_schedule?: Array<string> | null
  /** Default: `[v1]`. */
  signing?: Array<'v1' | 'v1a' | 'ferriskey'> | null
  rate_limit?: RateLimit | null
  max_in_flight?: number | null
  ordering?: 'none' | 'resource' | null
  on_exhausted?: 'skip' | 'hold' | null
  realms?: 'all' | null
  format?: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter?: object | null
  template?: unknown
  authentication?: Authentication | null
  tls?: ReceiverTls | null
  secret?: string
  /** Of a new webhook that comes from another server, instead of `secret`: all keys that it has there. */
  keys?: WebhookKeys
}

export interface Webhook {
  id: string
  name: string
  description: string
  /** In normal form. */
  url: string
  /** Values are `••••••` unless revealed. */
  headers: Record<string, string>
  events: Array<string>
  enabled: boolean
  /** `by_hand`: through the API; `gone`: a receiver answered 410; `failing`: nothing but failures for 5 days; `corrupt`: what is stored of it cannot be read, and its deliveries wait until it is saved anew. null while enabled. */
  disabled_reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null
  /** null is the realm's. */
  timeout: string | null
  /** null is the realm's. */
  retry_schedule: Array<string> | null
  signing: Array<'v1' | 'v1a' | 'ferriskey'>
  rate_limit: RateLimit | null
  max_in_flight: number | null
  ordering: 'none' | 'resource' | null
  on_exhausted: 'skip' | 'hold' | null
  realms: 'all' | null
  format: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter: Record<string, unknown> | null
  template: unknown
  authentication: Authentication | null
  tls: ReceiverTls | null
  created_at: string
  updated_at: string
  /** Goes up with every change; quoted it is the ETag. */
  version: number
  /** In answers to GET alone. */
  health?: WebhookHealth
}

export interface Secret {
  /** `whsec_…`, the shared secret of `v1`. */
  secret?: string
  /** `whpk_…`, when `v1a` signs. */
  public_key?: string
  /** The secret as text, when `ferriskey` signs. */
  ferriskey_secret?: string
  /** The secret before, while it still signs. */
  previous?: string
  /** The public key before, while it still signs. */
  previous_public_key?: string
  /** When the previous one stops signing. */
  previous_expires_at?: string
  /** With `reveal=keys`, and nothing else then. */
  keys?: WebhookKeys
}

export interface WebhookKeys {
  /** Those of today, each with its prefix, with a space between. */
  now?: string
  /** Those before a rotation, while they still sign. */
  previous?: string
  /** When those before stop signing. */
  previous_expires_at?: string
}

export interface RateLimit {
  count: number
  /** 1s to 24h. */
  per: string
}

export interface Authentication {
  type: 'basic' | 'bearer' | 'oauth2'
  /** Of `basic`, required there; no colon. */
  username?: string
  /** Of `basic`, required there. */
  password?: string
  /** Of `bearer`, required there; visible ASCII without spaces. */
  token?: string
  /** Of `oauth2`, required there; https. */
  token_url?: string
  /** Of `oauth2`, required there. */
  client_id?: string
  /** Of `oauth2`, required there. */
  client_secret?: string
  /** Of `oauth2`: words separated by spaces. */
  scope?: string
  /** Of `oauth2`, for servers that want one. */
  audience?: string
}

export interface ReceiverTls {
  /** PEM of up to 16 certificates that the receiver's must come from, instead of the authorities that the server trusts. */
  ca?: string | null
  /** PEM of the certificate that is shown to a receiver that asks for one, and behind it those that issued it, in order; up to 8 in all. */
  client_certificate?: string | null
  /** PEM of its private key, without a passphrase: RSA of 2048 to 4096 bits, ECDSA on P-256, P-384 or P-521, or Ed25519. */
  client_key?: string | null
  /** Of the client's certificate. */
  subject?: string
  /** When the client's certificate expires; like `subject`. */
  expires_at?: string
}

export interface WebhookHealth {
  /** Open: the receiver is left alone. */
  breaker: 'closed' | 'open'
  /** When the breaker opened. */
  open_since: string | null
  /** When the next delivery is tried while it is open; a time that has passed: now. */
  next_probe_at: string | null
  /** When the last attempt that succeeded began. */
  last_success_at: string | null
  /** The last attempt that failed. */
  last_failure: WebhookFailure | null
  /** The first failed attempt since the last that succeeded; null: the last one succeeded, or there was none. */
  failing_since: string | null
  /** Failed attempts since then. */
  failures_in_row: number
  /** Attempts of the running hour and the 24 before it. */
  attempts_24h: number
  /** Those of them that failed. */
  failed_24h: number
  /** Deliveries that are pending now, counted to 1,000. */
  waiting: number
  /** There are more than that. */
  waiting_is_more: boolean
  /** When the oldest of them was made; with more than 1,000, the oldest of those due first. */
  oldest_waiting_at: string | null
}

export interface WebhookFailure {
  at: string
  kind: 'internal' | 'transport' | 'response'
  reason: 'accepted' | 'refused_by_status' | 'gone' | 'dns_failed' | 'dns_timeout' | 'address_blocked' | 'connect_failed' | 'connect_timeout' | 'tls_failed' | 'tls_timeout' | 'send_failed' | 'response_timeout' | 'response_broken' | 'token_failed' | 'resolver_busy' | 'out_of_descriptors' | 'unsealable' | 'shutting_down' | 'unrenderable' | 'proxy_failed'
  /** The HTTP status; null when none came. */
  status: number | null
}

export interface Delivery {
  id: string
  webhook_id: string
  event_id: string
  /** The event's type. */
  event: string
  resource_id: string
  state: 'pending' | 'delivered' | 'failed' | 'cancelled'
  /** Why it is in that state, one sentence; null when there is nothing to say. */
  reason: string | null
  /** How many were made. */
  attempts: number
  created_at: string
  /** null when it is final, and while it waits for another (`order`). */
  next_attempt_at: string | null
  /** How long the last attempt took; null before the first. */
  duration_ms?: number | null
  last_attempt_at: string | null
  /** What it waits for now: the time of its next attempt (`retry`), an access token (`authentication`), its webhook's rate limit, an end of one of the attempts that are in flight to its webhook (`max_in_flight`), the next probe of a receiver that is down (`breaker`), an earlier delivery of its resource whose order the webhook keeps (`order`), or its turn. null when it is final or being attempted. */
  waiting_for: 'retry' | 'authentication' | 'rate_limit' | 'max_in_flight' | 'breaker' | 'turn' | 'order' | null
  /** Until when at least; null where that is not known. */
  waiting_until: string | null
  finished_at: string | null
  /** It is a test of the webhook. */
  test: boolean
  /** It keeps the order of its resource, which its webhook asks for; not when it was redelivered or recovered. */
  ordered: boolean
  /** What the last attempt came to; null before the first. */
  last_outcome: LastOutcome | null
}

export interface LastOutcome {
  kind: 'internal' | 'transport' | 'response'
  reason: 'accepted' | 'refused_by_status' | 'gone' | 'dns_failed' | 'dns_timeout' | 'address_blocked' | 'connect_failed' | 'connect_timeout' | 'tls_failed' | 'tls_timeout' | 'send_failed' | 'response_timeout' | 'response_broken' | 'token_failed' | 'resolver_busy' | 'out_of_descriptors' | 'unsealable' | 'shutting_down' | 'unrenderable' | 'proxy_failed'
  /** One sentence for people. */
  detail: string
  /** The HTTP status; null when none came. */
  status: number | null
}

export interface WebhookPatch {
  name?: string | null
  description?: string | null
  url?: string
  /** `null` for one name removes it; `null` for all removes all. */
  headers?: Record<string, string | null> | null
  events?: Array<string>
  enabled?: boolean | null
  timeout?: string | null
  retry_schedule?: Array<string> | null
  signing?: Array<'v1' | 'v1a' | 'ferriskey'> | null
  rate_limit?: RateLimit | null
  max_in_flight?: number | null
  ordering?: 'none' | 'resource' | null
  on_exhausted?: 'skip' | 'hold' | null
  realms?: 'all' | null
  format?: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter?: object | null
  template?: unknown
  authentication?: Authentication | null
  tls?: ReceiverTls | null
  secret?: string
}
