#include "directory/realm.h"

#include <algorithm>

#include "base/uuid.h"
#include "directory/fields.h"
#include "model/limits.h"

namespace postrider::directory {

Result<void> check_realm_name(std::string_view name) {
    const bool well_formed =
        !name.empty() && name.size() <= limits::realm_name_bytes_max &&
        std::ranges::all_of(name, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        });
    if (!well_formed) {
        return fail_field("#/name", "must be 1 to " + std::to_string(limits::realm_name_bytes_max) +
                                        " of a to z, 0 to 9 and -");
    }
    if (Uuid::parse(name)) {
        return fail_field("#/name", "must not look like an id; choose a word");
    }
    return {};
}

Result<void> check_display_name(std::string_view name) {
    if (auto wrong = check_text(name, {.characters_max = limits::name_characters_max})) {
        return fail_field("#/display_name", *std::move(wrong));
    }
    return {};
}

void write_realm_members(json::Writer& writer, const store::RealmRow& row) {
    writer.member("id", row.id.to_string());
    writer.member("name", row.name);
    writer.member("display_name", row.display_name);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
}

void write_realm(json::Writer& writer, const store::RealmRow& row) {
    writer.begin_object();
    write_realm_members(writer, row);
    writer.member("version", row.version);
    writer.end_object();
}

std::string realm_event_data(const store::RealmRow& row,
                             std::optional<std::vector<std::string>> changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_realm_members(writer, row);
    if (changed) {
        writer.key("changed");
        writer.begin_array();
        for (const std::string& name : *changed) writer.string(name);
        writer.end_array();
    }
    writer.end_object();
    return out;
}

}  // namespace postrider::directory
