#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "cli/import_report.h"

namespace postrider::cli::keycloak {

/// The members of an object of Keycloak's, taken one by one by whoever knows them. What nobody has
/// taken at the end is left out, by name: a member that no rule knows cannot be lost silently.
/// A member of another type than is asked for is not taken, but for what Keycloak converts when it
/// reads a file: "true" is a flag, "7" a number, 7 a text. Thread-safety: one thread.
class Members {
 public:
    /// `value` is an object; anything else has no members.
    explicit Members(json::Value value);

    std::optional<json::Value> take(std::string_view name);
    std::optional<std::string> take_text(std::string_view name);
    std::optional<bool> take_flag(std::string_view name);
    std::optional<std::int64_t> take_number(std::string_view name);
    std::optional<json::Array> take_list(std::string_view name);
    std::optional<json::Object> take_object(std::string_view name);
    /// The members of an object below; none where there is no object.
    Members take_members(std::string_view name);

    /// The string of a member that stays.
    std::string text(std::string_view name) const;
    const json::Object& left() const { return members_; }

    /// Reports what is left as left out, below the name of the thing that has it; `kind` is what
    /// such a thing is called ("users"). What is empty, or only says that something is off which
    /// does not exist here, counts as taken over.
    void report_rest(ImportReport& report, std::string_view kind, std::string_view owner);

 private:
    /// Takes the member if `read` makes something of it.
    template <typename Read>
    auto take_as(std::string_view name, const Read& read)
        -> decltype(read(std::declval<const json::Value&>()));
    std::optional<json::Value> take_if(std::string_view name, bool (*is_one)(const json::Value&));

    json::Object members_;
};

/// Null, "", [] or {}: there is nothing to take over.
bool is_nothing(const json::Value& value);
/// A short name for anything: what it calls itself, else its place among its kind.
std::string name_of(const json::Value& value, std::size_t index);
/// Whether it is a UUID of version 7, such as servers of ours make: clients and roles keep it.
bool is_own_id(std::string_view id);
/// Cut to what a line of a report holds.
std::string short_name(std::string_view name);

}  // namespace postrider::cli::keycloak
