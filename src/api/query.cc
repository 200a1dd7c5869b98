#include <algorithm>
#include <charconv>

#include "api/call.h"
#include "api/cursor.h"

namespace postrider::api {

namespace {

/// What a cursor is bound to: the operation, the realm and every parameter but limit and cursor.
std::string scope_of(const Call& call) {
    std::vector<std::pair<std::string, std::string>> filters;
    for (const auto& [name, value] : call.request.query) {
        if (name != "limit" && name != "cursor") filters.emplace_back(name, value);
    }
    std::ranges::sort(filters);
    std::string scope(call.operation);
    scope += '\0';
    scope += call.realm.view();
    // Path parameters too: the deliveries of one webhook are another list than those of another.
    for (const auto& [name, value] : call.request.path_parameters) {
        if (name != "realm") scope += '\0' + name + '=' + value;
    }
    for (const auto& [name, value] : filters) {
        scope += '\0' + std::to_string(name.size()) + ':' + name + '=' + value;
    }
    return scope;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

}  // namespace

std::string Page::cursor_after(const Uuid& last) const { return make_cursor(scope, last); }
std::string Page::cursor_after(const TimedPosition& last) const {
    return make_timed_cursor(scope, last);
}

std::optional<std::string> Query::text(std::string_view name) {
    known_.emplace_back(name);
    const std::string* value = nullptr;
    for (const auto& [key, candidate] : call_.request.query) {
        if (key != name) continue;
        if (value != nullptr) {
            refuse(name, "is given more than once; give it once");
            return std::nullopt;
        }
        value = &candidate;
    }
    if (value == nullptr) return std::nullopt;
    return *value;
}

std::optional<Timestamp> Query::time(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto parsed = parse_rfc3339(*value);
    if (!parsed) {
        refuse(name,
               "must be a time such as 2026-11-23T18:12:03Z (a + in its offset is written %2B)");
    }
    return parsed;
}

std::optional<Uuid> Query::uuid(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto parsed = Uuid::parse(*value);
    if (!parsed) refuse(name, "must be an id such as 01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f");
    return parsed;
}

bool Query::has_word(std::string_view name, std::string_view word) {
    const auto value = text(name);
    if (!value) return false;
    if (*value == word) return true;
    refuse(name, "must be " + std::string(word));
    return false;
}

Page Query::page() {
    Page page = first_page();
    if (const auto value = text("cursor")) {
        page.before = read_cursor(page.scope, *value);
        if (!page.before) bad_cursor_ = true;
    }
    return page;
}

Page Query::timed_page() {
    Page page = first_page();
    if (const auto value = text("cursor")) {
        page.before_timed = read_timed_cursor(page.scope, *value);
        if (!page.before_timed) bad_cursor_ = true;
    }
    return page;
}

std::size_t Query::limit(std::size_t usual, std::size_t most) {
    const auto value = text("limit");
    if (!value) return usual;
    std::size_t limit = 0;
    const char* end = value->data() + value->size();
    const auto [rest, error] = std::from_chars(value->data(), end, limit);
    if (error == std::errc{} && rest == end && limit >= 1 && limit <= most) return limit;
    refuse("limit", "must be a number from 1 to " + std::to_string(most));
    return usual;
}

Page Query::first_page() {
    Page page;
    page.scope = scope_of(call_);
    page.limit = limit(page.limit, limits::page_size_max);
    return page;
}

void Query::refuse(std::string_view name, std::string detail) {
    errors_.push_back({{}, std::string(name), {}, std::move(detail)});
}

Result<void> Query::finish() {
    for (const auto& [name, value] : call_.request.query) {
        if (std::ranges::find(known_, name) != known_.end()) continue;
        refuse(name, known_.empty() ? "is unknown: this operation takes no parameters"
                                    : "is unknown; this operation takes " + joined(known_));
    }
    if (!errors_.empty()) {
        return std::unexpected(Error{ErrorCode::invalid_argument,
                                     "a query parameter is wrong: " + errors_.front().parameter +
                                         " " + errors_.front().detail,
                                     std::move(errors_), nullptr});
    }
    if (bad_cursor_) {
        Error error{ErrorCode::invalid_argument,
                    "this cursor is not of this list: use next_cursor with the route and the "
                    "filters that it came from, or leave it out to begin anew",
                    {},
                    "bad-cursor"};
        error.fields.push_back({{}, "cursor", {}, "is not a cursor of this list"});
        return std::unexpected(std::move(error));
    }
    return {};
}

}  // namespace postrider::api
