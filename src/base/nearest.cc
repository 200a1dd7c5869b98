#include "base/nearest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace postrider {
namespace {

struct Alias {
    std::string_view typed, ours;
};
constexpr Alias aliases[] = {{"endpoint", "url"},
                             {"target_url", "url"},
                             {"callback_url", "url"},
                             {"uri", "url"},
                             {"value", "url"},
                             {"url", "value"},
                             {"uri", "value"},
                             {"event_types", "events"},
                             {"topics", "events"},
                             {"filter_types", "events"},
                             {"subscriptions", "events"},
                             {"type", "event"},
                             {"event_type", "event"},
                             {"topic", "event"},
                             {"name", "event"},
                             {"payload", "data"},
                             {"body", "data"},
                             {"object_id", "resource_id"},
                             {"id", "resource_id"},
                             {"active", "enabled"},
                             {"disabled", "enabled"},
                             {"status", "enabled"},
                             {"login", "username"},
                             {"name", "username"},
                             {"mail", "email"},
                             {"scopes", "permissions"},
                             {"title", "name"},
                             {"clientId", "client_id"},
                             {"firstName", "first_name"},
                             {"lastName", "last_name"}};

bool has(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::size_t letters_apart(std::string_view a, std::string_view b) {
    // Optimal string alignment: three rows of the table are enough.
    std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min(
                {last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = last;
        last = row;
    }
    return last[b.size()];
}

std::size_t likeness_max(std::string_view typed) {
    return std::clamp<std::size_t>(typed.size() / 4, 1, 3);
}

std::string_view nearest(std::span<const std::string_view> words, std::string_view typed) {
    // A text that long is no slip, and comparing it would take its time.
    constexpr std::size_t characters_max = 64;
    if (typed.size() > characters_max) return {};
    std::string_view best;
    std::size_t fewest = likeness_max(typed) + 1;
    for (auto word : words) {
        // So many letters one of them has more.
        if (std::max(typed.size(), word.size()) - std::min(typed.size(), word.size()) >= fewest) {
            continue;
        }
        auto letters = letters_apart(typed, word);
        if (letters >= fewest) continue;
        fewest = letters;
        best = word;
    }
    return best;
}

std::string unknown_member(std::string_view typed, std::span<const std::string_view> known) {
    if (known.empty()) return "is unknown: the object has no members here";
    auto like = nearest(known, typed);
    for (const auto& alias : aliases) {
        if (like.empty() && alias.typed == typed && has(known, alias.ours)) like = alias.ours;
    }
    auto meant = like.empty() ? std::string() : fmt::format("do you mean {}? Known", like);
    return fmt::format("is unknown; {} are {}", meant.empty() ? "known" : meant,
                       fmt::join(known, ", "));
}

}  // namespace postrider
