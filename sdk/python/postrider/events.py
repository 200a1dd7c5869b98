"""What arrives, by its `event`. Made from the catalogue by tools/render_sdk_types; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Literal, Optional, Type, TypedDict, TypeVar, Union

if TYPE_CHECKING:
    from typing_extensions import TypeGuard  # of Python 3.10


class UserCreatedData(TypedDict):
    """A user is created."""

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


class UserCreated(TypedDict):
    event: Literal["user.created"]
    timestamp: str
    resource_id: str
    data: UserCreatedData


class UserUpdatedData(TypedDict):
    """A user is updated. A password that is set or changed has changed: ["credentials"]. Roles fire user.role.assigned and user.role.unassigned instead."""

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


class UserUpdated(TypedDict):
    event: Literal["user.updated"]
    timestamp: str
    resource_id: str
    data: UserUpdatedData


class UserDeletedData(TypedDict):
    """A user is deleted. Several users that are deleted in one call fire user.bulk_deleted instead; a realm that is deleted with its users fires realm.deleted alone."""

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


class UserDeleted(TypedDict):
    event: Literal["user.deleted"]
    timestamp: str
    resource_id: str
    data: UserDeletedData


class UserRoleAssignedData(TypedDict):
    """A role is assigned to a user."""

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


class UserRoleAssigned(TypedDict):
    event: Literal["user.role.assigned"]
    timestamp: str
    resource_id: str
    data: UserRoleAssignedData


class UserRoleUnassignedData(TypedDict):
    """A role is unassigned from a user. A role that is deleted, or whose client is, leaves its users without this event: see role.deleted and client.deleted."""

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


class UserRoleUnassigned(TypedDict):
    event: Literal["user.role.unassigned"]
    timestamp: str
    resource_id: str
    data: UserRoleUnassignedData


class UserBulkDeletedData(TypedDict):
    """Multiple users are deleted in one call: one event about the realm, with the users' ids. None of them fires user.deleted."""

    ids: List[str]


class UserBulkDeleted(TypedDict):
    event: Literal["user.bulk_deleted"]
    timestamp: str
    resource_id: str
    data: UserBulkDeletedData


class UserCredentialsDeletedData(TypedDict):
    """A user's credentials are deleted. A password that is replaced fires user.updated instead."""

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


class AuthResetPassword(TypedDict):
    event: Literal["auth.reset_password"]
    timestamp: str
    resource_id: str
    data: AuthResetPasswordData


class ClientCreatedData(TypedDict):
    """A client is created."""

    id: str
    client_id: str
    name: str
    description: str
    type: Literal["public", "confidential"]
    enabled: bool
    service_account_roles: List[str]
    created_at: str
    updated_at: str


class ClientCreated(TypedDict):
    event: Literal["client.created"]
    timestamp: str
    resource_id: str
    data: ClientCreatedData


class ClientUpdatedData(TypedDict):
    """A client is updated. A rotated secret has changed: ["secret"]. Its roles and redirect URIs fire events of their own."""

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


class ClientUpdated(TypedDict):
    event: Literal["client.updated"]
    timestamp: str
    resource_id: str
    data: ClientUpdatedData


class ClientDeletedData(TypedDict):
    """A client is deleted, with the roles and redirect URIs that it had: these fire no events of their own."""

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


class ClientDeleted(TypedDict):
    event: Literal["client.deleted"]
    timestamp: str
    resource_id: str
    data: ClientDeletedData


class ClientRoleCreatedData(TypedDict):
    """A role is created for a client. It does not fire role.created."""

    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    client_id: str


class ClientRoleCreated(TypedDict):
    event: Literal["client.role.created"]
    timestamp: str
    resource_id: str
    data: ClientRoleCreatedData


class ClientRoleUpdatedData(TypedDict):
    """A role of a client is updated. It does not fire role.updated; its deletion fires role.deleted."""

    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    client_id: str
    changed: List[str]


class ClientRoleUpdated(TypedDict):
    event: Literal["client.role.updated"]
    timestamp: str
    resource_id: str
    data: ClientRoleUpdatedData


class RedirectUriCreatedData(TypedDict):
    """A redirect URI is created for a client."""

    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str


class RedirectUriCreated(TypedDict):
    event: Literal["redirect_uri.created"]
    timestamp: str
    resource_id: str
    data: RedirectUriCreatedData


class RedirectUriUpdatedData(TypedDict):
    """A redirect URI of a client is updated."""

    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str
    changed: List[str]


class RedirectUriUpdated(TypedDict):
    event: Literal["redirect_uri.updated"]
    timestamp: str
    resource_id: str
    data: RedirectUriUpdatedData


class RedirectUriDeletedData(TypedDict):
    """A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires client.deleted alone."""

    id: str
    client_id: str
    value: str
    enabled: bool
    created_at: str
    updated_at: str


class RedirectUriDeleted(TypedDict):
    event: Literal["redirect_uri.deleted"]
    timestamp: str
    resource_id: str
    data: RedirectUriDeletedData


class RoleCreatedData(TypedDict):
    """A role of the realm is created. A client's role fires client.role.created instead."""

    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str


class RoleCreated(TypedDict):
    event: Literal["role.created"]
    timestamp: str
    resource_id: str
    data: RoleCreatedData


class RoleUpdatedData(TypedDict):
    """A role of the realm is updated. A client's role fires client.role.updated instead, and permissions that are set on their own fire role.permission.updated."""

    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    changed: List[str]


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


class RoleDeleted(TypedDict):
    event: Literal["role.deleted"]
    timestamp: str
    resource_id: str
    data: RoleDeletedData


class RolePermissionUpdatedData(TypedDict):
    """The permissions of a role are updated."""

    id: str
    name: str
    description: str
    permissions: List[str]
    created_at: str
    updated_at: str
    changed: List[str]


class RolePermissionUpdated(TypedDict):
    event: Literal["role.permission.updated"]
    timestamp: str
    resource_id: str
    data: RolePermissionUpdatedData


class RealmCreatedData(TypedDict):
    """A realm is created."""

    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str


class RealmCreated(TypedDict):
    event: Literal["realm.created"]
    timestamp: str
    resource_id: str
    data: RealmCreatedData


class RealmUpdatedData(TypedDict):
    """A realm is updated. Its settings fire realm.settings.updated instead."""

    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str
    changed: List[str]


class RealmUpdated(TypedDict):
    event: Literal["realm.updated"]
    timestamp: str
    resource_id: str
    data: RealmUpdatedData


class RealmDeletedData(TypedDict):
    """A realm is deleted, with all that it contained: that fires no events of its own."""

    id: str
    name: str
    display_name: str
    created_at: str
    updated_at: str
    contained: Dict[str, int]


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
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str


class WebhookCreatedData(_WebhookCreatedData, total=False):
    """A webhook is created."""

    version: int


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
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str
    changed: List[str]


class WebhookUpdatedData(_WebhookUpdatedData, total=False):
    """A webhook is updated, also when it was disabled because its receiver fails or answered 410. A rotated secret has changed: ["secret"]."""

    version: int


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
    format: Optional[Literal["postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"]]
    filter: Any
    template: Any
    authentication: Optional[Dict[str, Any]]
    created_at: str
    updated_at: str


class WebhookDeletedData(_WebhookDeletedData, total=False):
    """A webhook is deleted."""

    version: int


class WebhookDeleted(TypedDict):
    event: Literal["webhook.deleted"]
    timestamp: str
    resource_id: str
    data: WebhookDeletedData


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
}
_Kind = TypeVar("_Kind")


def is_event(event: Event, kind: Type[_Kind]) -> TypeGuard[_Kind]:
    """Whether it is of a built-in type, UserCreated: type checkers know its data from there on."""
    return _NAMES.get(event["event"]) is kind
