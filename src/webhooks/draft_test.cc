#include "webhooks/draft.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"

namespace postrider::webhooks {
namespace {

const std::string secret_a = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB";
const std::string secret_b = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC";
const std::string mask{secret_mask};

class Drafts : public testing::Test {
 protected:
    Drafts() {
        existing_.webhook.name = "Billing";
        existing_.webhook.url = "https://example.com/hook";
        existing_.webhook.events = {"user.*"};
        existing_.webhook.header_names = {"Authorization", "X-Team"};
        existing_.webhook.timeout = 5s;
        existing_.headers = {{"Authorization", "Bearer old"}, {"X-Team", "payments"}};
        existing_.secret.v1 = parse_secret(secret_a)->key;
    }
    Result<Draft> draft(std::string_view body, ChangeKind kind, const Existing* existing) {
        auto value = json::parse(body);
        EXPECT_TRUE(value) << body;
        return make_draft(parse_change(*value, body, kind), existing,
                          {.policy = policy_, .own_types = own_types_}, random_);
    }
    Result<Draft> patch(std::string_view body) {
        return draft(body, ChangeKind::patch, &existing_);
    }
    Result<Draft> replace(std::string_view body) {
        return draft(body, ChangeKind::replace, &existing_);
    }
    Result<Draft> create(std::string_view body) { return draft(body, ChangeKind::create, nullptr); }
    static std::vector<std::string> pointers(const Result<Draft>& draft) {
        std::vector<std::string> names;
        if (draft) return names;
        for (const auto& field : draft.error().fields) names.push_back(field.pointer);
        std::ranges::sort(names);
        return names;
    }
    using Names = std::vector<std::string>;

    SystemRandom random_;
    net::EgressPolicy policy_;
    std::vector<std::string> own_types_{"order.paid", "order.shipped"};
    Existing existing_;
};

TEST_F(Drafts, creation_fills_in_defaults_and_shows_the_secret) {
    auto made = create(R"({"url":"HTTPS://Example.com","events":["*","*","order.paid"]})");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->webhook.url, "https://example.com/");
    EXPECT_EQ(made->webhook.events, (Names{"*", "order.paid"}));
    EXPECT_TRUE(made->webhook.enabled);
    EXPECT_EQ(made->webhook.signing, std::vector{SigningScheme::v1});
    EXPECT_EQ(made->secret.v1.size(), 32u);
    EXPECT_TRUE(made->shows_secret);
    EXPECT_TRUE(made->changed.empty());
    auto disabled = create(R"({"url":"https://a.example","events":["*"],"enabled":false})");
    EXPECT_EQ(disabled->webhook.disabled_reason, DisabledReason::by_hand);
}

TEST_F(Drafts, every_bad_field_comes_at_once) {
    auto made =
        create(R"({"url":"https://10.0.0.5/x","events":["user.created","user.deletd","nix.*"],
        "headers":{"Host":"x","X-A":"••••••","X-B":7},"name":3,"timeout":"31s",
        "retry_schedule":["5s","25h"],"signing":["v2"],"secret":"x","colour":"red","id":"1"})");
    EXPECT_EQ(pointers(made),
              (Names{"#/colour", "#/events/1", "#/events/2", "#/headers/Host", "#/headers/X-A",
                     "#/headers/X-B", "#/id", "#/name", "#/retry_schedule/1", "#/secret",
                     "#/signing/0", "#/timeout", "#/url"}));
    for (const auto& field : made.error().fields) {
        if (field.pointer == "#/events/1") {
            EXPECT_NE(field.detail.find("\"user.deleted\""), std::string::npos);
        }
        if (field.pointer == "#/id") {
            EXPECT_NE(field.detail.find("server"), std::string::npos);
        }
    }
    EXPECT_EQ(pointers(create("{}")), (Names{"#/events", "#/url"}));
    EXPECT_EQ(pointers(create("[]")), (Names{"#"}));
}

TEST_F(Drafts, patch_leaves_what_is_not_named_and_null_resets) {
    auto made = patch(R"({"name":"New","timeout":null,"headers":{"x-team":null,"X-New":"1"}})");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->changed, (Names{"name", "headers", "timeout"}));
    EXPECT_EQ(made->headers, (Headers{{"Authorization", "Bearer old"}, {"X-New", "1"}}));
    EXPECT_EQ(made->webhook.header_names, (Names{"Authorization", "X-New"}));
    EXPECT_EQ(made->webhook.timeout, std::nullopt);
    EXPECT_EQ(made->secret, existing_.secret);
    EXPECT_EQ(made->old_secret, OldSecret::untouched);
    EXPECT_FALSE(made->shows_secret);
    EXPECT_EQ(patch(R"({"headers":null})")->headers, Headers{});
    EXPECT_EQ(pointers(patch(R"({"url":null,"events":null,"secret":null})")),
              (Names{"#/events", "#/secret", "#/url"}));
}

TEST_F(Drafts, events_are_a_set) {
    existing_.webhook.events = {"order.paid", "user.*"};
    EXPECT_TRUE(patch(R"({"events":["user.*","order.paid"]})")->changed.empty());
    const auto fewer = patch(R"({"events":["user.*"]})");
    EXPECT_EQ(fewer->changed, Names{"events"});
    EXPECT_EQ(fewer->webhook.events, Names{"user.*"});
}

TEST_F(Drafts, what_changes_nothing_changes_nothing) {
    EXPECT_TRUE(patch("{}")->changed.empty());
    EXPECT_TRUE(patch(R"({"name":"Billing","enabled":true,"url":"https://EXAMPLE.com:443/hook",
                          "headers":{"Authorization":"Bearer old","X-Gone":null}})")
                    ->changed.empty());
    EXPECT_TRUE(patch(R"({"secret":")" + secret_a + R"("})")->changed.empty());
    EXPECT_TRUE(replace(R"({"name":"Billing","url":"https://example.com/hook","events":["user.*"],
                            "timeout":"5s","headers":{"Authorization":")" +
                        mask + R"(","X-Team":"payments"}})")
                    ->changed.empty());
}

TEST_F(Drafts, replace_resets_but_not_the_secret) {
    auto made = replace(R"({"url":"https://example.com/hook","events":["*"]})");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->changed, (Names{"name", "headers", "events", "timeout"}));
    EXPECT_EQ(made->secret, existing_.secret);
    EXPECT_FALSE(made->shows_secret);
}

TEST_F(Drafts, masks_keep_values_of_names_that_exist) {
    auto made = replace(R"({"url":"https://example.com/hook","events":["*"],
                            "headers":{"authorization":")" +
                        mask + R"("}})");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->headers, (Headers{{"authorization", "Bearer old"}}));
    EXPECT_EQ(pointers(patch(R"({"headers":{"X-New":")" + mask + R"("}})")),
              (Names{"#/headers/X-New"}));
    EXPECT_EQ(pointers(patch(R"({"headers":{"X-Twice":"1","x-twice":"2"}})")),
              (Names{"#/headers/x-twice"}));
}

TEST_F(Drafts, a_new_origin_drops_headers_and_rotates_the_secret) {
    for (const auto* url : {"https://other.example/hook", "https://example.com:8443/hook"}) {
        auto made = patch(std::string(R"({"headers":{"X-New":"1"},"url":")") + url + R"("})");
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->changed, (Names{"url", "headers", "secret"}));
        EXPECT_EQ(made->headers, (Headers{{"X-New", "1"}}));
        EXPECT_NE(made->secret.v1, existing_.secret.v1);
        EXPECT_EQ(made->old_secret, OldSecret::dropped);
        EXPECT_TRUE(made->shows_secret);
    }
    // Another path is the same origin.
    auto moved = patch(R"({"url":"https://example.com/other"})");
    EXPECT_EQ(moved->changed, (Names{"url"}));
    EXPECT_EQ(moved->headers, existing_.headers);
    EXPECT_EQ(moved->secret, existing_.secret);
    // A given secret is kept as it is given, the old one still ends.
    auto given = patch(R"({"url":"https://other.example/","secret":")" + secret_b + R"("})");
    EXPECT_EQ(secret_text(given->secret), secret_b);
    EXPECT_EQ(given->old_secret, OldSecret::dropped);
    EXPECT_FALSE(given->shows_secret);
    EXPECT_EQ(pointers(patch(R"({"url":"https://other.example/","headers":{"X-Team":")" + mask +
                             R"("}})")),
              (Names{"#/headers/X-Team"}));
}

TEST_F(Drafts, a_new_secret_overlaps_with_the_old) {
    auto made = patch(R"({"secret":")" + secret_b + R"("})");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->changed, (Names{"secret"}));
    EXPECT_EQ(made->old_secret, OldSecret::overlaps);
    EXPECT_FALSE(made->shows_secret);
    EXPECT_EQ(pointers(patch(R"({"signing":["v1a"],"secret":")" + secret_b + R"("})")),
              (Names{"#/secret"}));
}

TEST_F(Drafts, signing_makes_the_keys_that_it_needs_and_keeps_the_others) {
    auto with_both = patch(R"({"signing":["v1","v1a"]})");
    ASSERT_TRUE(with_both) << with_both.error().message;
    EXPECT_EQ(with_both->changed, (Names{"signing"}));
    EXPECT_EQ(with_both->secret.v1, existing_.secret.v1);
    EXPECT_EQ(with_both->secret.v1a.size(), 32u);
    EXPECT_TRUE(with_both->shows_secret);
    EXPECT_EQ(with_both->old_secret, OldSecret::untouched);
    existing_.secret = with_both->secret;
    existing_.webhook.signing = with_both->webhook.signing;
    auto back = patch(R"({"signing":null})");
    EXPECT_EQ(back->secret, existing_.secret) << "going back must not change the key";
    EXPECT_FALSE(back->shows_secret);
}

TEST_F(Drafts, subscriptions_that_were_there_may_stay) {
    existing_.webhook.events = {"order.gone", "user.*"};
    EXPECT_TRUE(patch(R"({"events":["order.gone","role.created"]})"));
    EXPECT_EQ(pointers(patch(R"({"events":["order.left"]})")), (Names{"#/events/0"}));
    for (const auto* bad :
         {"user*", "*.created", "", ".*", "postrider.test", "user.", "USER.created"}) {
        EXPECT_EQ(pointers(patch(std::string(R"({"events":[")") + bad + R"("]})")),
                  (Names{"#/events/0"}))
            << bad;
    }
    EXPECT_TRUE(patch(R"({"events":["order.*","user.role.*","*"]})"));
}

TEST_F(Drafts, an_unchanged_url_is_not_judged_again) {
    existing_.webhook.url = "https://10.0.0.5/";
    EXPECT_TRUE(patch(R"({"url":"https://10.0.0.5/","name":"x"})"));
    EXPECT_EQ(pointers(patch(R"({"url":"https://10.0.0.5/y"})")), (Names{"#/url"}));
}

TEST_F(Drafts, rotation_makes_all_keys_that_sign_or_takes_the_given_one) {
    existing_.webhook.signing = {SigningScheme::v1, SigningScheme::v1a};
    existing_.secret.v1a = std::string(32, 's');
    const auto rotated = make_rotated({}, existing_, random_).value();
    EXPECT_NE(rotated.secret.v1, existing_.secret.v1);
    EXPECT_NE(rotated.secret.v1a, existing_.secret.v1a);
    EXPECT_EQ(rotated.old_secret, OldSecret::overlaps);
    const auto given =
        make_rotated({.secret = parse_secret(secret_b).value(), .overlap = {}}, existing_, random_)
            .value();
    EXPECT_EQ(secret_text(given.secret), secret_b);
    EXPECT_EQ(given.secret.v1a, existing_.secret.v1a);
    const auto same =
        make_rotated({.secret = parse_secret(secret_a).value(), .overlap = {}}, existing_, random_)
            .value();
    EXPECT_TRUE(same.changed.empty());
    existing_.webhook.signing = {SigningScheme::v1a};
    EXPECT_FALSE(make_rotated({.secret = parse_secret(secret_b).value(), .overlap = {}}, existing_,
                              random_));
}

TEST(Rotation, names_every_bad_field) {
    auto bad =
        parse_rotation(json::parse(R"({"secret":"x","overlap":"8d","why":"because"})").value());
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().fields.size(), 3u);
    auto good = parse_rotation(json::parse(R"({"overlap":"0s"})").value());
    ASSERT_TRUE(good);
    EXPECT_EQ(good->overlap, Duration{0});
}

TEST_F(Drafts, a_credential_is_kept_apart_from_what_is_shown) {
    const auto made = create(
        R"({"url":"https://a.example","events":["*"],"authentication":{"type":"bearer","token":"t0"}})");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->credential, "t0");
    EXPECT_EQ(made->webhook.controls.authentication->secret, mask);
    EXPECT_FALSE(to_json(made->webhook.controls).contains("t0"));
}

class Credentials : public Drafts {
 protected:
    Credentials() {
        existing_.headers = {{"X-Team", "payments"}};
        existing_.webhook.controls.authentication =
            Authentication{.type = AuthenticationType::oauth2,
                           .token_url = "https://id.example/token",
                           .client_id = "shop",
                           .scope = "hooks"};
        existing_.credential = "s3cret";
    }
    static std::string oauth2(std::string_view url, std::string_view secret) {
        return std::string(R"({"authentication":{"type":"oauth2","client_id":"shop","token_url":")")
            .append(url)
            .append(R"(","client_secret":")")
            .append(secret)
            .append(R"("}})");
    }
};

TEST_F(Credentials, the_mask_keeps_the_secret_where_it_was_given_for) {
    const auto kept = patch(oauth2("https://id.example/token", mask));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->credential, "s3cret");
    EXPECT_EQ(kept->webhook.controls.authentication->scope, "") << "it is replaced whole";
    EXPECT_EQ(kept->changed, Names{"authentication"});
    // Another path may be another tenant's.
    for (const char* url : {"https://id.example/other", "https://evil.example/token"}) {
        EXPECT_EQ(pointers(patch(oauth2(url, mask))), Names{"#/authentication/client_secret"});
    }
    EXPECT_EQ(patch(oauth2("https://evil.example/token", "new"))->credential, "new");
    EXPECT_EQ(pointers(patch(R"({"authentication":{"type":"bearer","token":"••••••"}})")),
              Names{"#/authentication/token"});
    existing_.webhook.controls.authentication.reset();
    EXPECT_EQ(pointers(patch(oauth2("https://id.example/token", mask))),
              Names{"#/authentication/client_secret"});
    EXPECT_EQ(pointers(create(R"({"url":"https://a.example","events":["*"],)" +
                              oauth2("https://id.example/token", mask).substr(1))),
              Names{"#/authentication/client_secret"});
}

TEST_F(Credentials, a_new_origin_gets_nothing_of_it) {
    const auto moved = patch(R"({"url":"https://evil.example/hook"})");
    ASSERT_TRUE(moved);
    EXPECT_FALSE(moved->webhook.controls.authentication);
    EXPECT_EQ(moved->credential, "");
    EXPECT_TRUE(moved->has_changed("authentication"));
    EXPECT_EQ(pointers(patch(R"({"url":"https://evil.example/hook",)" +
                             oauth2("https://id.example/token", mask).substr(1))),
              Names{"#/authentication/client_secret"});
    EXPECT_EQ(patch(R"({"url":"https://evil.example/hook",)" +
                    oauth2("https://id.example/token", "again").substr(1))
                  ->credential,
              "again");
    EXPECT_EQ(patch(R"({"url":"https://example.com/other"})")->credential, "s3cret");
}

TEST_F(Credentials, null_and_a_put_without_it_remove_it) {
    for (const auto& gone :
         {patch(R"({"authentication":null})"),
          replace(R"({"url":"https://example.com/hook","events":["user.*"]})")}) {
        ASSERT_TRUE(gone);
        EXPECT_FALSE(gone->webhook.controls.authentication);
        EXPECT_EQ(gone->credential, "");
    }
    EXPECT_EQ(patch(R"({"name":"other"})")->credential, "s3cret");
}

TEST_F(Credentials, another_secret_is_a_change_and_the_same_is_none) {
    const std::string same =
        R"({"authentication":{"type":"oauth2","client_id":"shop","token_url":"https://id.example/token","scope":"hooks","client_secret":")";
    EXPECT_EQ(patch(same + R"(s3cret"}})")->changed, Names{});
    EXPECT_EQ(patch(same + R"(other"}})")->changed, Names{"authentication"});
}

TEST_F(Credentials, no_header_stands_beside_it_and_the_policy_holds_for_the_token_url) {
    EXPECT_EQ(pointers(patch(R"({"headers":{"authorization":"Bearer x"}})")),
              Names{"#/headers/authorization"});
    EXPECT_EQ(pointers(patch(oauth2("https://127.0.0.1/token", "s"))),
              Names{"#/authentication/token_url"});
    EXPECT_EQ(pointers(patch(oauth2("https://localhost/token", "s"))),
              Names{"#/authentication/token_url"});
}

}  // namespace
}  // namespace postrider::webhooks
