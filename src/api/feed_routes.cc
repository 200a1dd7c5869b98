#include "api/feed_call.h"
#include "api/routes.h"
#include "events/pattern.h"

/// The log in the order of commits, from a position, for who waits for more.
namespace postrider::api {

namespace {

/// "user.*,order.paid".
std::vector<std::string> read_patterns(Query& query) {
    const auto text = query.text("event");
    if (!text) return {};
    std::vector<std::string> patterns;
    std::string_view rest(*text);
    while (true) {
        const auto comma = rest.find(',');
        patterns.emplace_back(rest.substr(0, comma));
        if (auto problem = events::pattern_form_problem(patterns.back()); !problem.empty()) {
            query.refuse("event", std::move(problem));
            return {};
        }
        if (patterns.back() == "*") return {};
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    if (patterns.size() > limits::webhook_events_count_max) {
        query.refuse("event", "has more than " + std::to_string(limits::webhook_events_count_max) +
                                  " names; a prefix such as \"user.*\" takes many");
    }
    return patterns;
}

Result<void> read_feed(Context& context, Call& call) {
    auto query = call.query();
    FeedPoint point;
    if (const auto text = query.text("after")) {
        const auto parsed = parse_feed_point(call.realm, *text);
        if (!parsed) query.refuse("after", parsed.error().message);
        point = parsed.value_or(FeedPoint{});
    }
    feed::Feed::Start start{.after = point.position, .patterns = read_patterns(query)};
    const FeedBounds bounds = feed_bounds(query);
    POSTRIDER_TRY(query.finish());
    std::function<Result<feed::Feed::Start>(store::sql::Connection&)> find_start;
    if (point.kind != FeedPoint::Kind::position) {
        find_start =
            [order = store::feed_order(context.whole_store), realm = call.realm, point, start,
             now = context.clock.now()](store::sql::Connection& sql) -> Result<feed::Feed::Start> {
            auto found = start;
            POSTRIDER_ASSIGN(found.after, find_feed_point(sql, order, realm, point, now));
            return found;
        };
    }
    answer_feed(context, call, std::move(start), std::move(find_start), bounds);
    return {};
}

}  // namespace

RouteList feed_routes(Context& context) {
    return {handle(context, {"GET", "/api/v1/realms/{realm}/feed", "read_feed"},
                   with_oldest_position(read_feed))};
}

}  // namespace postrider::api
