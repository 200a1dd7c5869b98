"""What arrives, by its `event`. Made from the catalogue by tools/render_sdk_types; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Literal, Optional, Type, TypedDict, TypeVar, Union

if TYPE_CHECKING:
    from typing_extensions import TypeGuard  # of Python 3.10


class _UserCreatedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str


class UserCreatedData(_UserCreatedData, total=False):
    """A user is created."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserCreated(TypedDict):
    event: Literal["user.created"]
    timestamp: str
    resource_id: str
    data: UserCreatedData


class _UserUpdatedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str
    changed: List[str]


class UserUpdatedData(_UserUpdatedData, total=False):
    """A user is updated. A password that is set or changed has changed: ["credentials"]. Roles fire user.role.assigned and user.role.unassigned instead."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserUpdated(TypedDict):
    event: Literal["user.updated"]
    timestamp: str
    resource_id: str
    data: UserUpdatedData


class _UserDeletedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str


class UserDeletedData(_UserDeletedData, total=False):
    """A user is deleted. Several users that are deleted in one call fire user.bulk_deleted instead; a realm that is deleted with its users fires realm.deleted alone."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserDeleted(TypedDict):
    event: Literal["user.deleted"]
    timestamp: str
    resource_id: str
    data: UserDeletedData


class _UserRoleAssignedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str
    role: Dict[str, Any]


class UserRoleAssignedData(_UserRoleAssignedData, total=False):
    """A role is assigned to a user."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserRoleAssigned(TypedDict):
    event: Literal["user.role.assigned"]
    timestamp: str
    resource_id: str
    data: UserRoleAssignedData


class _UserRoleUnassignedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str
    role: Dict[str, Any]


class UserRoleUnassignedData(_UserRoleUnassignedData, total=False):
    """A role is unassigned from a user. A role that is deleted, or whose client is, leaves its users without this event: see role.deleted and client.deleted."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserRoleUnassigned(TypedDict):
    event: Literal["user.role.unassigned"]
    timestamp: str
    resource_id: str
    data: UserRoleUnassignedData


class _UserBulkDeletedData(TypedDict):
    ids: List[str]


class UserBulkDeletedData(_UserBulkDeletedData, total=False):
    """Multiple users are deleted in one call: one event about the realm, with the users' ids. None of them fires user.deleted."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserBulkDeleted(TypedDict):
    event: Literal["user.bulk_deleted"]
    timestamp: str
    resource_id: str
    data: UserBulkDeletedData


class _UserCredentialsDeletedData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str
    credentials: List[Dict[str, Any]]


class UserCredentialsDeletedData(_UserCredentialsDeletedData, total=False):
    """A user's credentials are deleted. A password that is replaced fires user.updated instead."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class UserCredentialsDeleted(TypedDict):
    event: Literal["user.credentials.deleted"]
    timestamp: str
    resource_id: str
    data: UserCredentialsDeletedData


class _AuthResetPasswordData(TypedDict):
    id: str
    username: str
    email: Optional[str]
    email_verified: bool
    first_name: str
    last_name: str
    enabled: bool
    attributes: Dict[str, Any]
    created_at: str
    updated_at: str
    expires_at: str


class AuthResetPasswordData(_AuthResetPasswordData, total=False):
    """A password reset is initiated, by the user or for them. The new password fires user.updated when it is set."""

    token: str
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class AuthResetPassword(TypedDict):
    event: Literal["auth.reset_password"]
    timestamp: str
    resource_id: str
    data: AuthResetPasswordData


class _ClientCreatedData(TypedDict):
    id: str
    client_id: str
    name: str
    description: str
    type: Literal["public", "confidential"]
    enabled: bool
    service_account_roles: List[str]
    created_at: str
    updated_at: str


class ClientCreatedData(_ClientCreatedData, total=False):
    """A client is created."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class ClientCreated(TypedDict):
    event: Literal["client.created"]
    timestamp: str
    resource_id: str
    data: ClientCreatedData


class _ClientUpdatedData(TypedDict):
    id: str
    client_id: str
    name: str
    description: str
    type: Literal["public", "confidential"]
    enabled: bool
    service_account_roles: List[str]
    created_at: str
    updated_at: str
    changed: List[str]


class ClientUpdatedData(_ClientUpdatedData, total=False):
    """A client is updated. A rotated secret has changed: ["secret"]. Its roles and redirect URIs fire events of their own."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class ClientUpdated(TypedDict):
    event: Literal["client.updated"]
    timestamp: str
    resource_id: str
    data: ClientUpdatedData


class _ClientDeletedData(TypedDict):
    id: str
    client_id: str
    name: str
    description: str
    type: Literal["public", "confidential"]
    enabled: bool
    service_account_roles: List[str]
    created_at: str
    updated_at: str
    contained: Dict[str, int]


class ClientDeletedData(_ClientDeletedData, total=False):
    """A client is deleted, with the roles and redirect URIs that it had: these fire no events of their own."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class ClientDeleted(TypedDict):
    event: Literal["client.deleted"]
    timestamp: str
    resource_id: str
    data: ClientDeletedData


class _ClientRoleCreatedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    client_id: str


class ClientRoleCreatedData(_ClientRoleCreatedData, total=False):
    """A role is created for a client. It does not fire role.created."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class ClientRoleCreated(TypedDict):
    event: Literal["client.role.created"]
    timestamp: str
    resource_id: str
    data: ClientRoleCreatedData


class _ClientRoleUpdatedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    client_id: str
    changed: List[str]


class ClientRoleUpdatedData(_ClientRoleUpdatedData, total=False):
    """A role of a client is updated. It does not fire role.updated; its deletion fires role.deleted."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class ClientRoleUpdated(TypedDict):
    event: Literal["client.role.updated"]
    timestamp: str
    resource_id: str
    data: ClientRoleUpdatedData


class _RedirectUriCreatedData(TypedDict):
    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str


class RedirectUriCreatedData(_RedirectUriCreatedData, total=False):
    """A redirect URI is created for a client."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RedirectUriCreated(TypedDict):
    event: Literal["redirect_uri.created"]
    timestamp: str
    resource_id: str
    data: RedirectUriCreatedData


class _RedirectUriUpdatedData(TypedDict):
    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str
    changed: List[str]


class RedirectUriUpdatedData(_RedirectUriUpdatedData, total=False):
    """A redirect URI of a client is updated."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RedirectUriUpdated(TypedDict):
    event: Literal["redirect_uri.updated"]
    timestamp: str
    resource_id: str
    data: RedirectUriUpdatedData


class _RedirectUriDeletedData(TypedDict):
    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str


class RedirectUriDeletedData(_RedirectUriDeletedData, total=False):
    """A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires client.deleted alone."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RedirectUriDeleted(TypedDict):
    event: Literal["redirect_uri.deleted"]
    timestamp: str
    resource_id: str
    data: RedirectUriDeletedData


class _RoleCreatedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str


class RoleCreatedData(_RoleCreatedData, total=False):
    """A role of the realm is created. A client's role fires client.role.created instead."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RoleCreated(TypedDict):
    event: Literal["role.created"]
    timestamp: str
    resource_id: str
    data: RoleCreatedData


class _RoleUpdatedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    changed: List[str]


class RoleUpdatedData(_RoleUpdatedData, total=False):
    """A role of the realm is updated. A client's role fires client.role.updated instead, and permissions that are set on their own fire role.permission.updated."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RoleUpdated(TypedDict):
    event: Literal["role.updated"]
    timestamp: str
    resource_id: str
    data: RoleUpdatedData


class _RoleDeletedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str


class RoleDeletedData(_RoleDeletedData, total=False):
    """A role is deleted, a client's role too, which has client_id. The users who had it lose it without user.role.unassigned."""

    client_id: str
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RoleDeleted(TypedDict):
    event: Literal["role.deleted"]
    timestamp: str
    resource_id: str
    data: RoleDeletedData


class _RolePermissionUpdatedData(TypedDict):
    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    changed: List[str]


class RolePermissionUpdatedData(_RolePermissionUpdatedData, total=False):
    """The permissions of a role are updated."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RolePermissionUpdated(TypedDict):
    event: Literal["role.permission.updated"]
    timestamp: str
    resource_id: str
    data: RolePermissionUpdatedData


class _RealmCreatedData(TypedDict):
    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str


class RealmCreatedData(_RealmCreatedData, total=False):
    """A realm is created."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RealmCreated(TypedDict):
    event: Literal["realm.created"]
    timestamp: str
    resource_id: str
    data: RealmCreatedData


class _RealmUpdatedData(TypedDict):
    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str
    changed: List[str]


class RealmUpdatedData(_RealmUpdatedData, total=False):
    """A realm is updated. Its settings fire realm.settings.updated instead."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RealmUpdated(TypedDict):
    event: Literal["realm.updated"]
    timestamp: str
    resource_id: str
    data: RealmUpdatedData


class _RealmDeletedData(TypedDict):
    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str
    contained: Dict[str, int]


class RealmDeletedData(_RealmDeletedData, total=False):
    """A realm is deleted, with all that it contained: that fires no events of its own."""

    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RealmDeleted(TypedDict):
    event: Literal["realm.deleted"]
    timestamp: str
    resource_id: str
    data: RealmDeletedData


class _RealmSettingsUpdatedData(TypedDict):
    retention_days: int
    retry_schedule: List[str]
    timeout: str
    password_min_length: int
    password_reset_webhook: Optional[str]
    secret_overlap: str
    changed: List[str]


class RealmSettingsUpdatedData(_RealmSettingsUpdatedData, total=False):
    """A realm's settings are updated."""

    allowed_networks: Optional[List[str]]
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class RealmSettingsUpdated(TypedDict):
    event: Literal["realm.settings.updated"]
    timestamp: str
    resource_id: str
    data: RealmSettingsUpdatedData


class _WebhookCreatedData(TypedDict):
    id: str
    name: str
    description: str
    url: str
    headers: Dict[str, Any]
    events: List[str]
    enabled: bool
    disabled_reason: Optional[Literal["by_hand", "gone", "failing", "corrupt"]]
    timeout: Optional[str]
    retry_schedule: Optional[List[str]]
    signing: List[Literal["v1", "v1a", "ferriskey"]]
    rate_limit: Optional[Dict[str, Any]]
    max_in_flight: Optional[int]
    ordering: Optional[Literal["none", "resource"]]
    on_exhausted: Optional[Literal["skip", "hold"]]
    realms: Optional[Literal["all"]]
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    tls: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str


class WebhookCreatedData(_WebhookCreatedData, total=False):
    """A webhook is created."""

    version: int
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class WebhookCreated(TypedDict):
    event: Literal["webhook.created"]
    timestamp: str
    resource_id: str
    data: WebhookCreatedData


class _WebhookUpdatedData(TypedDict):
    id: str
    name: str
    description: str
    url: str
    headers: Dict[str, Any]
    events: List[str]
    enabled: bool
    disabled_reason: Optional[Literal["by_hand", "gone", "failing", "corrupt"]]
    timeout: Optional[str]
    retry_schedule: Optional[List[str]]
    signing: List[Literal["v1", "v1a", "ferriskey"]]
    rate_limit: Optional[Dict[str, Any]]
    max_in_flight: Optional[int]
    ordering: Optional[Literal["none", "resource"]]
    on_exhausted: Optional[Literal["skip", "hold"]]
    realms: Optional[Literal["all"]]
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    tls: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str
    changed: List[str]


class WebhookUpdatedData(_WebhookUpdatedData, total=False):
    """A webhook is updated, also when it was disabled because its receiver fails or answered 410. A rotated secret has changed: ["secret"]."""

    version: int
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class WebhookUpdated(TypedDict):
    event: Literal["webhook.updated"]
    timestamp: str
    resource_id: str
    data: WebhookUpdatedData


class _WebhookDeletedData(TypedDict):
    id: str
    name: str
    description: str
    url: str
    headers: Dict[str, Any]
    events: List[str]
    enabled: bool
    disabled_reason: Optional[Literal["by_hand", "gone", "failing", "corrupt"]]
    timeout: Optional[str]
    retry_schedule: Optional[List[str]]
    signing: List[Literal["v1", "v1a", "ferriskey"]]
    rate_limit: Optional[Dict[str, Any]]
    max_in_flight: Optional[int]
    ordering: Optional[Literal["none", "resource"]]
    on_exhausted: Optional[Literal["skip", "hold"]]
    realms: Optional[Literal["all"]]
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    tls: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str


class WebhookDeletedData(_WebhookDeletedData, total=False):
    """A webhook is deleted."""

    version: int
    actor: Dict[str, Any]
    realm: Dict[str, Any]


class WebhookDeleted(TypedDict):
    event: Literal["webhook.deleted"]
    timestamp: str
    resource_id: str
    data: WebhookDeletedData


class PostriderWebhookFailingData(TypedDict):
    """The server leaves a webhook's receiver alone, because nothing but failures came of it: deliveries wait, and one at a time is attempted, ever more seldom. A webhook of which only some deliveries fail fires postrider.delivery.failed alone."""

    webhook: Dict[str, Any]
    since: str
    failure: Dict[str, Any]
    next_attempt_at: str
    realm: Dict[str, Any]


class PostriderWebhookFailing(TypedDict):
    event: Literal["postrider.webhook.failing"]
    timestamp: str
    resource_id: str
    data: PostriderWebhookFailingData


class PostriderWebhookRecoveredData(TypedDict):
    """A receiver that was left alone has answered again. A webhook that is changed by hand meanwhile does not fire it."""

    webhook: Dict[str, Any]
    failing_since: str
    realm: Dict[str, Any]


class PostriderWebhookRecovered(TypedDict):
    event: Literal["postrider.webhook.recovered"]
    timestamp: str
    resource_id: str
    data: PostriderWebhookRecoveredData


class PostriderWebhookDisabledData(TypedDict):
    """The server has disabled a webhook: its receiver answered 410, or failed for days. It fires webhook.updated too; a webhook that is disabled by hand fires that alone."""

    webhook: Dict[str, Any]
    reason: Literal["gone", "failing"]
    realm: Dict[str, Any]


class PostriderWebhookDisabled(TypedDict):
    event: Literal["postrider.webhook.disabled"]
    timestamp: str
    resource_id: str
    data: PostriderWebhookDisabledData


class PostriderDeliveryFailedData(TypedDict):
    """Deliveries of a webhook have failed for good, at most one event a webhook and minute. What is cancelled, and tests, do not fire it."""

    webhook: Dict[str, Any]
    count: int
    since: str
    holds_too_many: bool
    last: Dict[str, Any]
    realm: Dict[str, Any]


class PostriderDeliveryFailed(TypedDict):
    event: Literal["postrider.delivery.failed"]
    timestamp: str
    resource_id: str
    data: PostriderDeliveryFailedData


class OwnEvent(TypedDict):
    """Of a realm's own type."""

    event: str
    timestamp: str
    resource_id: str
    data: Dict[str, Any]


Event = Union[
    UserCreated,
    UserUpdated,
    UserDeleted,
    UserRoleAssigned,
    UserRoleUnassigned,
    UserBulkDeleted,
    UserCredentialsDeleted,
    AuthResetPassword,
    ClientCreated,
    ClientUpdated,
    ClientDeleted,
    ClientRoleCreated,
    ClientRoleUpdated,
    RedirectUriCreated,
    RedirectUriUpdated,
    RedirectUriDeleted,
    RoleCreated,
    RoleUpdated,
    RoleDeleted,
    RolePermissionUpdated,
    RealmCreated,
    RealmUpdated,
    RealmDeleted,
    RealmSettingsUpdated,
    WebhookCreated,
    WebhookUpdated,
    WebhookDeleted,
    PostriderWebhookFailing,
    PostriderWebhookRecovered,
    PostriderWebhookDisabled,
    PostriderDeliveryFailed,
    OwnEvent,
]
_NAMES = {
    "user.created": UserCreated,
    "user.updated": UserUpdated,
    "user.deleted": UserDeleted,
    "user.role.assigned": UserRoleAssigned,
    "user.role.unassigned": UserRoleUnassigned,
    "user.bulk_deleted": UserBulkDeleted,
    "user.credentials.deleted": UserCredentialsDeleted,
    "auth.reset_password": AuthResetPassword,
    "client.created": ClientCreated,
    "client.updated": ClientUpdated,
    "client.deleted": ClientDeleted,
    "client.role.created": ClientRoleCreated,
    "client.role.updated": ClientRoleUpdated,
    "redirect_uri.created": RedirectUriCreated,
    "redirect_uri.updated": RedirectUriUpdated,
    "redirect_uri.deleted": RedirectUriDeleted,
    "role.created": RoleCreated,
    "role.updated": RoleUpdated,
    "role.deleted": RoleDeleted,
    "role.permission.updated": RolePermissionUpdated,
    "realm.created": RealmCreated,
    "realm.updated": RealmUpdated,
    "realm.deleted": RealmDeleted,
    "realm.settings.updated": RealmSettingsUpdated,
    "webhook.created": WebhookCreated,
    "webhook.updated": WebhookUpdated,
    "webhook.deleted": WebhookDeleted,
    "postrider.webhook.failing": PostriderWebhookFailing,
    "postrider.webhook.recovered": PostriderWebhookRecovered,
    "postrider.webhook.disabled": PostriderWebhookDisabled,
    "postrider.delivery.failed": PostriderDeliveryFailed,
}
_Kind = TypeVar("_Kind")


def is_event(event: Event, kind: Type[_Kind]) -> TypeGuard[_Kind]:
    """Whether it is of a built-in type, UserCreated: type checkers know its data from there on."""
    return _NAMES.get(event["event"]) is kind
