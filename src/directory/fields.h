#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/text_rule.h"
#include "model/version_condition.h"
#include "webhooks/change.h"

namespace postrider::directory {

using webhooks::ChangeKind;
using webhooks::Field;

/// Reads the members of a body into the fields of a change, as every resource does: unknown members
/// are refused; what a PUT leaves out and null reset a field; what a PATCH leaves out stays. Bad
/// fields are kept for one answer that names them all.
class FieldReader {
 public:
    /// Lifetime: the body outlives it. `writable` are the members that a client may set.
    FieldReader(const json::Value& body, ChangeKind kind,
                std::span<const std::string_view> writable);

    void text(std::string_view name, Field<std::string>& field, const TextRule& rule);
    void boolean(std::string_view name, Field<bool>& field);
    /// A whole number in [min, max].
    struct Range {
        std::int64_t min;
        std::int64_t max;
    };
    void integer(std::string_view name, Field<std::int64_t>& field, const Range& range);
    /// The member's value when it is to be set; nullptr when it is absent, null or reset.
    template <typename T>
    const json::Value* value(std::string_view name, Field<T>& field) {
        const json::Value* found = find(name);
        if (found == nullptr) {
            if (kind_ != ChangeKind::patch) field.reset();
            return nullptr;
        }
        if (found->is_null()) {
            field.reset();
            return nullptr;
        }
        return found;
    }
    /// For a field without a default: refuses null, and its absence but in a PATCH.
    void require(std::string_view name);
    /// The body's member; nullptr when there is none.
    const json::Value* find(std::string_view name) const;

    void refuse(std::string_view name, std::string detail);
    void refuse_at(std::string pointer, std::string detail);
    std::vector<FieldError> take_errors() { return std::move(errors_); }

 private:
    void refuse_unknown(std::span<const std::string_view> writable);

    const json::Value& body_;
    ChangeKind kind_;
    std::vector<FieldError> errors_;
};

/// An invalid_argument of all of them, or nothing when there are none.
Result<void> check_errors(std::vector<FieldError> errors);
/// A conflict about one member: it is taken.
std::unexpected<Error> taken(std::string_view name, std::string what);
/// Errors: failed_precondition, when `expected` does not hold for `version`.
Result<void> check_version(const VersionCondition& expected, std::int64_t version);
std::unexpected<Error> no_such(std::string_view what, const std::string& id);

/// Visible ASCII alone, not empty.
bool is_visible_ascii(std::string_view text);
/// RFC 7396: what `patch` says of `target`; both are objects.
json::Value merge_patch(json::Value target, const json::Value& patch);

}  // namespace postrider::directory
