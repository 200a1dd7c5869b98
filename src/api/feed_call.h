#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "feed/feed.h"

/// What the routes of the feed and of its consumers share.
namespace postrider::api {

/// Where a parameter or a member says that a reader begins.
struct FeedPoint {
    enum class Kind { position, newest, elsewhere };  ///< elsewhere: of another realm
    Kind kind = Kind::position;
    feed::Position position;  ///< the beginning, for "oldest"
};
/// Reads "oldest", "newest" or a position. The error's message says what it must be.
Result<FeedPoint> parse_feed_point(const RealmId& realm, const std::string& text);
/// The position that it means now. Errors: position_gone() (it is of another realm).
Result<feed::Position> find_feed_point(store::sql::Connection& sql, store::FeedOrder order,
                                       const RealmId& realm, const FeedPoint& point, Timestamp now);

/// `limit` and `wait`, as both ways to read have them.
struct FeedBounds {
    std::size_t limit = limits::feed_page_default;
    Duration wait{0};
};
FeedBounds feed_bounds(Query& query);

/// A call of the feed or of a consumer: its problem "position-gone" has the oldest position.
CallHandler with_oldest_position(CallHandler handler);
/// Reads, and answers the call.
void answer_feed(Context& context, const Call& call, feed::Feed::Start start,
                 std::function<Result<feed::Feed::Start>(store::sql::Connection&)> find_start,
                 const FeedBounds& bounds);

}  // namespace postrider::api
