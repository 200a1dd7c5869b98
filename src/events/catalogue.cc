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

std::string schema_of(const Definition& definition) {
    const Shape* shapes[] = {&definition.resource, &definition.more, &definition.still_more};
    std::string text =
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":[)";
    for (const Shape* shape : shapes) append_list(text, shape->required);
    text += R"(],"properties":{)";
    for (const Shape* shape : shapes) append_list(text, shape->properties);
    text += "}}";
    return compacted(text);
}

std::string example_of(const Definition& definition) {
    std::string text = "{";
    append_list(text, definition.resource.example);
    append_list(text, definition.more.example);
    append_list(text, definition.still_more.example);
    text += "}";
    return compacted(text);
}

struct Catalogue {
    std::deque<std::string> texts;  // a deque: the views into it stay
    std::vector<EventType> types;
    std::unordered_map<std::string_view, const EventType*> by_name;

    Catalogue() {
        types.reserve(std::size(definitions));
        for (const Definition& definition : definitions) {
            std::string_view schema = texts.emplace_back(schema_of(definition));
            std::string_view example = texts.emplace_back(example_of(definition));
            types.push_back({definition.name, definition.description, schema, example});
            by_name.emplace(definition.name, &types.back());
        }
    }
};

const Catalogue& catalogue() {
    static const Catalogue instance;
    return instance;
}

std::string_view first_word(std::string_view name) { return name.substr(0, name.find('.')); }

}  // namespace

std::span<const EventType> built_in_types() { return catalogue().types; }

const EventType* find_built_in(std::string_view name) {
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
    if (pattern == "*") return true;
    if (pattern.ends_with(".*")) return type.starts_with(pattern.substr(0, pattern.size() - 1));
    return pattern == type;
}

bool matches_any(std::span<const std::string> patterns, std::string_view type) {
    return std::ranges::any_of(
        patterns, [type](const std::string& pattern) { return matches(pattern, type); });
}

}  // namespace postrider::events
