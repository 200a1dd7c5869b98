#include "cli/find.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "base/uuid.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

constexpr std::size_t looked_at_max = 10'000;  ///< things; 50 requests
/// Where the list finds whole names itself, and may be long: enough for what was mistyped.
constexpr std::size_t looked_at_filtered_max = 1'000;
constexpr std::size_t part_length_min = 4;   ///< shorter fits too many
constexpr std::size_t begun_length_min = 3;  ///< of a name that is typed in part
constexpr std::size_t part_length_time = 8;  ///< hexadecimal digits that say when, to 65 s
constexpr std::size_t time_digits = 12;      ///< of a UUIDv7: milliseconds since the epoch

bool is_id_text(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; });
}

std::string small_letters(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

/// What a search through lists has found so far.
struct Found {
    std::vector<std::string> named;   ///< ids of what is called so
    std::vector<std::string> partly;  ///< ids that what was typed is part of
    std::string like;                 ///< the name that is most like it
    std::size_t distance = 0, looked_at = 0;
};

void look_at(const json::Value& item, const Kind& kind, const std::string& typed,
             const std::optional<IdPart>& part, Found& found) {
    ++found.looked_at;
    auto id = text_of(item, "id");
    if (part && part->fits(id)) found.partly.push_back(id);
    if (kind.member.empty()) return;
    auto name = text_of(item, kind.member);
    if (name == typed) found.named.push_back(id);
    auto letters = letters_apart(typed, name);
    const bool begins = typed.size() >= begun_length_min && name.starts_with(typed);
    if (!begins && letters > likeness_max(typed)) return;
    if (!found.like.empty() && letters >= found.distance) return;
    found.like = name;
    found.distance = letters;
}

/// Reads the pages of a list; the exit code when one cannot be had.
std::optional<ExitCode> look_through(Context& context, const Kind& kind, const std::string& typed,
                                     const std::optional<IdPart>& part, const Query& query,
                                     Found& found) {
    const auto most = kind.filter == Kind::Filter::name ? looked_at_filtered_max : looked_at_max;
    std::optional<std::string> cursor;
    do {
        auto page = context.ask(
            "GET", context.in_realm(kind.folder) + Query(query).add("cursor", cursor).text());
        if (!page) return page.error();
        const auto* items = page->value.find("items");
        if (items == nullptr || items->as_array() == nullptr) return std::nullopt;
        for (const auto& item : *items->as_array()) look_at(item, kind, typed, part, found);
        auto next = text_of(page->value, "next_cursor");
        cursor = next.empty() ? std::nullopt : std::optional(next);
    } while (cursor && found.looked_at < most);
    return std::nullopt;
}

std::expected<std::string, ExitCode> only_one(Context& context, const Kind& kind,
                                              const std::string& typed, const Found& found) {
    if (found.named.size() == 1) return found.named.front();
    if (found.named.size() > 1) {
        context.complain(
            fmt::format("more than one {} is called \"{}\": give an id", kind.word, typed));
        return std::unexpected(exit_failed);
    }
    if (found.partly.size() == 1) return found.partly.front();
    if (found.partly.size() > 1) {
        context.complain(
            fmt::format("\"{}\" fits more than one {}, {} and {} among them: give more of the id",
                        typed, kind.word, found.partly[0], found.partly[1]));
        return std::unexpected(exit_failed);
    }
    std::string hint = !found.like.empty() ? fmt::format("; do you mean \"{}\"?", found.like)
                       : kind.member.empty()
                           ? "; give its id, or a part of it that is unique among the newest"
                           : "";
    context.complain(fmt::format("there is no {} \"{}\" in realm {}{}", kind.word, typed,
                                 context.connection().realm, hint));
    return std::unexpected(exit_not_found);
}

std::expected<std::string, ExitCode> find_newest(Context& context, const Kind& kind) {
    auto page = context.ask("GET", context.in_realm(kind.folder) + "?limit=1");
    if (!page) return std::unexpected(page.error());
    const auto* items = page->value.find("items");
    const auto* list = items == nullptr ? nullptr : items->as_array();
    if (list != nullptr && !list->empty()) return text_of(list->front(), "id");
    context.complain(
        fmt::format("there is no {} in realm {} yet", kind.word, context.connection().realm));
    return std::unexpected(exit_not_found);
}

}  // namespace

std::optional<IdPart> IdPart::parse(std::string_view typed) {
    auto text = small_letters(typed);
    IdPart part;
    for (std::string_view between : {"…", "...", ".."}) {
        auto at = text.find(between);
        if (at == std::string::npos) continue;
        part.begin = text.substr(0, at);
        part.end = text.substr(at + between.size());
        break;
    }
    if (part.begin.empty() && part.end.empty()) part.begin = text;
    if (part.begin.size() + part.end.size() < part_length_min) return std::nullopt;
    if (!is_id_text(part.begin) || !is_id_text(part.end)) return std::nullopt;
    return part;
}

bool IdPart::fits(std::string_view id) const { return id.starts_with(begin) && id.ends_with(end); }

std::optional<std::pair<Timestamp, Timestamp>> IdPart::times() const {
    std::string digits;
    std::ranges::copy_if(begin, std::back_inserter(digits), [](char c) { return c != '-'; });
    // Another first digit is a time after the year 2527: no id of ours.
    if (digits.size() < part_length_time || digits[0] != '0') return std::nullopt;
    digits.resize(std::min(digits.size(), time_digits));
    std::string most = digits;
    digits.resize(time_digits, '0');
    most.resize(time_digits, 'f');
    auto time_of = [](const std::string& hexadecimal) {
        std::int64_t milliseconds = 0;
        std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), milliseconds,
                        16);
        return Timestamp() + std::chrono::milliseconds(milliseconds);
    };
    return std::pair(time_of(digits), time_of(most) + 1ms);
}

std::expected<std::string, ExitCode> find_id(Context& context, const Kind& kind,
                                             const std::string& typed) {
    if (Uuid::parse(typed)) return typed;
    if (kind.member.empty() && typed == "last") return find_newest(context, kind);
    Found found;
    if (kind.filter == Kind::Filter::name) {
        auto code = look_through(context, kind, typed, {}, Query().add(kind.member, typed), found);
        if (code) return std::unexpected(*code);
        if (!found.named.empty()) return found.named.front();
    }
    const auto part = IdPart::parse(typed);
    Query query;
    query.add("limit", std::to_string(limits::page_size_max));
    if (kind.filter == Kind::Filter::time) {
        if (const auto times = part ? part->times() : std::nullopt) {
            query.add("since", format_rfc3339(times->first));
            query.add("until", format_rfc3339(times->second));
        }
    }
    if (auto code = look_through(context, kind, typed, part, query, found)) {
        return std::unexpected(*code);
    }
    return only_one(context, kind, typed, found);
}

std::expected<std::string, ExitCode> find_path(Context& context, const Kind& kind,
                                               const std::string& typed, std::string_view rest) {
    const auto id = find_id(context, kind, typed);
    if (!id) return std::unexpected(id.error());
    return context.in_realm(fmt::format("{}/{}{}", kind.folder, *id, rest));
}

}  // namespace postrider::cli
