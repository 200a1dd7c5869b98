#include "directory/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/json_pointer.h"
#include "base/nearest.h"
#include "model/limits.h"

namespace postrider::directory {

namespace {

constexpr std::array<std::string_view, 6> read_only{"id",      "created_at", "updated_at",
                                                    "version", "secret",     "contained"};

}  // namespace

FieldReader::FieldReader(const json::Value& body, ChangeKind kind,
                         std::span<const std::string_view> writable)
    : body_(body), kind_(kind) {
    if (body_.as_object() == nullptr) {
        refuse_at("#", fmt::format("must be an object, not {}", body_.type_name()));
        return;
    }
    refuse_unknown(writable);
}

void FieldReader::refuse_unknown(std::span<const std::string_view> writable) {
    for (const auto& [name, value] : *body_.as_object()) {
        if (std::ranges::find(writable, name) != writable.end()) continue;
        const bool is_ours = std::ranges::find(read_only, name) != read_only.end();
        if (is_ours) {
            refuse(name, "is set by the server; leave it out");
        } else {
            // Answers name no more of them, and what is like each takes its time to find.
            refuse(name, errors_.size() < limits::field_errors_max ? unknown_member(name, writable)
                                                                   : "is unknown");
        }
    }
}

const json::Value* FieldReader::find(std::string_view name) const { return body_.find(name); }

void FieldReader::refuse(std::string_view name, std::string detail) {
    refuse_at(json::pointer_to("#", name), std::move(detail));
}

void FieldReader::refuse_at(std::string pointer, std::string detail) {
    errors_.push_back({std::move(pointer), {}, {}, std::move(detail)});
}

void FieldReader::require(std::string_view name) {
    const json::Value* found = find(name);
    if (found == nullptr) {
        if (kind_ != ChangeKind::patch) refuse(name, "is required");
    } else if (found->is_null()) {
        refuse(name, "has no default, so it cannot be null");
    }
}

void FieldReader::text(std::string_view name, Field<std::string>& field, const TextRule& rule) {
    const json::Value* found = value(name, field);
    if (found == nullptr) return;
    const std::string* given = found->as_string();
    if (given == nullptr) {
        return refuse(name, fmt::format("must be a string, not {}", found->type_name()));
    }
    if (auto wrong = check_text(*given, rule)) return refuse(name, *std::move(wrong));
    field.set(*given);
}

void FieldReader::boolean(std::string_view name, Field<bool>& field) {
    const json::Value* found = value(name, field);
    if (found == nullptr) return;
    if (found->as_bool() == nullptr) {
        return refuse(name, fmt::format("must be true or false, not {}", found->type_name()));
    }
    field.set(*found->as_bool());
}

void FieldReader::integer(std::string_view name, Field<std::int64_t>& field, const Range& range) {
    const json::Value* found = value(name, field);
    if (found == nullptr) return;
    const std::int64_t* number = found->as_int();
    if (number == nullptr || *number < range.min || *number > range.max) {
        return refuse(name, fmt::format("must be a whole number, {} to {}", range.min, range.max));
    }
    field.set(*number);
}

Result<void> check_errors(std::vector<FieldError> errors) {
    if (errors.empty()) return {};
    return webhooks::fail_fields(std::move(errors));
}

std::unexpected<Error> taken(std::string_view name, std::string what) {
    constexpr std::pair<std::string_view, const char*> problems[] = {
        {"username", "username-taken"},   {"email", "email-taken"},        {"name", "name-taken"},
        {"client_id", "client-id-taken"}, {"value", "redirect-uri-taken"},
    };
    Error error{ErrorCode::conflict, std::move(what), {}, nullptr};
    for (const auto& [member, problem] : problems) {
        if (member == name) error.problem = problem;
    }
    error.fields.push_back(
        {json::pointer_to("#", name), {}, {}, "is taken; choose another, or change what has it"});
    return std::unexpected(std::move(error));
}

Result<void> check_version(const VersionCondition& expected, std::int64_t version) {
    if (expected.holds_for(version)) return {};
    return fail(ErrorCode::failed_precondition,
                fmt::format("it has changed since it was read: its ETag is now \"{}\"; read it "
                            "again",
                            version));
}

std::unexpected<Error> no_such(std::string_view what, const std::string& id) {
    return fail(ErrorCode::not_found, fmt::format("there is no {} \"{}\"", what, id));
}

bool is_visible_ascii(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

json::Value merge_patch(json::Value target, const json::Value& patch) {
    const json::Object* changes = patch.as_object();
    if (changes == nullptr) return patch;
    json::Object merged;
    if (target.as_object() != nullptr) merged = std::move(*target.as_object());
    // By name, so that a patch of n members costs n log n; what it takes away goes at the end.
    std::map<std::string, std::size_t, std::less<>> places;
    for (const auto& [name, value] : merged) places.emplace(name, places.size());
    std::vector<bool> goes(merged.size(), false);
    for (const auto& [name, value] : *changes) {
        const auto place = places.find(name);
        if (value.is_null()) {
            if (place != places.end()) goes[place->second] = true;
        } else if (place != places.end()) {
            json::Value& member = merged[place->second].second;
            member = merge_patch(std::move(member), value);
        } else {
            merged.emplace_back(name, merge_patch({}, value));
        }
    }
    std::size_t index = 0;
    goes.resize(merged.size(), false);
    std::erase_if(merged, [&](const json::Object::value_type&) { return goes[index++]; });
    return json::Value(std::move(merged));
}

}  // namespace postrider::directory
