"""What arrives, by its `event`. Made from the catalogue by tools/render_sdk_events; do not edit."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union

#: A user is created.
UserCreatedData = TypedDict("UserCreatedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
}, total=False)


class UserCreated(TypedDict):
    event: Literal["user.created"]
    timestamp: str
    resource_id: str
    data: UserCreatedData


#: A user is updated. A password that is set or changed has changed: ["credentials"]. Roles fire user.role.assigned and user.role.unassigned instead.
UserUpdatedData = TypedDict("UserUpdatedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class UserUpdated(TypedDict):
    event: Literal["user.updated"]
    timestamp: str
    resource_id: str
    data: UserUpdatedData


#: A user is deleted. Several users that are deleted in one call fire user.bulk_deleted instead; a realm that is deleted with its users fires realm.deleted alone.
UserDeletedData = TypedDict("UserDeletedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
}, total=False)


class UserDeleted(TypedDict):
    event: Literal["user.deleted"]
    timestamp: str
    resource_id: str
    data: UserDeletedData


#: A role is assigned to a user.
UserRoleAssignedData = TypedDict("UserRoleAssignedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
    "role": Dict[str, Any],
}, total=False)


class UserRoleAssigned(TypedDict):
    event: Literal["user.role.assigned"]
    timestamp: str
    resource_id: str
    data: UserRoleAssignedData


#: A role is unassigned from a user. A role that is deleted, or whose client is, leaves its users without this event: see role.deleted and client.deleted.
UserRoleUnassignedData = TypedDict("UserRoleUnassignedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
    "role": Dict[str, Any],
}, total=False)


class UserRoleUnassigned(TypedDict):
    event: Literal["user.role.unassigned"]
    timestamp: str
    resource_id: str
    data: UserRoleUnassignedData


#: Multiple users are deleted in one call: one event about the realm, with the users' ids. None of them fires user.deleted.
UserBulkDeletedData = TypedDict("UserBulkDeletedData", {
    "ids": List[str],
}, total=False)


class UserBulkDeleted(TypedDict):
    event: Literal["user.bulk_deleted"]
    timestamp: str
    resource_id: str
    data: UserBulkDeletedData


#: A user's credentials are deleted. A password that is replaced fires user.updated instead.
UserCredentialsDeletedData = TypedDict("UserCredentialsDeletedData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
    "credentials": List[Dict[str, Any]],
}, total=False)


class UserCredentialsDeleted(TypedDict):
    event: Literal["user.credentials.deleted"]
    timestamp: str
    resource_id: str
    data: UserCredentialsDeletedData


#: A password reset is initiated, by the user or for them. The new password fires user.updated when it is set.
AuthResetPasswordData = TypedDict("AuthResetPasswordData", {
    "id": str,
    "username": str,
    "email": Optional[str],
    "email_verified": bool,
    "first_name": str,
    "last_name": str,
    "enabled": bool,
    "attributes": Dict[str, Any],
    "created_at": str,
    "updated_at": str,
    "expires_at": str,
    "token": str,
}, total=False)


class AuthResetPassword(TypedDict):
    event: Literal["auth.reset_password"]
    timestamp: str
    resource_id: str
    data: AuthResetPasswordData


#: A client is created.
ClientCreatedData = TypedDict("ClientCreatedData", {
    "id": str,
    "client_id": str,
    "name": str,
    "description": str,
    "type": str,
    "enabled": bool,
    "service_account_roles": List[str],
    "created_at": str,
    "updated_at": str,
}, total=False)


class ClientCreated(TypedDict):
    event: Literal["client.created"]
    timestamp: str
    resource_id: str
    data: ClientCreatedData


#: A client is updated. A rotated secret has changed: ["secret"]. Its roles and redirect URIs fire events of their own.
ClientUpdatedData = TypedDict("ClientUpdatedData", {
    "id": str,
    "client_id": str,
    "name": str,
    "description": str,
    "type": str,
    "enabled": bool,
    "service_account_roles": List[str],
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class ClientUpdated(TypedDict):
    event: Literal["client.updated"]
    timestamp: str
    resource_id: str
    data: ClientUpdatedData


#: A client is deleted, with the roles and redirect URIs that it had: these fire no events of their own.
ClientDeletedData = TypedDict("ClientDeletedData", {
    "id": str,
    "client_id": str,
    "name": str,
    "description": str,
    "type": str,
    "enabled": bool,
    "service_account_roles": List[str],
    "created_at": str,
    "updated_at": str,
    "contained": Dict[str, Any],
}, total=False)


class ClientDeleted(TypedDict):
    event: Literal["client.deleted"]
    timestamp: str
    resource_id: str
    data: ClientDeletedData


#: A role is created for a client. It does not fire role.created.
ClientRoleCreatedData = TypedDict("ClientRoleCreatedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
    "client_id": str,
}, total=False)


class ClientRoleCreated(TypedDict):
    event: Literal["client.role.created"]
    timestamp: str
    resource_id: str
    data: ClientRoleCreatedData


#: A role of a client is updated. It does not fire role.updated; its deletion fires role.deleted.
ClientRoleUpdatedData = TypedDict("ClientRoleUpdatedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
    "client_id": str,
    "changed": List[str],
}, total=False)


class ClientRoleUpdated(TypedDict):
    event: Literal["client.role.updated"]
    timestamp: str
    resource_id: str
    data: ClientRoleUpdatedData


#: A redirect URI is created for a client.
RedirectUriCreatedData = TypedDict("RedirectUriCreatedData", {
    "id": str,
    "client_id": str,
    "value": str,
    "enabled": bool,
    "created_at": str,
    "updated_at": str,
}, total=False)


class RedirectUriCreated(TypedDict):
    event: Literal["redirect_uri.created"]
    timestamp: str
    resource_id: str
    data: RedirectUriCreatedData


#: A redirect URI of a client is updated.
RedirectUriUpdatedData = TypedDict("RedirectUriUpdatedData", {
    "id": str,
    "client_id": str,
    "value": str,
    "enabled": bool,
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class RedirectUriUpdated(TypedDict):
    event: Literal["redirect_uri.updated"]
    timestamp: str
    resource_id: str
    data: RedirectUriUpdatedData


#: A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires client.deleted alone.
RedirectUriDeletedData = TypedDict("RedirectUriDeletedData", {
    "id": str,
    "client_id": str,
    "value": str,
    "enabled": bool,
    "created_at": str,
    "updated_at": str,
}, total=False)


class RedirectUriDeleted(TypedDict):
    event: Literal["redirect_uri.deleted"]
    timestamp: str
    resource_id: str
    data: RedirectUriDeletedData


#: A role of the realm is created. A client's role fires client.role.created instead.
RoleCreatedData = TypedDict("RoleCreatedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
}, total=False)


class RoleCreated(TypedDict):
    event: Literal["role.created"]
    timestamp: str
    resource_id: str
    data: RoleCreatedData


#: A role of the realm is updated. A client's role fires client.role.updated instead, and permissions that are set on their own fire role.permission.updated.
RoleUpdatedData = TypedDict("RoleUpdatedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class RoleUpdated(TypedDict):
    event: Literal["role.updated"]
    timestamp: str
    resource_id: str
    data: RoleUpdatedData


#: A role is deleted, a client's role too, which has client_id. The users who had it lose it without user.role.unassigned.
RoleDeletedData = TypedDict("RoleDeletedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
    "client_id": str,
}, total=False)


class RoleDeleted(TypedDict):
    event: Literal["role.deleted"]
    timestamp: str
    resource_id: str
    data: RoleDeletedData


#: The permissions of a role are updated.
RolePermissionUpdatedData = TypedDict("RolePermissionUpdatedData", {
    "id": str,
    "name": str,
    "description": str,
    "permissions": List[str],
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class RolePermissionUpdated(TypedDict):
    event: Literal["role.permission.updated"]
    timestamp: str
    resource_id: str
    data: RolePermissionUpdatedData


#: A realm is created.
RealmCreatedData = TypedDict("RealmCreatedData", {
    "id": str,
    "name": str,
    "display_name": str,
    "created_at": str,
    "updated_at": str,
}, total=False)


class RealmCreated(TypedDict):
    event: Literal["realm.created"]
    timestamp: str
    resource_id: str
    data: RealmCreatedData


#: A realm is updated. Its settings fire realm.settings.updated instead.
RealmUpdatedData = TypedDict("RealmUpdatedData", {
    "id": str,
    "name": str,
    "display_name": str,
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class RealmUpdated(TypedDict):
    event: Literal["realm.updated"]
    timestamp: str
    resource_id: str
    data: RealmUpdatedData


#: A realm is deleted, with all that it contained: that fires no events of its own.
RealmDeletedData = TypedDict("RealmDeletedData", {
    "id": str,
    "name": str,
    "display_name": str,
    "created_at": str,
    "updated_at": str,
    "contained": Dict[str, Any],
}, total=False)


class RealmDeleted(TypedDict):
    event: Literal["realm.deleted"]
    timestamp: str
    resource_id: str
    data: RealmDeletedData


#: A realm's settings are updated.
RealmSettingsUpdatedData = TypedDict("RealmSettingsUpdatedData", {
    "retention_days": int,
    "retry_schedule": List[str],
    "timeout": str,
    "password_min_length": int,
    "password_reset_webhook": Optional[str],
    "secret_overlap": str,
    "allowed_networks": Optional[List[str]],
    "changed": List[str],
}, total=False)


class RealmSettingsUpdated(TypedDict):
    event: Literal["realm.settings.updated"]
    timestamp: str
    resource_id: str
    data: RealmSettingsUpdatedData


#: A webhook is created.
WebhookCreatedData = TypedDict("WebhookCreatedData", {
    "id": str,
    "name": str,
    "description": str,
    "url": str,
    "headers": Dict[str, Any],
    "events": List[str],
    "enabled": bool,
    "disabled_reason": Optional[str],
    "timeout": Optional[str],
    "retry_schedule": Optional[List[str]],
    "signing": List[str],
    "rate_limit": Optional[Dict[str, Any]],
    "max_in_flight": Optional[int],
    "format": Optional[str],
    "filter": Any,
    "template": Any,
    "authentication": Optional[Dict[str, Any]],
    "version": int,
    "created_at": str,
    "updated_at": str,
}, total=False)


class WebhookCreated(TypedDict):
    event: Literal["webhook.created"]
    timestamp: str
    resource_id: str
    data: WebhookCreatedData


#: A webhook is updated, also when it was disabled because its receiver fails or answered 410. A rotated secret has changed: ["secret"].
WebhookUpdatedData = TypedDict("WebhookUpdatedData", {
    "id": str,
    "name": str,
    "description": str,
    "url": str,
    "headers": Dict[str, Any],
    "events": List[str],
    "enabled": bool,
    "disabled_reason": Optional[str],
    "timeout": Optional[str],
    "retry_schedule": Optional[List[str]],
    "signing": List[str],
    "rate_limit": Optional[Dict[str, Any]],
    "max_in_flight": Optional[int],
    "format": Optional[str],
    "filter": Any,
    "template": Any,
    "authentication": Optional[Dict[str, Any]],
    "version": int,
    "created_at": str,
    "updated_at": str,
    "changed": List[str],
}, total=False)


class WebhookUpdated(TypedDict):
    event: Literal["webhook.updated"]
    timestamp: str
    resource_id: str
    data: WebhookUpdatedData


#: A webhook is deleted.
WebhookDeletedData = TypedDict("WebhookDeletedData", {
    "id": str,
    "name": str,
    "description": str,
    "url": str,
    "headers": Dict[str, Any],
    "events": List[str],
    "enabled": bool,
    "disabled_reason": Optional[str],
    "timeout": Optional[str],
    "retry_schedule": Optional[List[str]],
    "signing": List[str],
    "rate_limit": Optional[Dict[str, Any]],
    "max_in_flight": Optional[int],
    "format": Optional[str],
    "filter": Any,
    "template": Any,
    "authentication": Optional[Dict[str, Any]],
    "version": int,
    "created_at": str,
    "updated_at": str,
}, total=False)


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
