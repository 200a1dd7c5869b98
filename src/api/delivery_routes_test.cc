#include <gtest/gtest.h>

#include "api/harness_test.h"
#include "store/tables.h"

namespace postrider::api {
namespace {

/// A realm with one webhook that has one pending delivery.
class DeliveryRoutes : public testing::Test {
 protected:
    DeliveryRoutes() {
        webhook_ = harness_
                       .ask({.operation = "create_webhook",
                             .path = {{"realm", "master"}},
                             .body = R"({"url":"https://example.com/","events":["user.*"]})"})
                       .text("id");
        const Got published =
            harness_.ask({.operation = "publish_event",
                          .path = {{"realm", "master"}},
                          .body = R"({"event":"user.created","data":{},)"
                                  R"("resource_id":"01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f"})"});
        EXPECT_EQ(published.status, 202);
        event_ = published.text("id");
        delivery_ = only(list({})).text("id");
    }
    static Got only(const Got& page) {
        EXPECT_EQ(page.items().size(), 1u);
        return {.status = page.status,
                .body = page.items().empty() ? json::Value() : page.items().front(),
                .headers = {}};
    }
    Got list(std::vector<std::pair<std::string, std::string>> query) {
        return harness_.ask({.operation = "list_deliveries",
                             .path = {{"realm", "master"}},
                             .body = {},
                             .query = std::move(query)});
    }
    Got get() { return harness_.ask({.operation = "get_delivery", .path = place(delivery_)}); }
    Got redeliver(const std::string& id) {
        return harness_.ask({.operation = "redeliver", .path = place(id)});
    }
    static std::vector<std::pair<std::string, std::string>> place(const std::string& id) {
        return {{"realm", "master"}, {"delivery_id", id}};
    }
    /// What the engine would record of a last attempt that was refused.
    void fail_it() {
        const auto done = store::write_now<bool>(
            *harness_.store(),
            [realm = harness_.directory().realms().master(),
             id = *DeliveryId::parse(delivery_)](store::Transaction& tx) -> Result<bool> {
                POSTRIDER_ASSIGN(auto view, store::deliveries_table::find(tx.sql(), realm, id));
                store::DeliveryRow row = view->row;
                row.state = DeliveryState::failed;
                row.attempts = 1;
                row.reason = "the schedule is used up";
                row.last_attempt_at = tx.now();
                row.finished_at = tx.now();
                POSTRIDER_TRY(store::attempts_table::insert(
                    tx, {.realm = realm,
                         .delivery = id,
                         .number = 1,
                         .started_at = tx.now(),
                         .outcome = OutcomeReason::refused_by_status,
                         .detail = "503 Service Unavailable",
                         .status = 503,
                         .url = "https://example.com/",
                         .request_headers = R"([["webhook-id","x"],["authorization","••••••"]])",
                         .response_headers = R"([["Retry-After","1"],["a","1"],["a","2"]])",
                         .response_body = "no\xff",
                         .response_truncated = true,
                         .peer = "192.0.2.1:443",
                         .timings = {.dns = 1500us,
                                     .connect = 20ms,
                                     .tls = 0us,
                                     .first_byte = 7us,
                                     .total = 1s},
                         .next_attempt_at = std::nullopt}));
                return store::deliveries_table::settle(tx, row);
            });
        ASSERT_TRUE(done) << done.error().message;
        ASSERT_TRUE(*done);
    }

    Harness harness_;
    std::string webhook_, event_, delivery_;
};

TEST_F(DeliveryRoutes, a_new_delivery_is_pending_without_an_attempt) {
    const Got got = get();
    EXPECT_EQ(got.status, 200);
    EXPECT_EQ(got.text("state"), "pending");
    EXPECT_EQ(got.text("event"), "user.created");
    EXPECT_EQ(got.text("event_id"), event_);
    EXPECT_EQ(got.text("webhook_id"), webhook_);
    EXPECT_EQ(got.text("reason"), "null");
    EXPECT_EQ(got.text("last_outcome"), "null");
    EXPECT_NE(got.text("next_attempt_at"), "null");
    EXPECT_EQ(got.text("attempts_log"), "[]");
    EXPECT_EQ(redeliver(delivery_).problem(), "conflict");
    EXPECT_TRUE(harness_.engine().woken().empty());
}

TEST_F(DeliveryRoutes, what_never_arrived_is_listed_with_its_reason) {
    fail_it();
    const Got listed = only(list({{"state", "failed"}}));
    EXPECT_EQ(listed.text("reason"), "the schedule is used up");
    EXPECT_EQ(listed.text("last_outcome"), R"({"kind":"response","reason":"refused_by_status",)"
                                           R"("detail":"503 Service Unavailable","status":503})");
    EXPECT_EQ(listed.text("next_attempt_at"), "null");
    EXPECT_TRUE(list({{"state", "pending"}}).items().empty());
    only(list({{"event_id", event_}, {"webhook_id", webhook_}, {"event", "user.created"}}));
    EXPECT_TRUE(list({{"event", "user.deleted"}}).items().empty());
    EXPECT_EQ(list({{"state", "lost"}}).status, 422);
    EXPECT_EQ(list({{"event_id", "x"}}).status, 422);
}

TEST_F(DeliveryRoutes, attempts_are_shown_as_they_were) {
    fail_it();
    const Got got = get();
    const json::Value& attempt = got.body.find("attempts_log")->as_array()->front();
    EXPECT_EQ(json::serialize(*attempt.find("request")),
              R"({"url":"https://example.com/",)"
              R"("headers":{"webhook-id":"x","authorization":"••••••"}})");
    EXPECT_EQ(json::serialize(*attempt.find("response")),
              R"({"headers":[["Retry-After","1"],["a","1"],["a","2"]],"body":"no)"
              "\uFFFD"
              R"(","body_base64":"bm//","truncated":true})");
    EXPECT_EQ(*attempt.find("timings")->find("dns_ms")->as_double(), 1.5);
    EXPECT_EQ(*attempt.find("timings")->find("first_byte_ms")->as_double(), 0.007);
    EXPECT_EQ(*attempt.find("timings")->find("total_ms")->as_double(), 1000.0);
}

TEST_F(DeliveryRoutes, redelivery_makes_it_pending_and_wakes_the_lane) {
    fail_it();
    Got got = redeliver(delivery_);
    EXPECT_EQ(got.status, 202);
    EXPECT_EQ(got.headers["Location"], "/api/v1/realms/master/deliveries/" + delivery_);
    EXPECT_EQ(got.text("state"), "pending");
    EXPECT_EQ(got.text("attempts"), "1");
    EXPECT_EQ(got.text("finished_at"), "null");
    const auto woken = harness_.engine().woken();
    ASSERT_EQ(woken.size(), 1u);
    EXPECT_EQ(woken.front().to_string(), webhook_);
    EXPECT_EQ(redeliver(delivery_).status, 409);
}

TEST_F(DeliveryRoutes, what_is_not_there_is_404) {
    EXPECT_EQ(redeliver("01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f").status, 404);
    EXPECT_EQ(redeliver("x").status, 404);
    const auto of = [&](const std::string& webhook) {
        return harness_.ask({.operation = "list_webhook_deliveries",
                             .path = {{"realm", "master"}, {"webhook_id", webhook}}});
    };
    only(of(webhook_));
    EXPECT_EQ(of("01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f").status, 404);
    // In another realm it is not there.
    ASSERT_EQ(
        harness_.ask({.operation = "create_realm", .path = {}, .body = R"({"name":"a"})"}).status,
        201);
    const Got other = harness_.ask(
        {.operation = "get_delivery", .path = {{"realm", "a"}, {"delivery_id", delivery_}}});
    EXPECT_EQ(other.status, 404);
}

TEST_F(DeliveryRoutes, a_deleted_webhook_gets_nothing_again) {
    fail_it();
    ASSERT_EQ(harness_
                  .ask({.operation = "delete_webhook",
                        .path = {{"realm", "master"}, {"webhook_id", webhook_}}})
                  .status,
              204);
    EXPECT_EQ(redeliver(delivery_).status, 409);
}

}  // namespace
}  // namespace postrider::api
