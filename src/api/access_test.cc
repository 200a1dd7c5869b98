#include <gtest/gtest.h>

#include <set>

#include "api/harness_test.h"
#include "api/operations.h"

/// The gate: who is asked for what, and in which order.
namespace postrider::api {
namespace {

TEST(Gate, every_route_is_an_operation_and_every_operation_a_route) {
    Harness harness;
    std::set<std::string> routed;
    for (const http::Route& route : harness.routes()) {
        EXPECT_TRUE(routed.insert(route.operation).second) << route.operation;
        EXPECT_EQ(operation(route.operation).id, route.operation);
    }
    for (const Operation& row : operations()) {
        EXPECT_TRUE(routed.contains(std::string(row.id))) << row.id;
    }
}

TEST(Gate, no_operation_passes_without_its_permission) {
    Harness harness;
    const RealmId master = harness.directory().realms().master();
    for (const Operation& row : operations()) {
        if (row.need.kind != Need::Kind::permission) continue;
        // Everything but the one that is needed.
        std::string others = "[";
        for (access::Permission permission : access::all_permissions()) {
            if (permission == row.need.permission) continue;
            others += (others.size() > 1 ? ",\"" : "\"") + std::string(to_string(permission)) + '"';
        }
        const std::string token = "all-but-one-" + std::string(row.id);
        harness.add_key(token, master, others + "]");
        Ask ask{.operation = std::string(row.id), .path = {{"realm", "master"}}};
        ask.token = token;
        const Got got = harness.ask(ask);
        EXPECT_EQ(got.status, 403) << row.id;
        EXPECT_NE(got.text("detail").find(to_string(row.need)), std::string::npos) << row.id;
    }
}

TEST(Gate, without_a_key_everything_but_the_open_operations_is_401) {
    Harness harness;
    for (const Operation& row : operations()) {
        if (row.need.is_open()) continue;
        for (const char* token : {"", "wrong"}) {
            Ask ask{.operation = std::string(row.id), .path = {{"realm", "nowhere"}}};
            ask.token = token;
            Got got = harness.ask(ask);
            EXPECT_EQ(got.status, 401) << row.id;
            EXPECT_TRUE(got.headers["WWW-Authenticate"].starts_with("Bearer")) << row.id;
        }
    }
}

TEST(Gate, another_realm_does_not_exist_for_a_key_of_a_realm) {
    Harness harness;
    for (const char* name : {"acme", "other"}) {
        const std::string body = std::string(R"({"name":")") + name + R"("})";
        ASSERT_EQ(harness.ask({.operation = "create_realm", .path = {}, .body = body}).status, 201);
    }
    const RealmId acme = harness.directory().realms().find("acme")->id;
    harness.add_key("token-of-acme", acme, Harness::all_names());
    const auto get = [&](const std::string& realm) {
        Ask ask{.operation = "get_realm", .path = {{"realm", realm}}};
        ask.token = "token-of-acme";
        return harness.ask(ask);
    };
    EXPECT_EQ(get("acme").status, 200);
    EXPECT_EQ(get(acme.to_string()).status, 200);
    const Got other = get("other");
    const Got nowhere = get("nowhere");
    EXPECT_EQ(other.status, 404);
    EXPECT_EQ(nowhere.status, 404);
    EXPECT_EQ(other.text("detail"), "there is no realm \"other\"");
    EXPECT_EQ(nowhere.text("detail"), "there is no realm \"nowhere\"");

    Ask list{.operation = "list_realms", .path = {}};
    list.token = "token-of-acme";
    const Got seen = harness.ask(list);
    ASSERT_EQ(seen.items().size(), 1u);
    EXPECT_EQ(*seen.items()[0].find("name")->as_string(), "acme");
    Ask create{.operation = "create_realm", .path = {}, .body = R"({"name":"more"})"};
    create.token = "token-of-acme";
    EXPECT_EQ(harness.ask(create).status, 403);
}

TEST(Login, answers_alike_whoever_it_was) {
    Harness harness;
    const auto login = [&](const std::string& username, const std::string& password) {
        return harness.ask(
            {.operation = "create_session",
             .path = {{"realm", "master"}},
             .body = R"({"username":")" + username + R"(","password":")" + password + "\"}",
             .token = ""});
    };
    const Got unknown = login("nobody", "correct horse battery");
    const Got without = login("admin", "correct horse battery");
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.problem(), "login-failed");
    EXPECT_EQ(json::serialize(unknown.body), json::serialize(without.body));
}

TEST(Login, nobody_waits_in_a_full_queue_of_resets) {
    Harness harness;
    ASSERT_EQ(
        harness.ask({.operation = "create_realm", .path = {}, .body = R"({"name":"acme"})"}).status,
        201);
    std::promise<void> release;
    harness.store()->write(
        store::Turn::server(), store::WriteClass::ordinary,
        [free = release.get_future().share()](store::Transaction&) -> Result<void> {
            free.wait();
            return {};
        },
        [](const Result<void>&) {});
    const auto ask = [&](const std::string& username, const std::string& realm = "master") {
        return harness.ask({.operation = "request_password_reset",
                            .path = {{"realm", realm}},
                            .body = R"({"username":")" + username + "\"}",
                            .token = ""});
    };
    for (std::size_t i = 0; i < limits::reset_requests_max; ++i) ASSERT_EQ(ask("x").status, 202);
    const Got there = ask("admin");
    const Got nobody = ask("nobody");
    const Got elsewhere = ask("ada", "acme");
    release.set_value();
    EXPECT_EQ(there.status, 429);
    EXPECT_EQ(json::serialize(there.body), json::serialize(nobody.body));
    EXPECT_EQ(elsewhere.status, 202) << "whose realm has none waiting";
}

}  // namespace
}  // namespace postrider::api
