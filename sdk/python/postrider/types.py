"""What the API takes and gives. Made from api/openapi.yaml by tools/render_sdk_types; do not edit."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict


class _EventWrite(TypedDict):
    event: str
    resource_id: str
    data: Dict[str, Any]


class EventWrite(_EventWrite, total=False):
    timestamp: str


class PublishedEvent(TypedDict):
    id: str
    event: str
    timestamp: str
    resource_id: str
    deliveries: int


class _LoggedEvent(TypedDict):
    id: str
    event: str
    timestamp: str
    resource_id: str
    data: Dict[str, Any]
    accepted_at: str
    origin: Literal["directory", "api", "test"]


class LoggedEvent(_LoggedEvent, total=False):
    traceparent: str
    tracestate: str
    deliveries: Dict[str, Any]


class _FeedEvent(TypedDict):
    id: str
    event: str
    timestamp: str
    resource_id: str
    data: Dict[str, Any]
    accepted_at: str
    origin: Literal["directory", "api"]
    position: str


class FeedEvent(_FeedEvent, total=False):
    traceparent: str
    tracestate: str


class _WebhookWrite(TypedDict):
    url: str
    events: List[str]


class WebhookWrite(_WebhookWrite, total=False):
    name: str
    description: str
    headers: Dict[str, Optional[str]]
    enabled: bool
    timeout: Optional[str]
    retry_schedule: Optional[List[str]]
    signing: Optional[List[Literal["v1", "v1a", "ferriskey"]]]
    rate_limit: Optional["RateLimit"]
    max_in_flight: Optional[int]
    ordering: Optional[Literal["none", "resource"]]
    on_exhausted: Optional[Literal["skip", "hold"]]
    realms: Optional[Literal["all"]]
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Optional[Dict[str, Any]]
    template: Any
    authentication: Optional["Authentication"]
    tls: Optional["ReceiverTls"]
    secret: str
    keys: "WebhookKeys"


class _Webhook(TypedDict):
    id: str
    name: str
    description: str
    url: str
    headers: Dict[str, str]
    events: List[str]
    enabled: bool
    disabled_reason: Optional[Literal["by_hand", "gone", "failing", "corrupt"]]
    timeout: Optional[str]
    retry_schedule: Optional[List[str]]
    signing: List[Literal["v1", "v1a", "ferriskey"]]
    rate_limit: Optional["RateLimit"]
    max_in_flight: Optional[int]
    ordering: Optional[Literal["none", "resource"]]
    on_exhausted: Optional[Literal["skip", "hold"]]
    realms: Optional[Literal["all"]]
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Optional[Dict[str, Any]]
    template: Any
    authentication: Optional["Authentication"]
    tls: Optional["ReceiverTls"]
    created_at: str
    updated_at: str
    version: int


class Webhook(_Webhook, total=False):
    health: "WebhookHealth"


class Secret(TypedDict, total=False):
    secret: str
    public_key: str
    ferriskey_secret: str
    previous: str
    previous_public_key: str
    previous_expires_at: str
    keys: "WebhookKeys"


class WebhookKeys(TypedDict, total=False):
    now: str
    previous: str
    previous_expires_at: str


class RateLimit(TypedDict):
    count: int
    per: str


class _Authentication(TypedDict):
    type: Literal["basic", "bearer", "oauth2"]


class Authentication(_Authentication, total=False):
    username: str
    password: str
    token: str
    token_url: str
    client_id: str
    client_secret: str
    scope: str
    audience: str


class ReceiverTls(TypedDict, total=False):
    ca: Optional[str]
    client_certificate: Optional[str]
    client_key: Optional[str]
    subject: str
    expires_at: str


class WebhookHealth(TypedDict):
    breaker: Literal["closed", "open"]
    open_since: Optional[str]
    next_probe_at: Optional[str]
    last_success_at: Optional[str]
    last_failure: Optional["WebhookFailure"]
    failing_since: Optional[str]
    failures_in_row: int
    attempts_24h: int
    failed_24h: int
    waiting: int
    waiting_is_more: bool
    oldest_waiting_at: Optional[str]


class WebhookFailure(TypedDict):
    at: str
    kind: Literal["internal", "transport", "response"]
    reason: Literal["accepted", "refused_by_status", "gone", "dns_failed", "dns_timeout", "address_blocked", "connect_failed", "connect_timeout", "tls_failed", "tls_timeout", "send_failed", "response_timeout", "response_broken", "token_failed", "resolver_busy", "out_of_descriptors", "unsealable", "shutting_down", "unrenderable", "proxy_failed"]
    status: Optional[int]


class _Delivery(TypedDict):
    id: str
    webhook_id: str
    event_id: str
    event: str
    resource_id: str
    state: Literal["pending", "delivered", "failed", "cancelled"]
    reason: Optional[str]
    attempts: int
    created_at: str
    next_attempt_at: Optional[str]
    last_attempt_at: Optional[str]
    waiting_for: Optional[Literal["retry", "authentication", "rate_limit", "max_in_flight", "breaker", "turn", "order"]]
    waiting_until: Optional[str]
    finished_at: Optional[str]
    test: bool
    ordered: bool
    last_outcome: Optional["LastOutcome"]


class Delivery(_Delivery, total=False):
    duration_ms: Optional[float]


class LastOutcome(TypedDict):
    kind: Literal["internal", "transport", "response"]
    reason: Literal["accepted", "refused_by_status", "gone", "dns_failed", "dns_timeout", "address_blocked", "connect_failed", "connect_timeout", "tls_failed", "tls_timeout", "send_failed", "response_timeout", "response_broken", "token_failed", "resolver_busy", "out_of_descriptors", "unsealable", "shutting_down", "unrenderable", "proxy_failed"]
    detail: str
    status: Optional[int]
