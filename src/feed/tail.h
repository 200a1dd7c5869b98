#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/shares.h"
#include "feed/position.h"
#include "store/rows.h"

namespace postrider::feed {

/// An event of the log, as it is sent.
struct Entry {
    Position position;  ///< behind it
    std::string type;
    std::string json;
};
Entry make_entry(const store::feed_table::Row& row);

/// Some events, in the order of commits.
struct Page {
    /// JSON values, with commas between; nullptr: none. One text for all who get the same page; it
    /// holds its room until the last of them has let it go.
    std::shared_ptr<const std::string> text;
    std::size_t count = 0;
    std::size_t unreadable = 0;
    Position end;           ///< where to go on
    bool has_more = false;  ///< ask again at once: there is more, or much was looked through

    std::string_view items() const { return text ? std::string_view(*text) : std::string_view(); }
};
/// `text` as Page::text, with the room that it takes.
std::shared_ptr<const std::string> share(std::string text, Shares::Hold hold);

/// What is asked for.
struct Wanted {
    std::vector<std::string> patterns;  ///< empty: everything
    std::size_t limit = 0;

    bool takes(std::string_view type) const;
};

/// A part of the log without a gap, from a place to its end. Its copies share the events.
struct Stretch {
    std::vector<std::shared_ptr<const Entry>> entries;
    store::FeedPlace end;
    bool goes_on = false;  ///< there is more behind its end
};

/// Which events a page has: what is known of it before it is made.
struct Outline {
    std::vector<std::shared_ptr<const Entry>> entries;
    Position end;
    bool has_more = false;
    std::size_t bytes = 0;  ///< of Page::text

    /// `hold`: the room for it.
    Page make(Shares::Hold hold) const;
};
/// What of `stretch` is behind `after`, without what was accepted before `kept_since`. Looks a type
/// up once, however many events have it.
Outline outline(const Stretch& stretch, const Position& after, const Wanted& wanted,
                Timestamp kept_since);

/// A realm's newest events, without a gap between its first and its last. Bounded by
/// what append() is told: the oldest go first. Thread-safety: one thread at a time.
class Tail {
 public:
    bool has_begun() const { return from_.has_value(); }
    bool covers(const store::FeedPlace& after) const { return from_ && after >= *from_; }
    const store::FeedPlace& end() const { return end_; }
    std::size_t bytes() const { return bytes_; }
    /// What lies in (from, end]. Unless that follows what is there, it takes its place.
    void append(const store::FeedPlace& from, std::vector<Entry> entries,
                const store::FeedPlace& end, std::size_t bytes_max);
    void clear();
    /// What is behind `after`, of the oldest `count_max` events. Requires: covers(after).
    Stretch behind(const store::FeedPlace& after, std::size_t count_max) const;

 private:
    std::deque<std::shared_ptr<const Entry>> entries_;
    std::optional<store::FeedPlace> from_;
    store::FeedPlace end_;
    std::size_t bytes_ = 0;
};

}  // namespace postrider::feed
