#include <gtest/gtest.h>

#include "api/harness_test.h"
#include "store/tables.h"

namespace postrider::api {
namespace {

constexpr const char* resource = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11";

std::string event_json(std::string_view type) {
    return R"({"event":")" + std::string(type) + R"(","resource_id":")" + resource +
           R"(","data":{"n":1.10}})";
}

class EventRoutes : public testing::Test {
 protected:
    EventRoutes() {
        harness_.add_key("publisher", harness_.directory().realms().master(),
                         R"(["publish_events","view_events"])");
        EXPECT_EQ(harness_
                      .ask({.operation = "create_event_type",
                            .path = realm(),
                            .body = R"({"name":"order.paid"})"})
                      .status,
                  201);
    }
    static std::vector<std::pair<std::string, std::string>> realm() {
        return {{"realm", "master"}};
    }
    Got publish(std::string body, std::string token = "token-of-master",
                std::string operation = "publish_event",
                std::vector<std::pair<std::string, std::string>> headers = {}) {
        return harness_.ask({.operation = std::move(operation),
                             .path = realm(),
                             .body = std::move(body),
                             .query = {},
                             .headers = std::move(headers),
                             .token = std::move(token)});
    }
    std::size_t events_in_log() {
        return harness_.ask({.operation = "list_events", .path = realm()}).items().size();
    }

    Harness harness_;
};

TEST_F(EventRoutes, a_built_in_type_needs_its_own_permission) {
    EXPECT_EQ(publish(event_json("order.paid"), "publisher").status, 202);
    const Got refused = publish(event_json("user.created"), "publisher");
    EXPECT_EQ(refused.status, 403);
    EXPECT_NE(refused.text("detail").find("publish_builtin_events"), std::string::npos);
    const std::string mixed =
        R"({"events":[)" + event_json("order.paid") + "," + event_json("role.created") + "]}";
    EXPECT_EQ(publish(mixed, "publisher", "publish_events").status, 403);
    EXPECT_EQ(events_in_log(), 1u);
    EXPECT_EQ(publish(mixed, "token-of-master", "publish_events").status, 202);
    EXPECT_EQ(events_in_log(), 3u);
}

TEST_F(EventRoutes, an_idempotency_key_is_given_once) {
    const Got twice = publish(event_json("order.paid"), "publisher", "publish_event",
                              {{"idempotency-key", "a"}, {"idempotency-key", "a"}});
    EXPECT_EQ(twice.status, 422);
    EXPECT_EQ(events_in_log(), 0u);
    const auto key = std::vector<std::pair<std::string, std::string>>{{"idempotency-key", "a"}};
    Got first = publish(event_json("order.paid"), "publisher", "publish_event", key);
    Got again = publish(event_json("order.paid"), "publisher", "publish_event", key);
    EXPECT_EQ(first.headers.count("Idempotent-Replayed"), 0u);
    EXPECT_EQ(again.headers["Idempotent-Replayed"], "true");
    EXPECT_EQ(first.body, again.body);
    EXPECT_EQ(events_in_log(), 1u);
}

TEST_F(EventRoutes, types_are_replaced_as_seen_and_every_change_is_audited) {
    auto put = [&](std::string body, std::string if_match) {
        return harness_.ask({.operation = "replace_event_type",
                             .path = {{"realm", "master"}, {"event_type", "order.paid"}},
                             .body = std::move(body),
                             .query = {},
                             .headers = {{"if-match", std::move(if_match)}}});
    };
    Got replaced = put(R"({"description":"An order is paid."})", "\"1\"");
    EXPECT_EQ(replaced.status, 200);
    EXPECT_EQ(replaced.headers["ETag"], "\"2\"");
    EXPECT_EQ(put("{}", "\"1\"").status, 412);
    EXPECT_EQ(put(R"({"description":"An order is paid."})", "*").text("version"), "2");
    const Got deleted = harness_.ask({.operation = "delete_event_type",
                                      .path = {{"realm", "master"}, {"event_type", "order.paid"}}});
    EXPECT_EQ(deleted.status, 204);
    // Created, updated, deleted; the change that changed nothing is not in it.
    const auto actions = store::read_now<std::int64_t>(
        *harness_.store(), [](store::sql::Connection& sql) -> Result<std::int64_t> {
            static constexpr store::sql::Query query{
                "SELECT COUNT(*) FROM audit WHERE action LIKE 'event_type.%'"};
            auto rows = sql.rows(query);
            const bool found = rows.next();
            POSTRIDER_TRY(rows.finish());
            return found ? rows.integer(0) : 0;
        });
    EXPECT_EQ(actions, 3);
}

}  // namespace
}  // namespace postrider::api
