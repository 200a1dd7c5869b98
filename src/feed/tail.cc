#include "feed/tail.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "events/catalogue.h"
#include "events/view.h"
#include "model/feed_limits.h"

namespace postrider::feed {

Entry make_entry(const store::feed_table::Row& row) {
    Entry entry{.position = {.place = row.place, .seen_at = row.event.id.uuid.time()},
                .type = row.event.type,
                .json = {}};
    json::Writer writer(entry.json);
    events::write_event(writer, row.event);
    entry.json.pop_back();
    entry.json += R"(,"position":")" + encode(row.event.realm, entry.position) + "\"}";
    return entry;
}

bool Wanted::takes(std::string_view type) const {
    return patterns.empty() || events::matches_any(patterns, type);
}

void Tail::append(const store::FeedPlace& from, std::vector<Entry> entries,
                  const store::FeedPlace& end, std::size_t bytes_max) {
    if (!from_ || end_ != from) {
        clear();
        from_ = from;
    }
    end_ = end;
    for (Entry& entry : entries) {
        bytes_ += entry.json.size();
        entries_.push_back(std::make_shared<const Entry>(std::move(entry)));
    }
    while (bytes_ > bytes_max) {
        bytes_ -= entries_.front()->json.size();
        from_ = entries_.front()->position.place;
        entries_.pop_front();
    }
}

void Tail::clear() {
    entries_.clear();
    from_.reset();
    end_ = {};
    bytes_ = 0;
}

Stretch Tail::behind(const store::FeedPlace& after, std::size_t count_max) const {
    const auto first = std::ranges::upper_bound(
        entries_, after, {}, [](const auto& each) { return each->position.place; });
    const auto there = static_cast<std::size_t>(entries_.end() - first);
    Stretch stretch{.entries = {}, .end = end_, .goes_on = there > count_max};
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(there, count_max));
    stretch.entries.assign(first, last);
    if (stretch.goes_on) stretch.end = stretch.entries.back()->position.place;
    return stretch;
}

Outline outline(const Stretch& stretch, const Position& after, const Wanted& wanted,
                Timestamp kept_since) {
    Outline found{.entries = {}, .end = after};
    std::unordered_map<std::string_view, bool> is_taken;
    const auto takes = [&](const std::string& type) {
        const auto [place, is_new] = is_taken.try_emplace(type);
        if (is_new) place->second = wanted.takes(type);
        return place->second;
    };
    auto entry = std::ranges::upper_bound(stretch.entries, after.place, {},
                                          [](const auto& each) { return each->position.place; });
    for (; entry != stretch.entries.end(); ++entry) {
        const Entry& each = **entry;
        found.has_more =
            found.entries.size() >= wanted.limit || found.bytes >= limits::feed_page_bytes;
        if (found.has_more) return found;
        found.end = each.position;
        if (each.position.seen_at < kept_since || !takes(each.type)) continue;
        found.bytes += each.json.size() + (found.entries.empty() ? 0 : 1);
        found.entries.push_back(*entry);
    }
    found.has_more = stretch.goes_on;
    // Between the last event and the end lie those that nobody is shown.
    if (stretch.end > found.end.place) found.end.place = stretch.end;
    return found;
}

Page Outline::make(Shares::Hold hold) const {
    std::string text;
    text.reserve(bytes);
    for (const auto& entry : entries) {
        if (!text.empty()) text += ',';
        text += entry->json;
    }
    return {.text = share(std::move(text), std::move(hold)),
            .count = entries.size(),
            .end = end,
            .has_more = has_more};
}

std::shared_ptr<const std::string> share(std::string text, Shares::Hold hold) {
    struct Held {
        Shares::Hold hold;
        std::string text;
    };
    auto held = std::make_shared<const Held>(std::move(hold), std::move(text));
    const std::string* whole = &held->text;
    return {std::move(held), whole};
}

}  // namespace postrider::feed
