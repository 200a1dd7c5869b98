#include <algorithm>

#include "base/encoding.h"
#include "base/json_text.h"
#include "model/limits.h"
#include "store/sql/connection.h"

namespace postrider::store::sql {

namespace {

/// The name after the first FROM that is in no parentheses, or else after the first one.
std::string_view table_of(const Query& query) {
    constexpr std::string_view from = " FROM ";
    auto begin = query.text.find(from);
    if (begin == std::string_view::npos) return "a table";
    for (auto at = begin; at != std::string_view::npos; at = query.text.find(from, at + 1)) {
        const auto before = query.text.substr(0, at);
        if (std::ranges::count(before, '(') != std::ranges::count(before, ')')) continue;
        begin = at;
        break;
    }
    const auto name = query.text.substr(begin + from.size());
    return name.substr(0, std::min(name.find_first_of(" ,)("), name.size()));
}

/// An id as it is shown, anything else as hexadecimal digits.
std::string key_text(std::string_view raw) {
    if (raw.size() == 16) return Uuid::from_bytes(raw).to_string();
    return hex_encode(raw.substr(0, limits::shown_key_bytes_max));
}

}  // namespace

std::string Rows::json(int column) const {
    const auto stored = statement_->blob(column);
    if (json::compact(stored, limits::json_depth_max)) return std::string(stored);
    spoil(column, "is no JSON");
    return {};
}

void Rows::spoil(int column, std::string_view problem) const {
    if (is_unreadable()) return;
    // Most keys begin with the realm and an id.
    problem_ = "a row of " + std::string(table_of(query_)) + " cannot be read: its column " +
               std::string(statement_->column_name(column)) + " " + std::string(problem) +
               "; its key begins with " + key_text(statement_->blob(0)) + ", " +
               key_text(statement_->blob(1));
}

std::unexpected<Error> Rows::unreadable() const { return fail(ErrorCode::corrupt, problem_); }

}  // namespace postrider::store::sql
