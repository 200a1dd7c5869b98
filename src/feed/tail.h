#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

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
    std::string items;  ///< JSON values, with commas between
    std::size_t count = 0;
    std::size_t unreadable = 0;
    Position end;           ///< where to go on
    bool has_more = false;  ///< ask again at once: there is more, or much was looked through
};

/// What is asked for.
struct Wanted {
    std::vector<std::string> patterns;  ///< empty: everything
    std::size_t limit = 0;

    bool takes(std::string_view type) const;
};

/// A realm's newest events, without a gap between its first and its last. Bounded by
/// limits::feed_tail_bytes_max: the oldest go first. Thread-safety: one thread at a time.
class Tail {
 public:
    bool covers(const store::FeedPlace& after) const { return from_ && after >= *from_; }
    const store::FeedPlace& end() const { return end_; }
    std::size_t bytes() const { return bytes_; }
    /// What lies in (from, end]. Unless that follows what is there, it takes its place.
    void append(const store::FeedPlace& from, std::vector<Entry> entries,
                const store::FeedPlace& end);
    void clear();
    /// What is behind `after`, without what was accepted before `kept_since`.
    /// Requires: covers(after.place).
    Page page(const Position& after, const Wanted& wanted, Timestamp kept_since) const;

 private:
    std::deque<Entry> entries_;
    std::optional<store::FeedPlace> from_;
    store::FeedPlace end_;
    std::size_t bytes_ = 0;
};

}  // namespace postrider::feed
