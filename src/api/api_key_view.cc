#include "api/api_key_view.h"

#include <optional>

namespace postrider::api {

void write_api_key_members(json::Writer& writer, const store::ApiKeyRow& row) {
    const auto time = [&](std::string_view name, const std::optional<Timestamp>& at) {
        if (at) {
            writer.member(name, format_rfc3339(*at));
        } else {
            writer.member_null(name);
        }
    };
    writer.member("id", row.id.to_string());
    writer.member("name", row.name);
    writer.member_raw("permissions", row.permissions);
    if (row.made_by_kind.empty()) {
        writer.member_null("made_by");
    } else {
        writer.key("made_by");
        writer.begin_object();
        writer.member("kind", row.made_by_kind);
        writer.member("id", row.made_by_id);
        writer.member("name", row.made_by_name);
        writer.end_object();
    }
    writer.member("created_at", format_rfc3339(row.created_at));
    time("expires_at", row.expires_at);
    time("last_used_at", row.last_used_at);
}

void write_api_key(json::Writer& writer, const store::ApiKeyRow& row) {
    writer.begin_object();
    write_api_key_members(writer, row);
    writer.end_object();
}

void write_realm_api_key(json::Writer& writer, const directory::RealmIndex& realms,
                         const store::ApiKeyRow& row) {
    writer.begin_object();
    const auto realm = realms.find(row.realm.to_string());
    writer.member("realm", realm ? realm->name : row.realm.to_string());
    write_api_key_members(writer, row);
    writer.end_object();
}

}  // namespace postrider::api
