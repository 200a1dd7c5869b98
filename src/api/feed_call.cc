#include "api/feed_call.h"

#include <algorithm>
#include <utility>

#include "http/client_address.h"
#include "model/feed_limits.h"

namespace postrider::api {

Result<FeedPoint> parse_feed_point(const RealmId& realm, const std::string& text) {
    if (text == "oldest") return FeedPoint{};
    if (text == "newest") return FeedPoint{.kind = FeedPoint::Kind::newest, .position = {}};
    const auto decoded = feed::decode(realm, text);
    if (!decoded) {
        return fail(ErrorCode::invalid_argument,
                    "is no position: use one of an answer as it is, or oldest, or newest");
    }
    if (!decoded->is_of_realm) return FeedPoint{.kind = FeedPoint::Kind::elsewhere, .position = {}};
    return FeedPoint{.kind = FeedPoint::Kind::position, .position = decoded->position};
}

Result<feed::Position> find_feed_point(store::sql::Connection& sql, store::FeedOrder order,
                                       const RealmId& realm, const FeedPoint& point,
                                       Timestamp now) {
    if (point.kind == FeedPoint::Kind::elsewhere) {
        return std::unexpected(
            feed::position_gone("This position is of another realm's log. Begin at "
                                "oldest_position, or with newest."));
    }
    if (point.kind == FeedPoint::Kind::newest) {
        POSTRIDER_ASSIGN(const auto place, store::feed_table::newest(sql, order, realm));
        return feed::Position{place, now};
    }
    POSTRIDER_ASSIGN(const auto place,
                     store::feed_table::in_order(sql, order, realm, point.position.place,
                                                 point.position.seen_at));
    return feed::Position{place, point.position.seen_at};
}

FeedBounds feed_bounds(Query& query) {
    FeedBounds bounds;
    bounds.limit = query.limit(limits::feed_page_default, limits::feed_page_max);
    if (const auto text = query.text("wait")) {
        const auto wait = parse_duration(*text);
        if (!wait || *wait > limits::feed_wait_max) {
            query.refuse("wait", "must be a time from 0s to " +
                                     format_duration(limits::feed_wait_max) +
                                     ", such as 30s; ask again when it has passed");
        } else {
            bounds.wait = *wait;
        }
    }
    return bounds;
}

namespace {

Answer page_answer(const RealmId& realm, const feed::Page& page) {
    Answer answer = json_answer(200, R"({"items":[)");
    answer.shared = page.text;
    answer.behind = R"(],"position":")" + feed::encode(realm, page.end);
    answer.behind += page.has_more ? R"(","has_more":true)" : R"(","has_more":false)";
    if (page.unreadable > 0) {
        answer.behind += R"(,"unreadable":)" + std::to_string(page.unreadable);
    }
    answer.behind += '}';
    return answer;
}

/// Sends what came of a read.
void send_page(const Reply& reply, const RealmId& realm, Result<feed::Page> page) {
    reply.with<feed::Page>([&](const feed::Page& read) { return page_answer(realm, read); })(
        std::move(page));
}

/// After a wait: whoever asked may have lost the right meanwhile, and then hears nothing of what
/// came.
void send_if_still_allowed(Context& context, const std::shared_ptr<const http::Request>& request,
                           std::string_view operation, const Reply& reply, const RealmId& realm,
                           Result<feed::Page> page) {
    auto kept = std::make_shared<Result<feed::Page>>(std::move(page));
    admit(context, *request, operation,
          [&context, request, reply, realm, kept](http::Verdict verdict) {
              if (verdict.refused) {
                  Answer refusal;
                  static_cast<http::Response&>(refusal) = std::move(*verdict.refused);
                  return reply.send(std::move(refusal));
              }
              if (!is_still_in(context, *request, realm)) {
                  return reply.send(Call::not_found("realm", request->path_parameter("realm")));
              }
              send_page(reply, realm, std::move(*kept));
          });
}

}  // namespace

CallHandler with_oldest_position(CallHandler handler) {
    return [handler = std::move(handler)](Context& context, Call& call) {
        call.reply = call.reply.with_member("position-gone",
                                            {"oldest_position", feed::encode(call.realm, {})});
        return handler(context, call);
    };
}

void answer_feed(Context& context, const Call& call, feed::Feed::Start start,
                 std::function<Result<feed::Feed::Start>(store::sql::Connection&)> find_start,
                 const FeedBounds& bounds) {
    // The request goes with the handler; what says who asks is kept while it waits.
    std::shared_ptr<http::Request> who;
    if (bounds.wait > Duration{0}) {
        who = std::make_shared<http::Request>();
        who->method = call.request.method;
        who->headers = call.request.headers;
        who->path_parameters = call.request.path_parameters;
        who->id = call.request.id;
    }
    context.feed.read(
        {.store = call.store,
         .realm = call.realm,
         .start = std::move(start),
         .find_start = std::move(find_start),
         .limit = bounds.limit,
         .wait = bounds.wait,
         .kept_since = call.kept_since,
         .who = {"key " + call.principal->id.to_string(), "realm " + call.realm.to_string()},
         .network = http::network_of(call.request.client_address)},
        [&context, reply = call.reply, realm = call.realm, operation = call.operation,
         who = std::move(who)](Result<feed::Page> page) {
            if (who == nullptr) return send_page(reply, realm, std::move(page));
            send_if_still_allowed(context, who, operation, reply, realm, std::move(page));
        });
}

}  // namespace postrider::api
