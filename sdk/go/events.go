package postrider

import "time"

// Made from the catalogue by tools/render_sdk_types; do not edit.

// The built-in event types.
const (
	EventUserCreated               = "user.created"
	EventUserUpdated               = "user.updated"
	EventUserDeleted               = "user.deleted"
	EventUserRoleAssigned          = "user.role.assigned"
	EventUserRoleUnassigned        = "user.role.unassigned"
	EventUserBulkDeleted           = "user.bulk_deleted"
	EventUserCredentialsDeleted    = "user.credentials.deleted"
	EventAuthResetPassword         = "auth.reset_password"
	EventClientCreated             = "client.created"
	EventClientUpdated             = "client.updated"
	EventClientDeleted             = "client.deleted"
	EventClientRoleCreated         = "client.role.created"
	EventClientRoleUpdated         = "client.role.updated"
	EventRedirectURICreated        = "redirect_uri.created"
	EventRedirectURIUpdated        = "redirect_uri.updated"
	EventRedirectURIDeleted        = "redirect_uri.deleted"
	EventRoleCreated               = "role.created"
	EventRoleUpdated               = "role.updated"
	EventRoleDeleted               = "role.deleted"
	EventRolePermissionUpdated     = "role.permission.updated"
	EventRealmCreated              = "realm.created"
	EventRealmUpdated              = "realm.updated"
	EventRealmDeleted              = "realm.deleted"
	EventRealmSettingsUpdated      = "realm.settings.updated"
	EventWebhookCreated            = "webhook.created"
	EventWebhookUpdated            = "webhook.updated"
	EventWebhookDeleted            = "webhook.deleted"
	EventPostriderWebhookFailing   = "postrider.webhook.failing"
	EventPostriderWebhookRecovered = "postrider.webhook.recovered"
	EventPostriderWebhookDisabled  = "postrider.webhook.disabled"
	EventPostriderDeliveryFailed   = "postrider.delivery.failed"
)

// UserCreated is the data of user.created. A user is created.
type UserCreated struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Actor         *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserUpdated is the data of user.updated. A user is updated. A password that is set or changed has changed: ["credentials"]. Roles fire user.role.assigned and user.role.unassigned instead.
type UserUpdated struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Changed       []string       `json:"changed"`
	Actor         *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserDeleted is the data of user.deleted. A user is deleted. Several users that are deleted in one call fire user.bulk_deleted instead; a realm that is deleted with its users fires realm.deleted alone.
type UserDeleted struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Actor         *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserRoleAssigned is the data of user.role.assigned. A role is assigned to a user.
type UserRoleAssigned struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Role          struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		ClientID string `json:"client_id,omitempty"`
	} `json:"role"`
	Actor *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserRoleUnassigned is the data of user.role.unassigned. A role is unassigned from a user. A role that is deleted, or whose client is, leaves its users without this event: see role.deleted and client.deleted.
type UserRoleUnassigned struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Role          struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		ClientID string `json:"client_id,omitempty"`
	} `json:"role"`
	Actor *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserBulkDeleted is the data of user.bulk_deleted. Multiple users are deleted in one call: one event about the realm, with the users' ids. None of them fires user.deleted.
type UserBulkDeleted struct {
	IDs   []string `json:"ids"`
	Actor *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// UserCredentialsDeleted is the data of user.credentials.deleted. A user's credentials are deleted. A password that is replaced fires user.updated instead.
type UserCredentialsDeleted struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Credentials   []struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"credentials"`
	Actor *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// AuthResetPassword is the data of auth.reset_password. A password reset is initiated, by the user or for them. The new password fires user.updated when it is set.
type AuthResetPassword struct {
	ID            string         `json:"id"`
	Username      string         `json:"username"`
	Email         *string        `json:"email"`
	EmailVerified bool           `json:"email_verified"`
	FirstName     string         `json:"first_name"`
	LastName      string         `json:"last_name"`
	Enabled       bool           `json:"enabled"`
	Attributes    map[string]any `json:"attributes"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	ExpiresAt     time.Time      `json:"expires_at"`
	Token         string         `json:"token,omitempty"`
	Actor         *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// ClientCreated is the data of client.created. A client is created.
type ClientCreated struct {
	ID                  string    `json:"id"`
	ClientID            string    `json:"client_id"`
	Name                string    `json:"name"`
	Description         string    `json:"description"`
	Type                string    `json:"type"`
	Enabled             bool      `json:"enabled"`
	ServiceAccountRoles []string  `json:"service_account_roles"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
	Actor               *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// ClientUpdated is the data of client.updated. A client is updated. A rotated secret has changed: ["secret"]. Its roles and redirect URIs fire events of their own.
type ClientUpdated struct {
	ID                  string    `json:"id"`
	ClientID            string    `json:"client_id"`
	Name                string    `json:"name"`
	Description         string    `json:"description"`
	Type                string    `json:"type"`
	Enabled             bool      `json:"enabled"`
	ServiceAccountRoles []string  `json:"service_account_roles"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
	Changed             []string  `json:"changed"`
	Actor               *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// ClientDeleted is the data of client.deleted. A client is deleted, with the roles and redirect URIs that it had: these fire no events of their own.
type ClientDeleted struct {
	ID                  string           `json:"id"`
	ClientID            string           `json:"client_id"`
	Name                string           `json:"name"`
	Description         string           `json:"description"`
	Type                string           `json:"type"`
	Enabled             bool             `json:"enabled"`
	ServiceAccountRoles []string         `json:"service_account_roles"`
	CreatedAt           time.Time        `json:"created_at"`
	UpdatedAt           time.Time        `json:"updated_at"`
	Contained           map[string]int64 `json:"contained"`
	Actor               *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// ClientRoleCreated is the data of client.role.created. A role is created for a client. It does not fire role.created.
type ClientRoleCreated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	ClientID    string    `json:"client_id"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// ClientRoleUpdated is the data of client.role.updated. A role of a client is updated. It does not fire role.updated; its deletion fires role.deleted.
type ClientRoleUpdated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	ClientID    string    `json:"client_id"`
	Changed     []string  `json:"changed"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RedirectURICreated is the data of redirect_uri.created. A redirect URI is created for a client.
type RedirectURICreated struct {
	ID        string    `json:"id"`
	ClientID  string    `json:"client_id"`
	Value     string    `json:"value"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RedirectURIUpdated is the data of redirect_uri.updated. A redirect URI of a client is updated.
type RedirectURIUpdated struct {
	ID        string    `json:"id"`
	ClientID  string    `json:"client_id"`
	Value     string    `json:"value"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Changed   []string  `json:"changed"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RedirectURIDeleted is the data of redirect_uri.deleted. A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires client.deleted alone.
type RedirectURIDeleted struct {
	ID        string    `json:"id"`
	ClientID  string    `json:"client_id"`
	Value     string    `json:"value"`
	Enabled   bool      `json:"enabled"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RoleCreated is the data of role.created. A role of the realm is created. A client's role fires client.role.created instead.
type RoleCreated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RoleUpdated is the data of role.updated. A role of the realm is updated. A client's role fires client.role.updated instead, and permissions that are set on their own fire role.permission.updated.
type RoleUpdated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Changed     []string  `json:"changed"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RoleDeleted is the data of role.deleted. A role is deleted, a client's role too, which has client_id. The users who had it lose it without user.role.unassigned.
type RoleDeleted struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	ClientID    string    `json:"client_id,omitempty"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RolePermissionUpdated is the data of role.permission.updated. The permissions of a role are updated.
type RolePermissionUpdated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Permissions []string  `json:"permissions"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Changed     []string  `json:"changed"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RealmCreated is the data of realm.created. A realm is created.
type RealmCreated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	DisplayName string    `json:"display_name"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RealmUpdated is the data of realm.updated. A realm is updated. Its settings fire realm.settings.updated instead.
type RealmUpdated struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	DisplayName string    `json:"display_name"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Changed     []string  `json:"changed"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RealmDeleted is the data of realm.deleted. A realm is deleted, with all that it contained: that fires no events of its own.
type RealmDeleted struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	DisplayName string           `json:"display_name"`
	CreatedAt   time.Time        `json:"created_at"`
	UpdatedAt   time.Time        `json:"updated_at"`
	Contained   map[string]int64 `json:"contained"`
	Actor       *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// RealmSettingsUpdated is the data of realm.settings.updated. A realm's settings are updated.
type RealmSettingsUpdated struct {
	RetentionDays        int64    `json:"retention_days"`
	RetrySchedule        []string `json:"retry_schedule"`
	Timeout              string   `json:"timeout"`
	PasswordMinLength    int64    `json:"password_min_length"`
	PasswordResetWebhook *string  `json:"password_reset_webhook"`
	SecretOverlap        string   `json:"secret_overlap"`
	AllowedNetworks      []string `json:"allowed_networks,omitzero"`
	Changed              []string `json:"changed"`
	Actor                *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// WebhookCreated is the data of webhook.created. A webhook is created.
type WebhookCreated struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	URL            string         `json:"url"`
	Headers        map[string]any `json:"headers"`
	Events         []string       `json:"events"`
	Enabled        bool           `json:"enabled"`
	DisabledReason *string        `json:"disabled_reason"`
	Timeout        *string        `json:"timeout"`
	RetrySchedule  []string       `json:"retry_schedule"`
	Signing        []string       `json:"signing"`
	RateLimit      *struct {
		Count int64  `json:"count"`
		Per   string `json:"per"`
	} `json:"rate_limit"`
	MaxInFlight    *int64  `json:"max_in_flight"`
	Ordering       *string `json:"ordering"`
	OnExhausted    *string `json:"on_exhausted"`
	Realms         *string `json:"realms"`
	Format         *string `json:"format"`
	Filter         any     `json:"filter"`
	Template       any     `json:"template"`
	Authentication *struct {
		Type string `json:"type"`
	} `json:"authentication"`
	Tls *struct {
		Subject   string     `json:"subject,omitempty"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	} `json:"tls"`
	Version   int64     `json:"version,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// WebhookUpdated is the data of webhook.updated. A webhook is updated, also when it was disabled because its receiver fails or answered 410. A rotated secret has changed: ["secret"].
type WebhookUpdated struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	URL            string         `json:"url"`
	Headers        map[string]any `json:"headers"`
	Events         []string       `json:"events"`
	Enabled        bool           `json:"enabled"`
	DisabledReason *string        `json:"disabled_reason"`
	Timeout        *string        `json:"timeout"`
	RetrySchedule  []string       `json:"retry_schedule"`
	Signing        []string       `json:"signing"`
	RateLimit      *struct {
		Count int64  `json:"count"`
		Per   string `json:"per"`
	} `json:"rate_limit"`
	MaxInFlight    *int64  `json:"max_in_flight"`
	Ordering       *string `json:"ordering"`
	OnExhausted    *string `json:"on_exhausted"`
	Realms         *string `json:"realms"`
	Format         *string `json:"format"`
	Filter         any     `json:"filter"`
	Template       any     `json:"template"`
	Authentication *struct {
		Type string `json:"type"`
	} `json:"authentication"`
	Tls *struct {
		Subject   string     `json:"subject,omitempty"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	} `json:"tls"`
	Version   int64     `json:"version,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Changed   []string  `json:"changed"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// WebhookDeleted is the data of webhook.deleted. A webhook is deleted.
type WebhookDeleted struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Description    string         `json:"description"`
	URL            string         `json:"url"`
	Headers        map[string]any `json:"headers"`
	Events         []string       `json:"events"`
	Enabled        bool           `json:"enabled"`
	DisabledReason *string        `json:"disabled_reason"`
	Timeout        *string        `json:"timeout"`
	RetrySchedule  []string       `json:"retry_schedule"`
	Signing        []string       `json:"signing"`
	RateLimit      *struct {
		Count int64  `json:"count"`
		Per   string `json:"per"`
	} `json:"rate_limit"`
	MaxInFlight    *int64  `json:"max_in_flight"`
	Ordering       *string `json:"ordering"`
	OnExhausted    *string `json:"on_exhausted"`
	Realms         *string `json:"realms"`
	Format         *string `json:"format"`
	Filter         any     `json:"filter"`
	Template       any     `json:"template"`
	Authentication *struct {
		Type string `json:"type"`
	} `json:"authentication"`
	Tls *struct {
		Subject   string     `json:"subject,omitempty"`
		ExpiresAt *time.Time `json:"expires_at,omitempty"`
	} `json:"tls"`
	Version   int64     `json:"version,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Actor     *struct {
		Kind string  `json:"kind"`
		ID   string  `json:"id"`
		Name *string `json:"name"`
	} `json:"actor,omitempty"`
	Realm *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm,omitempty"`
}

// PostriderWebhookFailing is the data of postrider.webhook.failing. The server leaves a webhook's receiver alone, because nothing but failures came of it: deliveries wait, and one at a time is attempted, ever more seldom. A webhook of which only some deliveries fail fires postrider.delivery.failed alone.
type PostriderWebhookFailing struct {
	Webhook struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"webhook"`
	Since   time.Time `json:"since"`
	Failure struct {
		Outcome string `json:"outcome"`
		Status  *int64 `json:"status"`
		Detail  string `json:"detail"`
	} `json:"failure"`
	NextAttemptAt time.Time `json:"next_attempt_at"`
	Realm         struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm"`
}

// PostriderWebhookRecovered is the data of postrider.webhook.recovered. A receiver that was left alone has answered again. A webhook that is changed by hand meanwhile does not fire it.
type PostriderWebhookRecovered struct {
	Webhook struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"webhook"`
	FailingSince time.Time `json:"failing_since"`
	Realm        struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm"`
}

// PostriderWebhookDisabled is the data of postrider.webhook.disabled. The server has disabled a webhook: its receiver answered 410, or failed for days. It fires webhook.updated too; a webhook that is disabled by hand fires that alone.
type PostriderWebhookDisabled struct {
	Webhook struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"webhook"`
	Reason string `json:"reason"`
	Realm  struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm"`
}

// PostriderDeliveryFailed is the data of postrider.delivery.failed. Deliveries of a webhook have failed for good, at most one event a webhook and minute. What is cancelled, and tests, do not fire it.
type PostriderDeliveryFailed struct {
	Webhook struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"webhook"`
	Count        int64     `json:"count"`
	Since        time.Time `json:"since"`
	HoldsTooMany bool      `json:"holds_too_many"`
	Last         struct {
		DeliveryID string `json:"delivery_id"`
		EventID    string `json:"event_id"`
		Event      string `json:"event"`
		Reason     string `json:"reason"`
	} `json:"last"`
	Realm struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"realm"`
}
