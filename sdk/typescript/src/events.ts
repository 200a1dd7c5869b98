// Made from the catalogue by tools/render_sdk_types; do not edit.

/** What is the same in every event. */
export interface Envelope<Name extends string, Data> {
  event: Name
  timestamp: string
  resource_id: string
  data: Data
}

/** A user is created. */
export type UserCreated = Envelope<'user.created', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A user is updated. A password that is set or changed has changed: ["credentials"]. Roles fire user.role.assigned and user.role.unassigned instead. */
export type UserUpdated = Envelope<'user.updated', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A user is deleted. Several users that are deleted in one call fire user.bulk_deleted instead; a realm that is deleted with its users fires realm.deleted alone. */
export type UserDeleted = Envelope<'user.deleted', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role is assigned to a user. */
export type UserRoleAssigned = Envelope<'user.role.assigned', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  role: {
    id: string
    name: string
    client_id?: string
  }
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role is unassigned from a user. A role that is deleted, or whose client is, leaves its users without this event: see role.deleted and client.deleted. */
export type UserRoleUnassigned = Envelope<'user.role.unassigned', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  role: {
    id: string
    name: string
    client_id?: string
  }
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** Multiple users are deleted in one call: one event about the realm, with the users' ids. None of them fires user.deleted. */
export type UserBulkDeleted = Envelope<'user.bulk_deleted', {
  ids: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A user's credentials are deleted. A password that is replaced fires user.updated instead. */
export type UserCredentialsDeleted = Envelope<'user.credentials.deleted', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  credentials: Array<{
    id: string
    type: string
  }>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A password reset is initiated, by the user or for them. The new password fires user.updated when it is set. */
export type AuthResetPassword = Envelope<'auth.reset_password', {
  id: string
  username: string
  email: string | null
  email_verified: boolean
  first_name: string
  last_name: string
  enabled: boolean
  attributes: Record<string, unknown>
  created_at: string
  updated_at: string
  expires_at: string
  token?: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A client is created. */
export type ClientCreated = Envelope<'client.created', {
  id: string
  client_id: string
  name: string
  description: string
  type: 'public' | 'confidential'
  enabled: boolean
  service_account_roles: Array<string>
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A client is updated. A rotated secret has changed: ["secret"]. Its roles and redirect URIs fire events of their own. */
export type ClientUpdated = Envelope<'client.updated', {
  id: string
  client_id: string
  name: string
  description: string
  type: 'public' | 'confidential'
  enabled: boolean
  service_account_roles: Array<string>
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A client is deleted, with the roles and redirect URIs that it had: these fire no events of their own. */
export type ClientDeleted = Envelope<'client.deleted', {
  id: string
  client_id: string
  name: string
  description: string
  type: 'public' | 'confidential'
  enabled: boolean
  service_account_roles: Array<string>
  created_at: string
  updated_at: string
  contained: Record<string, number>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role is created for a client. It does not fire role.created. */
export type ClientRoleCreated = Envelope<'client.role.created', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  client_id: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role of a client is updated. It does not fire role.updated; its deletion fires role.deleted. */
export type ClientRoleUpdated = Envelope<'client.role.updated', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  client_id: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A redirect URI is created for a client. */
export type RedirectUriCreated = Envelope<'redirect_uri.created', {
  id: string
  client_id: string
  value: string
  enabled: boolean
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A redirect URI of a client is updated. */
export type RedirectUriUpdated = Envelope<'redirect_uri.updated', {
  id: string
  client_id: string
  value: string
  enabled: boolean
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires client.deleted alone. */
export type RedirectUriDeleted = Envelope<'redirect_uri.deleted', {
  id: string
  client_id: string
  value: string
  enabled: boolean
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role of the realm is created. A client's role fires client.role.created instead. */
export type RoleCreated = Envelope<'role.created', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role of the realm is updated. A client's role fires client.role.updated instead, and permissions that are set on their own fire role.permission.updated. */
export type RoleUpdated = Envelope<'role.updated', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A role is deleted, a client's role too, which has client_id. The users who had it lose it without user.role.unassigned. */
export type RoleDeleted = Envelope<'role.deleted', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  client_id?: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** The permissions of a role are updated. */
export type RolePermissionUpdated = Envelope<'role.permission.updated', {
  id: string
  name: string
  description: string
  permissions: Array<string>
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A realm is created. */
export type RealmCreated = Envelope<'realm.created', {
  id: string
  name: string
  display_name: string
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A realm is updated. Its settings fire realm.settings.updated instead. */
export type RealmUpdated = Envelope<'realm.updated', {
  id: string
  name: string
  display_name: string
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A realm is deleted, with all that it contained: that fires no events of its own. */
export type RealmDeleted = Envelope<'realm.deleted', {
  id: string
  name: string
  display_name: string
  created_at: string
  updated_at: string
  contained: Record<string, number>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A realm's settings are updated. */
export type RealmSettingsUpdated = Envelope<'realm.settings.updated', {
  retention_days: number
  retry_schedule: Array<string>
  timeout: string
  password_min_length: number
  password_reset_webhook: string | null
  secret_overlap: string
  allowed_networks?: Array<string> | null
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A webhook is created. */
export type WebhookCreated = Envelope<'webhook.created', {
  id: string
  name: string
  description: string
  url: string
  headers: Record<string, unknown>
  events: Array<string>
  enabled: boolean
  disabled_reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null
  timeout: string | null
  retry_schedule: Array<string> | null
  signing: Array<'v1' | 'v1a' | 'ferriskey'>
  rate_limit: {
    count: number
    per: string
  } | null
  max_in_flight: number | null
  ordering: 'none' | 'resource' | null
  on_exhausted: 'skip' | 'hold' | null
  realms: 'all' | null
  format: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter: unknown
  template: unknown
  authentication: {
    type: 'basic' | 'bearer' | 'oauth2'
  } | null
  tls: {
    subject?: string
    expires_at?: string
  } | null
  version?: number
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A webhook is updated, also when it was disabled because its receiver fails or answered 410. A rotated secret has changed: ["secret"]. */
export type WebhookUpdated = Envelope<'webhook.updated', {
  id: string
  name: string
  description: string
  url: string
  headers: Record<string, unknown>
  events: Array<string>
  enabled: boolean
  disabled_reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null
  timeout: string | null
  retry_schedule: Array<string> | null
  signing: Array<'v1' | 'v1a' | 'ferriskey'>
  rate_limit: {
    count: number
    per: string
  } | null
  max_in_flight: number | null
  ordering: 'none' | 'resource' | null
  on_exhausted: 'skip' | 'hold' | null
  realms: 'all' | null
  format: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter: unknown
  template: unknown
  authentication: {
    type: 'basic' | 'bearer' | 'oauth2'
  } | null
  tls: {
    subject?: string
    expires_at?: string
  } | null
  version?: number
  created_at: string
  updated_at: string
  changed: Array<string>
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** A webhook is deleted. */
export type WebhookDeleted = Envelope<'webhook.deleted', {
  id: string
  name: string
  description: string
  url: string
  headers: Record<string, unknown>
  events: Array<string>
  enabled: boolean
  disabled_reason: 'by_hand' | 'gone' | 'failing' | 'corrupt' | null
  timeout: string | null
  retry_schedule: Array<string> | null
  signing: Array<'v1' | 'v1a' | 'ferriskey'>
  rate_limit: {
    count: number
    per: string
  } | null
  max_in_flight: number | null
  ordering: 'none' | 'resource' | null
  on_exhausted: 'skip' | 'hold' | null
  realms: 'all' | null
  format: 'postrider' | 'payload' | 'cloudevents' | 'template' | 'slack' | 'discord' | 'teams' | 'pagerduty' | null
  filter: unknown
  template: unknown
  authentication: {
    type: 'basic' | 'bearer' | 'oauth2'
  } | null
  tls: {
    subject?: string
    expires_at?: string
  } | null
  version?: number
  created_at: string
  updated_at: string
  actor?: {
    kind: 'user' | 'api_key' | 'client' | 'server'
    id: string
    name: string | null
  }
  realm?: {
    id: string
    name: string
  }
}>

/** The server leaves a webhook's receiver alone, because nothing but failures came of it: deliveries wait, and one at a time is attempted, ever more seldom. A webhook of which only some deliveries fail fires postrider.delivery.failed alone. */
export type PostriderWebhookFailing = Envelope<'postrider.webhook.failing', {
  webhook: {
    id: string
    name: string
  }
  since: string
  failure: {
    outcome: string
    status: number | null
    detail: string
  }
  next_attempt_at: string
  realm: {
    id: string
    name: string
  }
}>

/** A receiver that was left alone has answered again. A webhook that is changed by hand meanwhile does not fire it. */
export type PostriderWebhookRecovered = Envelope<'postrider.webhook.recovered', {
  webhook: {
    id: string
    name: string
  }
  failing_since: string
  realm: {
    id: string
    name: string
  }
}>

/** The server has disabled a webhook: its receiver answered 410, or failed for days. It fires webhook.updated too; a webhook that is disabled by hand fires that alone. */
export type PostriderWebhookDisabled = Envelope<'postrider.webhook.disabled', {
  webhook: {
    id: string
    name: string
  }
  reason: 'gone' | 'failing'
  realm: {
    id: string
    name: string
  }
}>

/** Deliveries of a webhook have failed for good, at most one event a webhook and minute. What is cancelled, and tests, do not fire it. */
export type PostriderDeliveryFailed = Envelope<'postrider.delivery.failed', {
  webhook: {
    id: string
    name: string
  }
  count: number
  since: string
  holds_too_many: boolean
  last: {
    delivery_id: string
    event_id: string
    event: string
    reason: string
  }
  realm: {
    id: string
    name: string
  }
}>

export type BuiltInEvent =
  | UserCreated
  | UserUpdated
  | UserDeleted
  | UserRoleAssigned
  | UserRoleUnassigned
  | UserBulkDeleted
  | UserCredentialsDeleted
  | AuthResetPassword
  | ClientCreated
  | ClientUpdated
  | ClientDeleted
  | ClientRoleCreated
  | ClientRoleUpdated
  | RedirectUriCreated
  | RedirectUriUpdated
  | RedirectUriDeleted
  | RoleCreated
  | RoleUpdated
  | RoleDeleted
  | RolePermissionUpdated
  | RealmCreated
  | RealmUpdated
  | RealmDeleted
  | RealmSettingsUpdated
  | WebhookCreated
  | WebhookUpdated
  | WebhookDeleted
  | PostriderWebhookFailing
  | PostriderWebhookRecovered
  | PostriderWebhookDisabled
  | PostriderDeliveryFailed
/** Of a realm's own type, whose name is none of the built-in ones. */
export type OwnEvent = Envelope<string & {}, Record<string, unknown>>
export type PostriderEvent = BuiltInEvent | OwnEvent
/** Narrows an event to one of the built-in types. */
export function isEvent<Name extends BuiltInEvent['event']>(event: PostriderEvent, name: Name): event is Extract<BuiltInEvent, { event: Name }> {
  return event.event === name
}
