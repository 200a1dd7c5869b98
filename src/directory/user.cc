#include "directory/user.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/names.h"
#include "directory/ledger.h"
#include "model/limits.h"

namespace postrider::directory {

namespace {

constexpr std::array<std::string_view, 7> writable{
    "username", "email", "email_verified", "first_name", "last_name", "enabled", "attributes"};

/// "" when it can be one; uniqueness is the store's.
std::string username_problem(std::string_view name) {
    if (name.empty()) return "must not be empty";
    return name_problem(name);
}

/// What every mail server could take; whether it exists only a mail can tell.
std::string email_problem(std::string_view email) {
    const auto at = email.rfind('@');
    const auto is_space = [](char c) { return c == ' ' || c == '<' || c == '>' || c == ','; };
    if (at == std::string_view::npos || at == 0 || at + 1 == email.size() ||
        email.find('@') != at || std::ranges::any_of(email, is_space)) {
        return "must be an address such as ada@example.com";
    }
    const auto domain = email.substr(at + 1);
    if (domain.front() == '.' || domain.back() == '.' ||
        domain.find("..") != std::string_view::npos) {
        return "has a domain with an empty part";
    }
    return name_problem(email);
}

void read_attributes(FieldReader& reader, UserChange& change) {
    const json::Value* value = reader.value("attributes", change.attributes);
    if (value == nullptr) return;
    if (value->as_object() == nullptr) {
        return reader.refuse("attributes",
                             fmt::format("must be an object, not {}", value->type_name()));
    }
    change.attributes.set(*value);
}

/// The same members in another order change nothing. What is stored may be unreadable.
bool has_same_members(const json::Value& given, const std::string& stored) {
    const auto value = json::parse(stored);
    if (!value || value->as_object() == nullptr || given.as_object() == nullptr) return false;
    json::Object a = *given.as_object();
    json::Object b = *value->as_object();
    std::ranges::sort(a, {}, &json::Object::value_type::first);  // there may be thousands
    std::ranges::sort(b, {}, &json::Object::value_type::first);
    return a == b;
}

}  // namespace

UserChange parse_user_change(const json::Value& body, ChangeKind kind) {
    UserChange change;
    change.kind = kind;
    FieldReader reader(body, kind, writable);
    if (body.as_object() != nullptr) {
        reader.require("username");
        const TextRule name{.characters_max = limits::person_name_characters_max};
        reader.text("username", change.username,
                    {.characters_max = limits::username_characters_max});
        reader.text("email", change.email, {.characters_max = limits::email_characters_max});
        reader.boolean("email_verified", change.email_verified);
        reader.text("first_name", change.first_name, name);
        reader.text("last_name", change.last_name, name);
        reader.boolean("enabled", change.enabled);
        read_attributes(reader, change);
        if (change.username.value) {
            auto problem = username_problem(*change.username.value);
            if (!problem.empty()) reader.refuse("username", std::move(problem));
        }
        if (change.email.value) {
            auto problem = email_problem(*change.email.value);
            if (!problem.empty()) reader.refuse("email", std::move(problem));
        }
    }
    change.errors = reader.take_errors();
    return change;
}

Result<std::vector<std::string>> apply(const UserChange& change, store::UserRow& row) {
    const store::UserRow before = row;
    if (change.username.value) row.username = *change.username.value;
    if (change.email.touched) row.email = change.email.value;
    if (row.email != before.email) row.email_verified = false;
    row.email_verified = change.email_verified.applied_to(row.email_verified, false);
    if (!row.email) row.email_verified = false;
    row.first_name = change.first_name.applied_to(row.first_name, "");
    row.last_name = change.last_name.applied_to(row.last_name, "");
    row.enabled = change.enabled.applied_to(row.enabled, true);
    if (change.attributes.touched) {
        json::Value attributes = change.attributes.value.value_or(json::Value(json::Object{}));
        if (change.kind == ChangeKind::patch && change.attributes.value) {
            POSTRIDER_ASSIGN(auto stored, json::parse(row.attributes));
            attributes = merge_patch(std::move(stored), attributes);
        }
        if (!has_same_members(attributes, row.attributes)) {
            row.attributes = json::serialize(attributes);
        }
    }
    if (row.attributes.size() > limits::attributes_bytes_max) {
        return fail_field("#/attributes",
                          fmt::format("have {} bytes of JSON; at most {} are allowed",
                                      row.attributes.size(), limits::attributes_bytes_max));
    }
    std::vector<std::string> changed;
    const auto note = [&](const char* name, bool differs) {
        if (differs) changed.emplace_back(name);
    };
    note("username", row.username != before.username);
    note("email", row.email != before.email);
    note("email_verified", row.email_verified != before.email_verified);
    note("first_name", row.first_name != before.first_name);
    note("last_name", row.last_name != before.last_name);
    note("enabled", row.enabled != before.enabled);
    note("attributes", row.attributes != before.attributes);
    return changed;
}

void write_user_members(json::Writer& writer, const store::UserRow& row) {
    writer.member("id", row.id.to_string());
    writer.member("username", row.username);
    if (row.email) {
        writer.member("email", *row.email);
    } else {
        writer.member_null("email");
    }
    writer.member("email_verified", row.email_verified);
    writer.member("first_name", row.first_name);
    writer.member("last_name", row.last_name);
    writer.member("enabled", row.enabled);
    writer.member_raw("attributes", row.attributes);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
}

void write_user(json::Writer& writer, const store::UserRow& row) {
    writer.begin_object();
    write_user_members(writer, row);
    writer.member("version", row.version);
    writer.end_object();
}

std::string user_event_data(const store::UserRow& row, const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_user_members(writer, row);
    if (changed != nullptr) write_words(writer, "changed", *changed);
    writer.end_object();
    return out;
}

namespace {
void write_credential_members(json::Writer& writer, const store::CredentialRow& row) {
    writer.member("id", row.id.to_string());
    writer.member("type", row.type);
    writer.member("created_at", format_rfc3339(row.created_at));
    writer.member("updated_at", format_rfc3339(row.updated_at));
}
}  // namespace

void write_credential(json::Writer& writer, const store::CredentialRow& row) {
    writer.begin_object();
    write_credential_members(writer, row);
    writer.end_object();
}

void write_credential_and_hash(json::Writer& writer, const store::CredentialRow& row) {
    writer.begin_object();
    write_credential_members(writer, row);
    writer.member("hash", row.hash);
    writer.end_object();
}

}  // namespace postrider::directory
