// The resources of the catalogue, written for people; catalogue.cc takes the white space out.
#include "events/catalogue_shapes.h"

namespace postrider::events {

// Of every resource. On one line each: GCC 12 has no raw strings of several lines in macros.
#define TIMES_REQUIRED R"(, "created_at", "updated_at")"
#define TIMES_PROPERTIES                                           \
    R"(, "created_at": {"type": "string", "format": "date-time"})" \
    R"(, "updated_at": {"type": "string", "format": "date-time"})"
#define TIMES_EXAMPLE                                  \
    R"(, "created_at": "2026-11-02T09:15:00.000000Z")" \
    R"(, "updated_at": "2026-11-23T18:12:03.123456Z")"

const Shape user_shape{
    R"("id", "username", "email", "email_verified", "first_name", "last_name", "enabled",
       "attributes")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "username": {"type": "string"},
    "email": {"type": ["string", "null"]},
    "email_verified": {"type": "boolean"},
    "first_name": {"type": "string"},
    "last_name": {"type": "string"},
    "enabled": {"type": "boolean"},
    "attributes": {"type": "object"})" TIMES_PROPERTIES,
    R"("id": "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11",
    "username": "ada",
    "email": "ada@example.com",
    "email_verified": true,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "enabled": true,
    "attributes": {"department": "engines"})" TIMES_EXAMPLE,
};

const Shape client_shape{
    R"("id", "client_id", "name", "description", "type", "enabled",
       "service_account_roles")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "client_id": {"type": "string", "description": "The OAuth client identifier."},
    "name": {"type": "string"},
    "description": {"type": "string"},
    "type": {"type": "string", "enum": ["public", "confidential"]},
    "enabled": {"type": "boolean"},
    "service_account_roles": {"type": "array", "items": {"type": "string", "format": "uuid"},
                              "description": "The roles of what the client may do itself."})" TIMES_PROPERTIES,
    R"("id": "019ab200-8d20-7c44-b1f2-5a0f9c3e7d90",
    "client_id": "storefront",
    "name": "Storefront",
    "description": "The web shop",
    "type": "confidential",
    "enabled": true,
    "service_account_roles": [])" TIMES_EXAMPLE,
};

const Shape redirect_uri_shape{
    R"("id", "client_id", "value", "enabled")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "client_id": {"type": "string", "format": "uuid", "description": "The id of its client."},
    "value": {"type": "string", "format": "uri"},
    "enabled": {"type": "boolean"})" TIMES_PROPERTIES,
    R"("id": "019ab200-9e31-7d55-82a3-6b10ad4f8ea1",
    "client_id": "019ab200-8d20-7c44-b1f2-5a0f9c3e7d90",
    "value": "https://shop.example.com/callback",
    "enabled": true)" TIMES_EXAMPLE,
};

const Shape role_shape{
    R"("id", "name", "description", "permissions")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "name": {"type": "string"},
    "description": {"type": "string"},
    "permissions": {"type": "array", "items": {"type": "string"}})" TIMES_PROPERTIES,
    R"("id": "019ab200-af42-7e66-93b4-7c21be509fb2",
    "name": "auditor",
    "description": "Reads everything, changes nothing",
    "permissions": ["view_users", "view_audit"])" TIMES_EXAMPLE,
};

const Shape realm_shape{
    R"("id", "name", "display_name")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "name": {"type": "string"},
    "display_name": {"type": "string"})" TIMES_PROPERTIES,
    R"("id": "019ab200-b053-7f77-a4c5-8d32cf61a0c3",
    "name": "acme",
    "display_name": "Acme Ltd.")" TIMES_EXAMPLE,
};

const Shape settings_shape{
    R"("retention_days", "retry_schedule", "timeout", "password_min_length",
       "password_reset_webhook", "secret_overlap")",
    R"("retention_days": {"type": "integer", "format": "int32"},
    "retry_schedule": {"type": "array", "items": {"type": "string"}},
    "timeout": {"type": "string"},
    "password_min_length": {"type": "integer", "format": "int32"},
    "password_reset_webhook": {"type": ["string", "null"], "format": "uuid"},
    "secret_overlap": {"type": "string"},
    "allowed_networks": {"type": ["array", "null"], "items": {"type": "string"},
                         "description": "Only in the realm master."})",
    R"("retention_days": 30,
    "retry_schedule": ["5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "1d"],
    "timeout": "15s",
    "password_min_length": 15,
    "password_reset_webhook": null,
    "secret_overlap": "1d")",
};

// Header values are always the mask, and there is no secret: promise 12.
const Shape webhook_shape{
    R"("id", "name", "description", "url", "headers", "events", "enabled", "disabled_reason",
       "timeout", "retry_schedule", "signing", "rate_limit", "max_in_flight",
       "ordering", "on_exhausted", "realms", "format", "filter", "template", "authentication", "tls")" TIMES_REQUIRED,
    R"("id": {"type": "string", "format": "uuid"},
    "name": {"type": "string"},
    "description": {"type": "string"},
    "url": {"type": "string", "format": "uri"},
    "headers": {"type": "object", "additionalProperties": {"const": "••••••"},
                "description": "The names; every value is masked."},
    "events": {"type": "array", "items": {"type": "string"}},
    "enabled": {"type": "boolean"},
    "disabled_reason": {"type": ["string", "null"], "enum": ["by_hand", "gone", "failing", "corrupt", null]},
    "timeout": {"type": ["string", "null"]},
    "retry_schedule": {"type": ["array", "null"], "items": {"type": "string"}},
    "signing": {"type": "array", "items": {"type": "string", "enum": ["v1", "v1a", "ferriskey"]}},
    "rate_limit": {"type": ["object", "null"], "required": ["count", "per"], "properties":
        {"count": {"type": "integer", "format": "int32"}, "per": {"type": "string"}}},
    "max_in_flight": {"type": ["integer", "null"], "format": "int32"},
    "ordering": {"type": ["string", "null"], "enum": ["none", "resource", null]},
    "on_exhausted": {"type": ["string", "null"], "enum": ["skip", "hold", null]},
    "realms": {"type": ["string", "null"], "enum": ["all", null]},
    "format": {"type": ["string", "null"], "enum": ["postrider", "payload", "cloudevents",
        "template", "slack", "discord", "teams", "pagerduty", null]},
    "filter": {"description": "An object of conditions; null: every event."},
    "template": {"description": "Any JSON; null for none."},
    "authentication": {"type": ["object", "null"], "required": ["type"], "properties":
        {"type": {"type": "string", "enum": ["basic", "bearer", "oauth2"]}},
        "description": "With its other members; what is secret is masked."},
    "tls": {"type": ["object", "null"], "properties":
        {"subject": {"type": "string"}, "expires_at": {"type": "string", "format": "date-time"}},
        "description": "With its certificates and key, which are masked."},
    "version": {"type": "integer", "format": "int64"})" TIMES_PROPERTIES,
    R"("id": "019ab200-c164-7088-b5d6-9e43d072b1d4",
    "name": "Billing",
    "description": "",
    "url": "https://billing.example.com/hooks",
    "headers": {"Authorization": "••••••"},
    "events": ["user.*", "client.deleted"],
    "enabled": true,
    "disabled_reason": null,
    "timeout": null,
    "retry_schedule": null,
    "signing": ["v1"],
    "rate_limit": null,
    "max_in_flight": null,
    "ordering": null,
    "on_exhausted": null,
    "realms": null,
    "format": null,
    "filter": null,
    "template": null,
    "authentication": null,
    "tls": null,
    "version": 3)" TIMES_EXAMPLE,
};

}  // namespace postrider::events
