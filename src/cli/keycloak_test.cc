#include "cli/keycloak.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace postrider::cli::keycloak {
namespace {

json::Value parsed(std::string_view text) { return json::parse(text).value(); }

TEST(Keycloak, PartsKeepWithinTheLimitsAndTheOrder) {
    json::Array users;
    for (int i = 0; i < 250; ++i) users.emplace_back(json::Object{{"username", i}});
    const auto parts = parts_of(users);
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(parts[0].size(), 100u);
    EXPECT_EQ(parts[2].size(), 50u);
    EXPECT_EQ(parts[1][0], users[100]);
    EXPECT_TRUE(parts_of({}).empty());
}

TEST(Keycloak, ManyNamesAndLongEntriesMakeMoreParts) {
    const json::Array names(200, json::Value("r"));
    const json::Object of_clients{{"a", names}, {"b", names}};
    EXPECT_EQ(parts_of(json::Array(4, json::Object{{"roles", names}})).size(), 2u);
    EXPECT_EQ(parts_of(json::Array(4, json::Object{{"client_roles", of_clients}})).size(), 4u);
    const json::Value wide(json::Object{{"x", std::string(600 * 1024, 'x')}});
    EXPECT_EQ(parts_of(json::Array(3, wide)).size(), 3u);
}

TEST(Keycloak, FilesOfOneRealmAddUp) {
    Realm realm;
    ASSERT_TRUE(
        realm.read(parsed(R"({"realm":"a","displayName":"A","clients":[{"clientId":"c"}]})")));
    ASSERT_TRUE(realm.read(parsed(R"([{"realm":"a","users":[{"username":"u"}]}])")));
    EXPECT_EQ(realm.clients.size(), 1u);
    EXPECT_EQ(realm.users.size(), 1u);
    EXPECT_EQ(realm.display_name, "A");
    EXPECT_FALSE(realm.read(parsed(R"({"realm":"b"})")));
    EXPECT_FALSE(realm.read(parsed("5")));
}

TEST(Keycloak, MembersOfTheWrongKindAreNotThere) {
    Realm realm;
    ASSERT_TRUE(
        realm.read(parsed(R"({"realm":"a","users":[{"username":7,"email":[],"realmRoles":[1],
        "attributes":3,"credentials":[5]}],"roles":{"client":{"c":4}},"clients":{}})")));
    ASSERT_EQ(realm.users.size(), 1u);
    EXPECT_EQ(json::serialize(realm.users[0]), R"({"username":"","enabled":true})");
}

}  // namespace
}  // namespace postrider::cli::keycloak
