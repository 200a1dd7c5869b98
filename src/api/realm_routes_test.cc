#include <gtest/gtest.h>

#include "api/harness_test.h"

namespace postrider::api {
namespace {

class RealmRoutes : public testing::Test {
 protected:
    Got create(std::string body) {
        return harness_.ask({.operation = "create_realm", .path = {}, .body = std::move(body)});
    }
    Got patch(std::string body, std::string if_match = {}) {
        Ask ask{.operation = "update_realm", .path = {{"realm", "acme"}}, .body = std::move(body)};
        if (!if_match.empty()) ask.headers = {{"if-match", std::move(if_match)}};
        return harness_.ask(ask);
    }
    Got list(std::vector<std::pair<std::string, std::string>> query) {
        return harness_.ask(
            {.operation = "list_realms", .path = {}, .body = {}, .query = std::move(query)});
    }

    Harness harness_;
};

std::string field_of(const Got& got, std::string_view kind = "pointer") {
    const json::Value* errors = got.body.find("errors");
    if (errors == nullptr || errors->as_array()->empty()) return {};
    const json::Value* field = errors->as_array()->front().find(kind);
    return field == nullptr ? "" : *field->as_string();
}

TEST_F(RealmRoutes, create_answers_with_the_realm_its_place_and_its_tag) {
    Got got = create(R"({"name":"acme","display_name":"Acme"})");
    EXPECT_EQ(got.status, 201);
    EXPECT_EQ(got.headers["Location"], "/api/v1/realms/acme");
    EXPECT_EQ(got.headers["ETag"], "\"1\"");
    EXPECT_EQ(got.text("display_name"), "Acme");
    const Got read = harness_.ask({.operation = "get_realm", .path = {{"realm", got.text("id")}}});
    EXPECT_EQ(read.body, got.body);
    EXPECT_EQ(create(R"({"name":"acme"})").problem(), "name-taken");
}

struct BadBody {
    const char* body;
    int status;
    const char* pointer;
};

TEST_F(RealmRoutes, bad_bodies_are_refused_by_name) {
    const BadBody rows[] = {
        {"{", 400, ""},
        {"", 400, ""},
        {R"({"name":"a","name":"b"})", 400, ""},
        {"[]", 422, "#"},
        {"null", 422, "#"},
        {"{}", 422, "#/name"},
        {R"({"name":1})", 422, "#/name"},
        {R"({"name":"A"})", 422, "#/name"},
        {R"({"name":"a","display_name":[]})", 422, "#/display_name"},
        {R"({"name":"a","colour":"red"})", 422, "#/colour"},
        {R"({"name":"a","a/b~":"x"})", 422, "#/a~1b~0"},
    };
    for (const BadBody& row : rows) {
        const Got got = create(row.body);
        EXPECT_EQ(got.status, row.status) << row.body;
        EXPECT_EQ(field_of(got), row.pointer) << row.body;
    }
}

TEST_F(RealmRoutes, a_patch_needs_the_version_that_was_seen) {
    ASSERT_EQ(create(R"({"name":"acme"})").status, 201);
    EXPECT_EQ(patch(R"({"display_name":"One"})", "\"1\"").headers["ETag"], "\"2\"");
    EXPECT_EQ(patch(R"({"display_name":"Two"})", "\"1\"").status, 412);
    EXPECT_EQ(patch(R"({"display_name":"Two"})", "\"abc\"").status, 412);
    EXPECT_EQ(patch(R"({"display_name":"Two"})", "W/\"2\"").status, 412);
    EXPECT_EQ(patch(R"({"display_name":"Two"})", "\"1\", \"3\"").status, 412);
    EXPECT_EQ(patch(R"({"display_name":"Two"})", "*").text("display_name"), "Two");
    EXPECT_EQ(patch(R"({"display_name":null})").text("display_name"), "");
    EXPECT_EQ(patch(R"({"name":"acme"})").status, 200);
    EXPECT_EQ(field_of(patch(R"({"name":"acme2"})")), "#/name");
}

TEST_F(RealmRoutes, pages_hold_every_realm_once_newest_first) {
    std::vector<std::string> names = {"master"};
    for (const char* name : {"a", "b", "c", "d"}) {
        ASSERT_EQ(create(std::string(R"({"name":")") + name + "\"}").status, 201);
        names.insert(names.begin(), name);
    }
    std::vector<std::string> seen;
    std::string cursor;
    int pages = 0;
    do {
        std::vector<std::pair<std::string, std::string>> query = {{"limit", "2"}};
        if (!cursor.empty()) query.emplace_back("cursor", cursor);
        const Got got = list(query);
        ASSERT_EQ(got.status, 200);
        for (const json::Value& item : got.items()) seen.push_back(*item.find("name")->as_string());
        cursor = got.body.find("next_cursor")->is_null() ? "" : got.text("next_cursor");
        ++pages;
    } while (!cursor.empty() && pages < 10);
    EXPECT_EQ(seen, names);
    EXPECT_EQ(pages, 3);
}

TEST_F(RealmRoutes, parameters_are_checked_by_name) {
    ASSERT_EQ(create(R"({"name":"acme"})").status, 201);
    EXPECT_EQ(field_of(list({{"limit", "0"}}), "parameter"), "limit");
    EXPECT_EQ(field_of(list({{"limit", "201"}}), "parameter"), "limit");
    EXPECT_EQ(field_of(list({{"limit", "2x"}}), "parameter"), "limit");
    EXPECT_EQ(field_of(list({{"limit", "1"}, {"limit", "2"}}), "parameter"), "limit");
    EXPECT_EQ(field_of(list({{"page", "1"}}), "parameter"), "page");
    EXPECT_EQ(list({{"limit", "200"}}).status, 200);

    const std::string cursor = list({{"limit", "1"}}).text("next_cursor");
    EXPECT_EQ(list({{"cursor", cursor}}).status, 200);
    const Got changed = list({{"cursor", cursor + "A"}});
    EXPECT_EQ(changed.status, 400);
    EXPECT_EQ(changed.problem(), "bad-cursor");
    // A cursor of another list.
    const Got other = harness_.ask({.operation = "list_deliveries",
                                    .path = {{"realm", "acme"}},
                                    .body = {},
                                    .query = {{"cursor", cursor}}});
    EXPECT_EQ(other.status, 400);
}

}  // namespace
}  // namespace postrider::api
