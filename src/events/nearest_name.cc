// "Did you mean": the known name that is nearest to a mistyped one.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "events/catalogue.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

/// Edit distance where swapping two neighbours is one edit; `most + 1` as soon as it is above
/// `most`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return most + 1;
    using Row = std::array<std::size_t, limits::event_type_name_bytes_max + 1>;
    Row before{}, above{}, row{};
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        std::size_t least = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
            least = std::min(least, row[j]);
        }
        if (least > most) return most + 1;
        before = above;
        above = row;
    }
    return above[b.size()];
}

std::set<std::string_view> words_of(std::string_view name) {
    std::set<std::string_view> words;
    for (std::size_t begin = 0; begin < name.size();) {
        std::size_t end = std::min(name.find_first_of("._-: /", begin), name.size());
        if (end > begin) words.insert(name.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

std::size_t shared(const std::set<std::string_view>& a, const std::set<std::string_view>& b) {
    return static_cast<std::size_t>(
        std::ranges::count_if(a, [&](std::string_view word) { return b.contains(word); }));
}

}  // namespace

std::string nearest_name(std::string_view name, std::span<const std::string> known) {
    if (name.empty() || name.size() > limits::event_type_name_bytes_max) return "";
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t most = std::max<std::size_t>(2, lower.size() / 4);
    const auto words = words_of(lower);

    // A name of nearly the same letters is best; else one that has most of the words.
    std::string_view nearest, like;
    std::size_t nearest_distance = most + 1, like_shared = 0, like_words = 0;
    auto consider = [&](std::string_view candidate) {
        if (candidate.size() > limits::event_type_name_bytes_max) return;
        if (auto d = distance(lower, candidate, most); d < nearest_distance) {
            nearest = candidate;
            nearest_distance = d;
        }
        const auto theirs = words_of(candidate);
        const auto common = shared(words, theirs);
        if (common > like_shared || (common == like_shared && theirs.size() < like_words)) {
            like = candidate;
            like_shared = common;
            like_words = theirs.size();
        }
    };
    for (const EventType& type : built_in_types()) consider(type.name);
    for (const EventType& type : operational_types()) consider(type.name);
    for (const std::string& own : known) consider(own);
    if (!nearest.empty()) return std::string(nearest);
    const bool mostly = like_shared >= 2 && 2 * like_shared >= words.size();
    return mostly ? std::string(like) : "";
}

}  // namespace postrider::events
