#include "cli/keycloak.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "cli/sealed_text.h"

namespace postrider::cli::keycloak {
namespace {

json::Value parsed(std::string_view text) { return json::parse(text).value(); }

RealmFile file_of(std::string_view text) {
    return {.file = "x", .realm = "a", .members = json::Outline::of(text, 64).value()};
}

std::vector<std::size_t> sizes_of(const std::vector<json::Object>& bodies) {
    std::vector<std::size_t> sizes;
    Parts parts([&](std::vector<Entry> part) {
        sizes.push_back(part.size());
        return true;
    });
    for (const json::Object& body : bodies) {
        EXPECT_TRUE(parts.add({.name = "x", .body = body, .values = 1, .password = {}}));
    }
    EXPECT_TRUE(parts.finish());
    return sizes;
}

TEST(Keycloak, PartsKeepWithinTheLimits) {
    using Sizes = std::vector<std::size_t>;
    EXPECT_EQ(sizes_of({}), Sizes{});
    EXPECT_EQ(sizes_of(std::vector<json::Object>(250, {{"username", "a"}})), (Sizes{100, 100, 50}));
    const json::Array names(200, json::Value("r"));
    EXPECT_EQ(sizes_of(std::vector<json::Object>(4, {{"roles", names}})), (Sizes{2, 2}));
    const json::Object of_clients{{"a", names}, {"b", names}};
    EXPECT_EQ(sizes_of(std::vector<json::Object>(2, {{"client_roles", of_clients}})),
              (Sizes{1, 1}));
    EXPECT_EQ(sizes_of(std::vector<json::Object>(3, {{"x", std::string(600 * 1024, 'x')}})),
              (Sizes{1, 1, 1}));
}

TEST(Keycloak, FilesOfOneRealmAddUp) {
    ImportReport report;
    std::vector<RealmFile> files;
    files.push_back(file_of(R"({"realm":"a","displayName":"A","clients":[{"clientId":"c"}]})"));
    files.push_back(file_of(R"({"realm":"a","roles":{"realm":[{"name":"r"}]},"users":[]})"));
    const Realm realm = read_realm(files, {{"", "known"}}, report);
    EXPECT_EQ(realm.clients.size(), 1u);
    EXPECT_EQ(realm.roles.size(), 1u);
    EXPECT_EQ(realm.display_name, "A");
    EXPECT_TRUE(realm.graph.is_defined({"", "r"}));
    EXPECT_TRUE(realm.graph.is_defined({"", "known"}));
}

TEST(Keycloak, WhatNoRuleTakesIsLeftOutByName) {
    ImportReport report;
    Members members(parsed(R"({"known":1,"empty":[],"totp":false,"new":{"a":1}})"));
    EXPECT_TRUE(members.take("known"));
    EXPECT_FALSE(members.take_text("new")) << "it is no text, and stays";
    members.report_rest(report, "users", "ada");
    EXPECT_EQ(report.sum(ImportReport::Kind::taken_over), 2u);
    EXPECT_EQ(report.sum(ImportReport::Kind::left_out), 1u);
    const auto lines = report.to_json();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(
        json::serialize(lines[0]),
        R"x({"note":"users: \"new\" has no counterpart here","kind":"left_out","count":1,"of":["ada"]})x");
}

TEST(Keycloak, ALineKeepsSoManyNamesAndCountsAll) {
    ImportReport report;
    for (int i = 0; i < 3000; ++i) report.left_out("why", fmt::format("user {}", i));
    for (int i = 0; i < 5000; ++i) report.left_out(fmt::format("why {}", i), "x");
    const auto lines = report.to_json();
    EXPECT_EQ(lines.front().find("of")->as_array()->size(), 1000u);
    EXPECT_EQ(*lines.front().find("count")->as_int(), 3000);
    EXPECT_EQ(lines.size(), 2001u);
    EXPECT_EQ(report.sum(ImportReport::Kind::left_out), 8000u);
}

TEST(Keycloak, RolesInRolesAreFoundThoughTheyContainEachOther) {
    RoleGraph graph;
    ImportReport report;
    for (const char* name : {"a", "b", "c"}) graph.define({"", name});
    graph.contain({"", "a"}, {{"", "b"}});
    graph.contain({"", "b"}, {{"", "c"}, {"", "a"}, {"", "gone"}});
    const auto roles = graph.resolve({{"", "a"}}, {}, "ada", report);
    ASSERT_EQ(roles.size(), 3u);
    EXPECT_EQ(roles[2].name, "c");
}

TEST(Keycloak, CredentialsOfEveryFormBecomeOne) {
    const auto hash = [](std::string_view text) {
        Members credential(parsed(text));
        const auto found = password_hash_of(credential);
        return found ? json::serialize(*found) : std::string();
    };
    EXPECT_EQ(
        hash(R"({"secretData":"{\"value\":\"aGFzaA==\",\"salt\":\"c2FsdA==\"}","credentialData":
             "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"})"),
        R"({"algorithm":"pbkdf2-sha256","parameters":{"iterations":27500},"salt":"c2FsdA==","hash":"aGFzaA=="})");
    EXPECT_EQ(
        hash(R"({"secretData":"{\"value\":\"h\",\"salt\":\"s\"}","credentialData":
             "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"})"),
        R"({"algorithm":"argon2id","parameters":{"iterations":5,"memory_kib":7168,"parallelism":1,"version":19},"salt":"s","hash":"h"})");
    EXPECT_EQ(
        hash(R"({"hashedSaltedValue":"h","salt":"s","hashIterations":20000,"algorithm":"pbkdf2"})"),
        R"({"algorithm":"pbkdf2-sha1","parameters":{"iterations":20000},"salt":"s","hash":"h"})");
    EXPECT_EQ(hash(R"({"secretData":"not JSON","credentialData":7})"), "");
}

TEST(Keycloak, AUserOfTheWrongKindIsNamed) {
    ImportReport report;
    const Realm realm;
    EXPECT_EQ(read_user("5", 0, realm, report).kind, ReadUser::Kind::nothing);
    EXPECT_EQ(read_user(R"({"firstName":"x"})", 1, realm, report).kind, ReadUser::Kind::nothing);
    const auto user = read_user(R"({"username":"a","email":[],"realmRoles":[1],"attributes":3})", 2,
                                realm, report);
    EXPECT_EQ(json::serialize(user.entry.body), R"({"username":"a","enabled":true})");
    EXPECT_EQ(report.sum(ImportReport::Kind::left_out), 4u);
}

TEST(SealedText, OpensWithItsPassphraseInItsPlaceAlone) {
    SeededRandom random(1);
    const auto sealed = seal_text("correct horse battery", "acme", "a secret", random).value();
    EXPECT_EQ(open_text("correct horse battery", "acme", sealed).value(), "a secret");
    EXPECT_FALSE(open_text("correct horse batterz", "acme", sealed));
    EXPECT_FALSE(open_text("correct horse battery", "other", sealed));
    EXPECT_EQ(json::serialize(sealed).find("a secret"), std::string::npos);
    for (const auto& [member, value] : {std::pair{"passes", json::Value(2)},
                                        {"memory_kib", json::Value(std::int64_t{1} << 40)},
                                        {"box", json::Value("AAAA")},
                                        {"kdf", json::Value("md5")}}) {
        json::Object changed = *sealed.as_object();
        for (auto& [name, held] : changed) {
            if (name == member) held = value;
        }
        EXPECT_FALSE(open_text("correct horse battery", "acme", json::Value(changed))) << member;
    }
    EXPECT_FALSE(open_text("correct horse battery", "acme", json::Value()));
}

}  // namespace
}  // namespace postrider::cli::keycloak
