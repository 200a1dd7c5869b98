package postrider

import (
	"encoding/json"
	"time"
)

// Made from api/openapi.yaml by tools/render_sdk_types; do not edit.

// EventWrite is the contract's event_write.
type EventWrite struct {
	Event      string     `json:"event"`
	ResourceID string     `json:"resource_id"`
	Data       any        `json:"data"`
	Timestamp  *time.Time `json:"timestamp,omitempty"`
}

// PublishedEvent is the contract's published_event.
type PublishedEvent struct {
	ID         string    `json:"id"`
	Event      string    `json:"event"`
	Timestamp  time.Time `json:"timestamp"`
	ResourceID string    `json:"resource_id"`
	Deliveries int64     `json:"deliveries"`
}

// LoggedEvent is the contract's event.
type LoggedEvent struct {
	ID          string          `json:"id"`
	Event       string          `json:"event"`
	Timestamp   time.Time       `json:"timestamp"`
	ResourceID  string          `json:"resource_id"`
	Data        json.RawMessage `json:"data"`
	AcceptedAt  time.Time       `json:"accepted_at"`
	Origin      string          `json:"origin"`
	Traceparent string          `json:"traceparent,omitempty"`
	Tracestate  string          `json:"tracestate,omitempty"`
	Deliveries  *struct {
		Pending   int64 `json:"pending"`
		Delivered int64 `json:"delivered"`
		Failed    int64 `json:"failed"`
		Cancelled int64 `json:"cancelled"`
	} `json:"deliveries,omitempty"`
}

// FeedEvent is the contract's feed_event.
type FeedEvent struct {
	ID          string          `json:"id"`
	Event       string          `json:"event"`
	Timestamp   time.Time       `json:"timestamp"`
	ResourceID  string          `json:"resource_id"`
	Data        json.RawMessage `json:"data"`
	AcceptedAt  time.Time       `json:"accepted_at"`
	Origin      string          `json:"origin"`
	Traceparent string          `json:"traceparent,omitempty"`
	Tracestate  string          `json:"tracestate,omitempty"`
	Position    string          `json:"position"`
}

// WebhookWrite is the contract's webhook_write.
type WebhookWrite struct {
	Name           string             `json:"name,omitempty"`
	Description    string             `json:"description,omitempty"`
	URL            string             `json:"url"`
	Headers        map[string]*string `json:"headers,omitempty"`
	Events         []string           `json:"events"`
	Enabled        *bool              `json:"enabled,omitempty"`
	Timeout        string             `json:"timeout,omitempty"`
	RetrySchedule  []string           `json:"retry_schedule,omitzero"`
	Signing        []string           `json:"signing,omitzero"`
	RateLimit      *RateLimit         `json:"rate_limit,omitempty"`
	MaxInFlight    int64              `json:"max_in_flight,omitempty"`
	Ordering       string             `json:"ordering,omitempty"`
	OnExhausted    string             `json:"on_exhausted,omitempty"`
	Realms         string             `json:"realms,omitempty"`
	Format         string             `json:"format,omitempty"`
	Filter         map[string]any     `json:"filter,omitempty"`
	Template       any                `json:"template,omitempty"`
	Authentication *Authentication    `json:"authentication,omitempty"`
	Tls            *ReceiverTls       `json:"tls,omitempty"`
	Secret         string             `json:"secret,omitempty"`
	Keys           *WebhookKeys       `json:"keys,omitempty"`
}

// Webhook is the contract's webhook.
type Webhook struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Description    string            `json:"description"`
	URL            string            `json:"url"`
	Headers        map[string]string `json:"headers"`
	Events         []string          `json:"events"`
	Enabled        bool              `json:"enabled"`
	DisabledReason *string           `json:"disabled_reason"`
	Timeout        *string           `json:"timeout"`
	RetrySchedule  []string          `json:"retry_schedule"`
	Signing        []string          `json:"signing"`
	RateLimit      *RateLimit        `json:"rate_limit"`
	MaxInFlight    *int64            `json:"max_in_flight"`
	Ordering       *string           `json:"ordering"`
	OnExhausted    *string           `json:"on_exhausted"`
	Realms         *string           `json:"realms"`
	Format         *string           `json:"format"`
	Filter         map[string]any    `json:"filter"`
	Template       any               `json:"template"`
	Authentication *Authentication   `json:"authentication"`
	Tls            *ReceiverTls      `json:"tls"`
	CreatedAt      time.Time         `json:"created_at"`
	UpdatedAt      time.Time         `json:"updated_at"`
	Version        int64             `json:"version"`
	Health         *WebhookHealth    `json:"health,omitempty"`
}

// Secret is the contract's secret.
type Secret struct {
	Secret            string       `json:"secret,omitempty"`
	PublicKey         string       `json:"public_key,omitempty"`
	FerriskeySecret   string       `json:"ferriskey_secret,omitempty"`
	Previous          string       `json:"previous,omitempty"`
	PreviousPublicKey string       `json:"previous_public_key,omitempty"`
	PreviousExpiresAt *time.Time   `json:"previous_expires_at,omitempty"`
	Keys              *WebhookKeys `json:"keys,omitempty"`
}

// WebhookKeys is the contract's webhook_keys.
type WebhookKeys struct {
	Now               string     `json:"now,omitempty"`
	Previous          string     `json:"previous,omitempty"`
	PreviousExpiresAt *time.Time `json:"previous_expires_at,omitempty"`
}

// RateLimit is the contract's rate_limit.
type RateLimit struct {
	Count int64  `json:"count"`
	Per   string `json:"per"`
}

// Authentication is the contract's authentication.
type Authentication struct {
	Type         string `json:"type"`
	Username     string `json:"username,omitempty"`
	Password     string `json:"password,omitempty"`
	Token        string `json:"token,omitempty"`
	TokenURL     string `json:"token_url,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	Scope        string `json:"scope,omitempty"`
	Audience     string `json:"audience,omitempty"`
}

// ReceiverTls is the contract's receiver_tls.
type ReceiverTls struct {
	Ca                string     `json:"ca,omitempty"`
	ClientCertificate string     `json:"client_certificate,omitempty"`
	ClientKey         string     `json:"client_key,omitempty"`
	Subject           string     `json:"subject,omitempty"`
	ExpiresAt         *time.Time `json:"expires_at,omitempty"`
}

// WebhookHealth is the contract's webhook_health.
type WebhookHealth struct {
	Breaker         string          `json:"breaker"`
	OpenSince       *time.Time      `json:"open_since"`
	NextProbeAt     *time.Time      `json:"next_probe_at"`
	LastSuccessAt   *time.Time      `json:"last_success_at"`
	LastFailure     *WebhookFailure `json:"last_failure"`
	FailingSince    *time.Time      `json:"failing_since"`
	FailuresInRow   int64           `json:"failures_in_row"`
	Attempts24H     int64           `json:"attempts_24h"`
	Failed24H       int64           `json:"failed_24h"`
	Waiting         int64           `json:"waiting"`
	WaitingIsMore   bool            `json:"waiting_is_more"`
	OldestWaitingAt *time.Time      `json:"oldest_waiting_at"`
}

// WebhookFailure is the contract's webhook_failure.
type WebhookFailure struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"`
	Status *int64    `json:"status"`
}

// Delivery is the contract's delivery.
type Delivery struct {
	ID            string       `json:"id"`
	WebhookID     string       `json:"webhook_id"`
	EventID       string       `json:"event_id"`
	Event         string       `json:"event"`
	ResourceID    string       `json:"resource_id"`
	State         string       `json:"state"`
	Reason        *string      `json:"reason"`
	Attempts      int64        `json:"attempts"`
	CreatedAt     time.Time    `json:"created_at"`
	NextAttemptAt *time.Time   `json:"next_attempt_at"`
	DurationMS    *float64     `json:"duration_ms,omitempty"`
	LastAttemptAt *time.Time   `json:"last_attempt_at"`
	WaitingFor    *string      `json:"waiting_for"`
	WaitingUntil  *time.Time   `json:"waiting_until"`
	FinishedAt    *time.Time   `json:"finished_at"`
	Test          bool         `json:"test"`
	Ordered       bool         `json:"ordered"`
	LastOutcome   *LastOutcome `json:"last_outcome"`
}

// LastOutcome is the contract's last_outcome.
type LastOutcome struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
	Status *int64 `json:"status"`
}
