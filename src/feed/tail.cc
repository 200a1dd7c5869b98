#include "feed/tail.h"

#include <algorithm>
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
                  const store::FeedPlace& end) {
    if (!from_ || end_ != from) {
        clear();
        from_ = from;
    }
    end_ = end;
    for (Entry& entry : entries) {
        bytes_ += entry.json.size();
        entries_.push_back(std::move(entry));
    }
    while (bytes_ > limits::feed_tail_bytes_max) {
        bytes_ -= entries_.front().json.size();
        from_ = entries_.front().position.place;
        entries_.pop_front();
    }
}

void Tail::clear() {
    entries_.clear();
    from_.reset();
    end_ = {};
    bytes_ = 0;
}

Page Tail::page(const Position& after, const Wanted& wanted, Timestamp kept_since) const {
    Page page{.items = {}, .end = after};
    auto entry = std::ranges::upper_bound(entries_, after.place, {},
                                          [](const Entry& each) { return each.position.place; });
    for (; entry != entries_.end(); ++entry) {
        page.has_more = page.count >= wanted.limit || page.items.size() >= limits::feed_page_bytes;
        if (page.has_more) return page;
        page.end = entry->position;
        if (entry->position.seen_at < kept_since || !wanted.takes(entry->type)) continue;
        if (page.count++ > 0) page.items += ',';
        page.items += entry->json;
    }
    // Between the last event and the end lie those that nobody is shown.
    if (end_ > page.end.place) page.end.place = end_;
    return page;
}

}  // namespace postrider::feed
