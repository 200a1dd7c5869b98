#include "directory/role.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/names.h"
#include "base/nearest.h"
#include "directory/ledger.h"
#include "model/limits.h"

namespace postrider::directory {

namespace {

constexpr std::array<std::string_view, 3> writable{"name", "description", "permissions"};
constexpr std::array<std::string_view, 1> permissions_alone{"permissions"};

/// What is said of a name that is no permission; the first time in an answer with all there are.
std::string unknown(const std::string& name, std::size_t number) {
    std::vector<std::string_view> names;
    for (const auto permission : access::all_permissions()) {
        names.push_back(access::to_string(permission));
    }
    const auto like = nearest(names, name);
    // A text that long is no slip.
    constexpr std::size_t shown_max = 64;
    auto detail = name.size() > shown_max ? std::string("is no permission")
                                          : fmt::format("\"{}\" is no permission", name);
    if (!like.empty()) detail += fmt::format("; do you mean {}?", like);
    if (number == 1) {
        detail +=
            fmt::format("{} are {}", like.empty() ? "; known" : " Known", fmt::join(names, ", "));
    }
    return detail;
}

void read_permissions(FieldReader& reader, Field<access::PermissionSet>& field) {
    const json::Value* value = reader.value("permissions", field);
    if (value == nullptr) return;
    const json::Array* list = value->as_array();
    if (list == nullptr) {
        return reader.refuse("permissions",
                             fmt::format("must be a list of names, not {}", value->type_name()));
    }
    access::PermissionSet set;
    std::size_t bad = 0;
    for (std::size_t i = 0; i < list->size() && bad < limits::field_errors_max; ++i) {
        const std::string* name = (*list)[i].as_string();
        const auto permission = name == nullptr ? std::nullopt : access::parse_permission(*name);
        if (permission) {
            set.add(*permission);
            continue;
        }
        ++bad;
        reader.refuse_at(fmt::format("#/permissions/{}", i),
                         name == nullptr ? "must be a permission's name" : unknown(*name, bad));
    }
    field.set(set);
}

void write_members(json::Writer& writer, const store::RoleRow& row) {
    writer.member("id", row.id.to_string());
    writer.member("name", row.name);
    writer.member("description", row.description);
    writer.member_raw("permissions", row.permissions);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
    if (row.client) writer.member("client_id", row.client->to_string());
}

}  // namespace

RoleChange parse_role_change(const json::Value& body, ChangeKind kind) {
    RoleChange change;
    FieldReader reader(body, kind, writable);
    if (body.as_object() != nullptr) {
        reader.require("name");
        reader.text("name", change.name, {.characters_max = limits::role_name_characters_max});
        reader.text("description", change.description,
                    {.characters_max = limits::description_characters_max, .may_have_lines = true});
        read_permissions(reader, change.permissions);
        if (change.name.value) {
            auto problem =
                change.name.value->empty() ? "must not be empty" : name_problem(*change.name.value);
            if (!problem.empty()) reader.refuse("name", std::move(problem));
        }
    }
    change.errors = reader.take_errors();
    return change;
}

Result<access::PermissionSet> parse_permissions(const json::Value& body) {
    Field<access::PermissionSet> field;
    FieldReader reader(body, ChangeKind::replace, permissions_alone);
    if (body.as_object() != nullptr) {
        reader.require("permissions");
        read_permissions(reader, field);
    }
    POSTRIDER_TRY(check_errors(reader.take_errors()));
    return field.value.value_or(access::PermissionSet{});
}

std::vector<std::string> apply(const RoleChange& change, store::RoleRow& row) {
    const store::RoleRow before = row;
    if (change.name.value) row.name = *change.name.value;
    row.description = change.description.applied_to(row.description, "");
    if (change.permissions.touched) {
        row.permissions = to_json(change.permissions.value.value_or(access::PermissionSet{}));
    }
    std::vector<std::string> changed;
    if (row.name != before.name) changed.emplace_back("name");
    if (row.description != before.description) changed.emplace_back("description");
    if (row.permissions != before.permissions) changed.emplace_back("permissions");
    return changed;
}

void write_role(json::Writer& writer, const store::RoleRow& row) {
    writer.begin_object();
    write_members(writer, row);
    writer.member("version", row.version);
    writer.end_object();
}

std::string role_event_data(const store::RoleRow& row, const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_members(writer, row);
    if (changed != nullptr) write_words(writer, "changed", *changed);
    writer.end_object();
    return out;
}

void write_role_name(json::Writer& writer, const store::RoleRow& row) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("name", row.name);
    if (row.client) writer.member("client_id", row.client->to_string());
    writer.end_object();
}

}  // namespace postrider::directory
