#pragma once

#include <memory>
#include <vector>

#include "feed/feed.h"

namespace postrider::feed {

/// Thread-safety: one thread at a time; no lock is held.
struct Feed::Answering {
    struct One {
        std::uint64_t number;  ///< of the waiter
        Position at;
        Timestamp kept_since;
        std::shared_ptr<const Asked> asked;
    };
    RealmId realm;
    Stretch stretch;
    std::vector<One> waiting;  ///< those with the same page stand together
    std::size_t next = 0;      ///< of `waiting`
    std::size_t answered = 0;
    store::FeedPlace covered_from;
    bool is_sorted = false;
    // What the look found.
    bool again = false;
    bool has_more = false;
    bool is_unsettled = false;
};

}  // namespace postrider::feed
