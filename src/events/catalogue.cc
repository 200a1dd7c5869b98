#include "events/catalogue.h"

#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>

#include "base/check.h"
#include "base/json_text.h"
#include "events/catalogue_shapes.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

const Shape nothing{};

const Shape changed{
    R"("changed")",
    R"("changed": {"type": "array", "items": {"type": "string"},
                   "description": "The names of the fields that changed."})",
    R"("changed": ["enabled"])",
};
const Shape changed_permissions{changed.required, changed.properties,
                                R"("changed": ["permissions"])"};
const Shape changed_settings{changed.required, changed.properties,
                             R"("changed": ["retention_days"])"};
const Shape changed_realm{changed.required, changed.properties, R"("changed": ["display_name"])"};
const Shape changed_description{changed.required, changed.properties,
                                R"("changed": ["description"])"};

const Shape user_role{
    R"("role")",
    R"("role": {"type": "object", "required": ["id", "name"], "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string"},
        "client_id": {"type": "string", "format": "uuid",
                      "description": "Of a client's role: the id of the client."}}})",
    R"("role": {"id": "019ab200-af42-7e66-93b4-7c21be509fb2", "name": "auditor"})",
};
const Shape deleted_ids{
    R"("ids")",
    R"("ids": {"type": "array", "items": {"type": "string", "format": "uuid"},
               "description": "The users that were deleted."})",
    R"("ids": ["019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11", "019ab200-7c3f-7b1a-8a54-3f0f6b1d2c12"])",
};
const Shape deleted_credentials{
    R"("credentials")",
    R"("credentials": {"type": "array", "description": "What was deleted; never its content.",
        "items": {"type": "object", "required": ["id", "type"], "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"type": "string"}}}})",
    R"("credentials": [{"id": "019ab200-d275-7199-86e7-af54e183c2e5", "type": "password"}])",
};
const Shape reset{
    R"("expires_at")",
    R"("expires_at": {"type": "string", "format": "date-time"},
    "token": {"type": "string",
              "description": "Only in what the realm's password_reset_webhook is sent."})",
    R"("expires_at": "2026-11-23T18:42:03.123456Z")",
};
const Shape of_client{
    R"("client_id")",
    R"("client_id": {"type": "string", "format": "uuid", "description": "The id of its client."})",
    R"("client_id": "019ab200-8d20-7c44-b1f2-5a0f9c3e7d90")",
};
const Shape perhaps_of_client{"", of_client.properties, ""};

const Shape contained_in_client{
    R"("contained")",
    R"("contained": {"type": "object", "additionalProperties": {"type": "integer", "format": "int64"},
                     "description": "How many of each kind went with it."})",
    R"("contained": {"roles": 4, "redirect_uris": 2})",
};
const Shape contained_in_realm{
    contained_in_client.required,
    contained_in_client.properties,
    R"("contained": {"users": 120000, "roles": 12, "clients": 3, "webhooks": 5})",
};

const Shape told{
    "",
    R"("actor": {"type": "object", "required": ["kind", "id", "name"],
        "description": "Who did it. Absent from what was published through the API.", "properties": {
        "kind": {"type": "string", "enum": ["user", "api_key", "client", "server"]},
        "id": {"type": "string", "description": "A UUID; of the server the part of it."},
        "name": {"type": ["string", "null"],
                 "description": "Null for actors of another realm, for the server, and for who is gone."}}},
    "realm": {"type": "object", "required": ["id", "name"],
        "description": "Where it happened. Absent from what was published through the API.",
        "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}})",
    R"("actor": {"kind": "user", "id": "019ab1ff-3c7e-7b1a-9a54-3f0f6b1d2c00", "name": "grace"},
    "realm": {"id": "019ab1ff-0a11-7c52-8d0e-6f3a2b1c4d00", "name": "acme"})",
};

// Of the operational types.
const Shape webhook_named{
    R"("webhook")",
    R"("webhook": {"type": "object", "required": ["id", "name"], "properties": {
        "id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}})",
    R"("webhook": {"id": "019ab200-aaaa-7b1a-9a54-3f0f6b1d2c33", "name": "Billing"})",
};
const Shape breaker_opened{
    R"("since", "failure", "next_attempt_at")",
    R"("since": {"type": "string", "format": "date-time"},
    "failure": {"type": "object", "required": ["outcome", "status", "detail"], "properties": {
        "outcome": {"type": "string"},
        "status": {"type": ["integer", "null"], "format": "int64"},
        "detail": {"type": "string"}}},
    "next_attempt_at": {"type": "string", "format": "date-time"})",
    R"("since": "2026-11-23T18:12:03.123456Z",
    "failure": {"outcome": "refused_by_status", "status": 503, "detail": "answered 503"},
    "next_attempt_at": "2026-11-23T18:12:08.123456Z")",
};
const Shape breaker_closed{
    R"("failing_since")",
    R"("failing_since": {"type": "string", "format": "date-time"})",
    R"("failing_since": "2026-11-23T18:12:03.123456Z")",
};
const Shape disabled{
    R"("reason")",
    R"("reason": {"type": "string", "enum": ["gone", "failing"],
                  "description": "Its receiver answered 410, or failed for days."})",
    R"("reason": "failing")",
};
const Shape failed{
    R"("count", "since", "holds_too_many", "last")",
    R"("count": {"type": "integer", "format": "int64",
                 "description": "How many have failed since `since`."},
    "since": {"type": "string", "format": "date-time"},
    "holds_too_many": {"type": "boolean",
        "description": "More resources are held than a webhook may hold: their deliveries go on."},
    "last": {"type": "object", "description": "The last of them.",
        "required": ["delivery_id", "event_id", "event", "reason"], "properties": {
        "delivery_id": {"type": "string", "format": "uuid"},
        "event_id": {"type": "string", "format": "uuid"},
        "event": {"type": "string"},
        "reason": {"type": "string"}}})",
    R"("count": 3, "since": "2026-11-23T18:11:30.000000Z", "holds_too_many": false,
    "last": {"delivery_id": "019ab200-e1e1-7199-86e7-af54e183c2e6",
        "event_id": "019ab200-e1e0-7199-86e7-af54e183c2e5", "event": "order.paid",
        "reason": "The last of 10 attempts failed: answered 503."})",
};
const Shape of_realm{
    R"("realm")",
    R"("realm": {"type": "object", "required": ["id", "name"],
        "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}})",
    R"("realm": {"id": "019ab1ff-0a11-7c52-8d0e-6f3a2b1c4d00", "name": "acme"})",
};

struct Definition {
    std::string_view name;
    std::string_view description;
    const Shape& resource;
    const Shape& more;
    const Shape& still_more = nothing;
};

/// In the contract's order. A description says what fires the event, and what does not although one
/// might think so. What an update's example says has changed is one of its own fields.
const Definition definitions[] = {
    {"user.created", "A user is created.", user_shape, nothing},
    {"user.updated",
     "A user is updated. A password that is set or changed has changed: [\"credentials\"]. Roles "
     "fire user.role.assigned and user.role.unassigned instead.",
     user_shape, changed},
    {"user.deleted",
     "A user is deleted. Several users that are deleted in one call fire user.bulk_deleted "
     "instead; "
     "a realm that is deleted with its users fires realm.deleted alone.",
     user_shape, nothing},
    {"user.role.assigned", "A role is assigned to a user.", user_shape, user_role},
    {"user.role.unassigned",
     "A role is unassigned from a user. A role that is deleted, or whose client is, leaves its "
     "users "
     "without this event: see role.deleted and client.deleted.",
     user_shape, user_role},
    {"user.bulk_deleted",
     "Multiple users are deleted in one call: one event about the realm, with the users' ids. None "
     "of them fires user.deleted.",
     nothing, deleted_ids},
    {"user.credentials.deleted",
     "A user's credentials are deleted. A password that is replaced fires user.updated instead.",
     user_shape, deleted_credentials},
    {"auth.reset_password",
     "A password reset is initiated, by the user or for them. The new password fires user.updated "
     "when it is set.",
     user_shape, reset},
    {"client.created", "A client is created.", client_shape, nothing},
    {"client.updated",
     "A client is updated. A rotated secret has changed: [\"secret\"]. Its roles and redirect URIs "
     "fire events of their own.",
     client_shape, changed},
    {"client.deleted",
     "A client is deleted, with the roles and redirect URIs that it had: these fire no events of "
     "their own.",
     client_shape, contained_in_client},
    {"client.role.created", "A role is created for a client. It does not fire role.created.",
     role_shape, of_client},
    {"client.role.updated",
     "A role of a client is updated. It does not fire role.updated; its deletion fires "
     "role.deleted.",
     role_shape, of_client, changed_description},
    {"redirect_uri.created", "A redirect URI is created for a client.", redirect_uri_shape,
     nothing},
    {"redirect_uri.updated", "A redirect URI of a client is updated.", redirect_uri_shape, changed},
    {"redirect_uri.deleted",
     "A redirect URI of a client is deleted. A client that is deleted with its redirect URIs fires "
     "client.deleted alone.",
     redirect_uri_shape, nothing},
    {"role.created",
     "A role of the realm is created. A client's role fires client.role.created instead.",
     role_shape, nothing},
    {"role.updated",
     "A role of the realm is updated. A client's role fires client.role.updated instead, and "
     "permissions that are set on their own fire role.permission.updated.",
     role_shape, changed_description},
    {"role.deleted",
     "A role is deleted, a client's role too, which has client_id. The users who had it lose it "
     "without user.role.unassigned.",
     role_shape, perhaps_of_client},
    {"role.permission.updated", "The permissions of a role are updated.", role_shape,
     changed_permissions},
    {"realm.created", "A realm is created.", realm_shape, nothing},
    {"realm.updated", "A realm is updated. Its settings fire realm.settings.updated instead.",
     realm_shape, changed_realm},
    {"realm.deleted",
     "A realm is deleted, with all that it contained: that fires no events of its own.",
     realm_shape, contained_in_realm},
    {"realm.settings.updated", "A realm's settings are updated.", settings_shape, changed_settings},
    {"webhook.created", "A webhook is created.", webhook_shape, nothing},
    {"webhook.updated",
     "A webhook is updated, also when it was disabled because its receiver fails or answered 410. "
     "A rotated secret has changed: [\"secret\"].",
     webhook_shape, changed},
    {"webhook.deleted", "A webhook is deleted.", webhook_shape, nothing},
};

void append_list(std::string& out, std::string_view part) {
    if (part.empty()) return;
    if (out.back() != '{' && out.back() != '[') out += ',';
    out += part;
}

std::string compacted(const std::string& text) {
    auto result = json::compact(text, limits::json_depth_max);
    CHECK(result.has_value());
    return *std::move(result);
}

const Definition operational_definitions[] = {
    {"postrider.webhook.failing",
     "The server leaves a webhook's receiver alone, because nothing but failures came of it: "
     "deliveries wait, and one at a time is attempted, ever more seldom. A webhook of which only "
     "some "
     "deliveries fail fires postrider.delivery.failed alone.",
     webhook_named, breaker_opened, of_realm},
    {"postrider.webhook.recovered",
     "A receiver that was left alone has answered again. A webhook that is changed by hand "
     "meanwhile does not fire it.",
     webhook_named, breaker_closed, of_realm},
    {"postrider.webhook.disabled",
     "The server has disabled a webhook: its receiver answered 410, or failed for days. It fires "
     "webhook.updated too; a webhook that is disabled by hand fires that alone.",
     webhook_named, disabled, of_realm},
    {"postrider.delivery.failed",
     "Deliveries of a webhook have failed for good, at most one event a webhook and minute. What "
     "is cancelled, and tests, do not fire it.",
     webhook_named, failed, of_realm},
};

std::string schema_of(const Definition& definition, const Shape& last) {
    const Shape* shapes[] = {&definition.resource, &definition.more, &definition.still_more, &last};
    std::string text =
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":[)";
    for (const Shape* shape : shapes) append_list(text, shape->required);
    text += R"(],"properties":{)";
    for (const Shape* shape : shapes) append_list(text, shape->properties);
    text += "}}";
    return compacted(text);
}

std::string example_of(const Definition& definition, const Shape& last) {
    std::string text = "{";
    append_list(text, definition.resource.example);
    append_list(text, definition.more.example);
    append_list(text, definition.still_more.example);
    append_list(text, last.example);
    text += "}";
    return compacted(text);
}

struct Catalogue {
    std::deque<std::string> texts;  // a deque: the views into it stay
    std::vector<EventType> built_in;
    std::vector<EventType> operational;
    std::unordered_map<std::string_view, const EventType*> by_name;  ///< of both

    Catalogue()
        : built_in(types_of(definitions, told)),
          operational(types_of(operational_definitions, nothing)) {
        for (const auto* types : {&built_in, &operational}) {
            for (const EventType& type : *types) by_name.emplace(type.name, &type);
        }
    }

    std::vector<EventType> types_of(std::span<const Definition> all, const Shape& last) {
        std::vector<EventType> types;
        for (const Definition& each : all) {
            std::string_view schema = texts.emplace_back(schema_of(each, last));
            std::string_view example = texts.emplace_back(example_of(each, last));
            types.push_back({each.name, each.description, schema, example});
        }
        return types;
    }
};

const Catalogue& catalogue() {
    static const Catalogue instance;
    return instance;
}

std::string_view first_word(std::string_view name) { return name.substr(0, name.find('.')); }

}  // namespace

std::span<const EventType> built_in_types() { return catalogue().built_in; }

const EventType* find_built_in(std::string_view name) {
    return is_operational(name) ? nullptr : find_type(name);
}

std::span<const EventType> operational_types() { return catalogue().operational; }

bool is_operational(std::string_view name) { return name.starts_with("postrider."); }

const EventType* find_type(std::string_view name) {
    const auto& by_name = catalogue().by_name;
    auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

Result<void> check_own_name(std::string_view name) {
    auto refuse = [](std::string why) { return fail(ErrorCode::invalid_argument, std::move(why)); };
    if (name.empty()) return refuse("must not be empty");
    if (name.size() > limits::event_type_name_bytes_max) {
        return refuse("must have at most " + std::to_string(limits::event_type_name_bytes_max) +
                      " characters");
    }
    std::size_t words = 0;
    for (std::size_t begin = 0; begin <= name.size();) {
        std::size_t end = std::min(name.find('.', begin), name.size());
        auto word = name.substr(begin, end - begin);
        const bool plain = std::ranges::all_of(word, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        });
        if (word.empty() || !plain) {
            return refuse(
                "must be words of a to z, 0 to 9 and _, joined by single dots, such as "
                "order.paid");
        }
        ++words;
        begin = end + 1;
    }
    if (words < 2)
        return refuse("must have at least two words joined by a dot, such as order.paid");
    const auto first = first_word(name);
    const bool reserved = first == "delivery" || first == "postrider" ||
                          std::ranges::any_of(built_in_types(), [&](const EventType& type) {
                              return first_word(type.name) == first;
                          });
    if (reserved) {
        return refuse("must not begin with \"" + std::string(first) +
                      ".\", which is reserved for built-in types; choose another first word");
    }
    return {};
}

bool matches(std::string_view pattern, std::string_view type) {
    if (pattern == "*") return !is_operational(type);
    if (pattern.ends_with(".*")) return type.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == type;
}

bool matches_any(std::span<const std::string> patterns, std::string_view type) {
    return std::ranges::any_of(
        patterns, [type](const std::string& pattern) { return matches(pattern, type); });
}

}  // namespace postrider::events
