#include "events/event_types.h"

#include <algorithm>

#include "base/json_pointer.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "model/limits.h"
#include "model/text_rule.h"
#include "store/tables.h"

namespace postrider::events {
namespace {

/// Reads the members of a type, adding what is wrong.
class TypeReader {
 public:
    explicit TypeReader(std::vector<FieldError>& errors) : errors_(errors) {}

    void read(json::Member& member) {
        if (member.name == "name") {
            if (auto text = string(member)) type.name = *std::move(text);
            has_name = true;
        } else if (member.name == "description") {
            read_description(member);
        } else if (member.name == "schema") {
            read_object(member, type.schema);
        } else if (member.name == "example") {
            read_object(member, type.example);
        } else {
            if (errors_.size() >= limits::field_errors_max) return;  // an answer names no more
            constexpr std::string_view known[] = {"name", "description", "schema", "example"};
            refuse(member.name, unknown_member(member.name, known));
        }
    }
    void refuse(std::string_view name, std::string detail) {
        errors_.push_back({json::pointer_to("#", name), {}, {}, std::move(detail)});
    }

    OwnType type;
    bool has_name = false;

 private:
    std::optional<std::string> string(const json::Member& member) {
        auto text = json::decode_string(member.value);
        if (text) return *std::move(text);
        refuse(member.name,
               member.value.front() == '"' ? text.error().message : "must be a string");
        return std::nullopt;
    }
    void read_description(const json::Member& member) {
        auto text = string(member);
        if (!text) return;
        const TextRule rule{.characters_max = limits::description_characters_max,
                            .may_have_lines = true};
        if (auto wrong = check_text(*text, rule)) return refuse("description", *std::move(wrong));
        type.description = *std::move(text);
    }
    void read_object(json::Member& member, std::string& into) {
        if (member.value == "null") return;
        if (member.value.front() != '{') {
            refuse(member.name, "must be a JSON object or null");
        } else if (member.value.size() > limits::event_type_schema_bytes_max) {
            refuse(member.name, "must have at most " +
                                    std::to_string(limits::event_type_schema_bytes_max) +
                                    " bytes without white space");
        } else {
            into = std::move(member.value);
        }
    }

    std::vector<FieldError>& errors_;
};

Result<void> check_version(const VersionCondition& expected, std::int64_t version) {
    if (expected.holds_for(version)) return {};
    return fail(ErrorCode::failed_precondition,
                "If-Match names other versions than the current one, " + std::to_string(version) +
                    "; nothing was changed.");
}

Result<store::EventTypeRow> insert(store::Transaction& tx, const RealmId& realm,
                                   const OwnType& type) {
    POSTRIDER_ASSIGN(auto names, store::event_types_table::names(tx.sql(), realm));
    if (names.size() >= limits::event_types_per_realm_max) {
        return fail(ErrorCode::conflict,
                    "This realm has " + std::to_string(limits::event_types_per_realm_max) +
                        " event types, the most that a realm may have; delete one first.");
    }
    store::EventTypeRow row{.realm = realm,
                            .name = type.name,
                            .description = type.description,
                            .schema = type.schema,
                            .example = type.example,
                            .version = 1,
                            .created_at = tx.now(),
                            .updated_at = tx.now()};
    POSTRIDER_TRY(store::event_types_table::insert(tx, row));
    POSTRIDER_TRY(store::realms_table::raise_config_version(tx, realm));
    return row;
}

Result<bool> is_subscribed(store::Transaction& tx, const RealmId& realm, std::string_view name) {
    // Disabled webhooks count too: enabled again, they would name a type that is not there.
    POSTRIDER_ASSIGN(auto webhooks,
                     store::webhooks_table::list(tx.sql(), realm, std::nullopt,
                                                 limits::webhooks_per_realm_max + 1));
    const std::string token = "\"" + std::string(name) + "\"";
    return std::ranges::any_of(webhooks, [&](const store::WebhookRow& row) {
        return row.events.find(token) != std::string::npos;
    });
}

void member_or_null(json::Writer& writer, std::string_view name, std::string_view json_text) {
    if (json_text.empty()) {
        writer.member_null(name);
    } else {
        writer.member_raw(name, json_text);
    }
}

}  // namespace

std::unexpected<Error> no_such_type(std::string_view name) {
    std::string message = "There is no event type \"" +
                          std::string(name.substr(0, limits::event_type_name_bytes_max)) +
                          "\" of this realm's own.";
    if (find_type(name) != nullptr) {
        message += " It is built in: GET /api/v1/event-types shows it, and it cannot be changed.";
    }
    return fail(ErrorCode::not_found, std::move(message));
}

Result<OwnType> parse_own_type(std::string_view body,
                               std::optional<std::string_view> name_in_path) {
    POSTRIDER_ASSIGN(auto members, json::split_object(body, limits::json_depth_max));
    std::vector<FieldError> errors;
    TypeReader reader(errors);
    for (json::Member& member : members) reader.read(member);
    if (name_in_path) {
        if (reader.has_name && reader.type.name != *name_in_path) {
            reader.refuse("name", "is fixed; leave it out or send the name in the path");
        }
        reader.type.name = *name_in_path;
    } else if (!reader.has_name) {
        reader.refuse("name", "is required, such as order.paid");
    }
    const bool name_refused = std::ranges::any_of(
        errors, [](const FieldError& error) { return error.pointer == "#/name"; });
    if (!name_refused) {
        if (auto checked = check_own_name(reader.type.name); !checked) {
            reader.refuse("name", checked.error().message);
        }
    }
    if (!errors.empty()) {
        std::string message = errors.front().pointer + " " + errors.front().detail;
        if (errors.size() > 1) {
            message = std::to_string(errors.size()) + " fields are wrong; the first: " + message;
        }
        return std::unexpected(
            Error{ErrorCode::invalid_argument, std::move(message), std::move(errors)});
    }
    return std::move(reader.type);
}

Result<store::EventTypeRow> create_own_type(store::Transaction& tx, const RealmId& realm,
                                            const OwnType& type) {
    POSTRIDER_ASSIGN(auto existing, store::event_types_table::find(tx.sql(), realm, type.name));
    if (existing) {
        return fail(ErrorCode::conflict,
                    "The event type \"" + type.name + "\" exists already; replace it instead.",
                    "name-taken");
    }
    return insert(tx, realm, type);
}

Result<Replaced> replace_own_type(store::Transaction& tx, const RealmId& realm, const OwnType& type,
                                  const VersionCondition& expected_version) {
    POSTRIDER_ASSIGN(auto existing, store::event_types_table::find(tx.sql(), realm, type.name));
    if (!existing) {
        if (!expected_version.holds_for_none()) {
            return fail(ErrorCode::failed_precondition,
                        "If-Match asks for one that exists, but there is no event type \"" +
                            type.name + "\"; nothing was changed.");
        }
        POSTRIDER_ASSIGN(auto row, insert(tx, realm, type));
        return Replaced{std::move(row), true, true};
    }
    POSTRIDER_TRY(check_version(expected_version, existing->version));
    if (existing->description == type.description && existing->schema == type.schema &&
        existing->example == type.example) {
        return Replaced{*std::move(existing)};
    }
    existing->description = type.description;
    existing->schema = type.schema;
    existing->example = type.example;
    existing->version += 1;
    existing->updated_at = tx.now();
    POSTRIDER_TRY(store::event_types_table::update(tx, *existing));
    return Replaced{*std::move(existing), false, true};
}

Result<void> delete_own_type(store::Transaction& tx, const RealmId& realm, std::string_view name,
                             const VersionCondition& expected_version) {
    POSTRIDER_ASSIGN(auto existing, store::event_types_table::find(tx.sql(), realm, name));
    if (!existing) return no_such_type(name);
    POSTRIDER_TRY(check_version(expected_version, existing->version));
    POSTRIDER_ASSIGN(const bool subscribed, is_subscribed(tx, realm, name));
    if (subscribed) {
        return fail(ErrorCode::conflict, "A webhook subscribes to \"" + std::string(name) +
                                             "\" by this name; take it out of the webhook's "
                                             "events first.");
    }
    POSTRIDER_TRY(store::event_types_table::remove(tx, realm, name));
    return store::realms_table::raise_config_version(tx, realm);
}

void write_event_type(json::Writer& writer, const EventType& type) {
    writer.begin_object();
    writer.member("name", type.name);
    writer.member("description", type.description);
    writer.member_raw("schema", type.schema);
    writer.member_raw("example", type.example);
    writer.member("built_in", true);
    writer.member("operational", is_operational(type.name));
    writer.end_object();
}

void write_event_type(json::Writer& writer, const store::EventTypeRow& row) {
    writer.begin_object();
    writer.member("name", row.name);
    writer.member("description", row.description);
    member_or_null(writer, "schema", row.schema);
    member_or_null(writer, "example", row.example);
    writer.member("built_in", false);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
    writer.member("version", row.version);
    writer.end_object();
}

}  // namespace postrider::events
