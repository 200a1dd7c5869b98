#include "webhooks/authentication.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/json.h"

namespace postrider::webhooks {
namespace {

using Problems = std::map<std::string, std::string, std::less<>>;

struct Read {
    std::optional<Authentication> value;
    Problems problems;  ///< by pointer
};

Read read(std::string_view text) {
    Read out;
    out.value = read_authentication(json::parse(text).value(),
                                    [&](std::string_view below, std::string detail) {
                                        out.problems.emplace(below, std::move(detail));
                                    });
    return out;
}

std::string written(const Authentication& authentication) {
    std::string out;
    json::Writer writer(out);
    write_authentication(writer, authentication);
    return out;
}

TEST(Authentication, is_written_as_it_was_read) {
    for (
        const std::string text :
        {R"({"type":"basic","username":"shop","password":"pass word: ü"})",
         R"({"type":"bearer","token":"abc.DEF-123_~+/="})", R"({"type":"bearer","token":"••••••"})",
         R"({"type":"oauth2","token_url":"https://id.example/token","client_id":"c","client_secret":"s"})",
         R"({"type":"oauth2","token_url":"https://id.example/t?x=1","client_id":"c","client_secret":"s","scope":"a b","audience":"https://api.example"})"}) {
        const auto one = read(text);
        EXPECT_TRUE(one.problems.empty()) << text;
        ASSERT_TRUE(one.value) << text;
        EXPECT_EQ(written(*one.value), text);
    }
}

TEST(Authentication, a_token_url_is_kept_in_normal_form) {
    const auto one = read(
        R"({"type":"oauth2","token_url":"HTTPS://ID.example:443/t","client_id":"c","client_secret":"s"})");
    ASSERT_TRUE(one.value);
    EXPECT_EQ(one.value->token_url, "https://id.example/t");
}

TEST(Authentication, what_is_wrong_is_named) {
    const std::string long_text(4097, 'x');
    const std::vector<std::pair<std::string, std::vector<std::string>>> rows{
        {R"("Bearer x")", {""}},
        {"{}", {"/type"}},
        {R"({"type":"digest"})", {"/type"}},
        {R"({"type":7})", {"/type"}},
        {R"({"type":"basic"})", {"/password", "/username"}},
        {R"({"type":"basic","username":"a:b","password":"p"})", {"/username"}},
        {R"({"type":"basic","username":"a","password":"p\n"})", {"/password"}},
        {R"({"type":"basic","username":"","password":""})", {"/password", "/username"}},
        {R"({"type":"basic","username":"a","password":"p","token":"t"})", {"/token"}},
        {R"({"type":"bearer","token":"two words"})", {"/token"}},
        {R"({"type":"bearer","token":"ü"})", {"/token"}},
        {R"({"type":"bearer","token":7})", {"/token"}},
        {R"({"type":"bearer","token":")" + long_text + "\"}", {"/token"}},
        {R"({"type":"oauth2","token_url":"http://id.example/t","client_id":"c","client_secret":"s"})",
         {"/token_url"}},
        {R"({"type":"oauth2","token_url":"https://u:p@id.example/t","client_id":"c","client_secret":"s"})",
         {"/token_url"}},
        {R"({"type":"oauth2"})", {"/client_id", "/client_secret", "/token_url"}},
        {R"({"type":"oauth2","token_url":"https://id.example/t","client_id":"c","client_secret":"s","scopes":"a"})",
         {"/scopes"}},
    };
    for (const auto& [text, pointers] : rows) {
        const auto one = read(text);
        EXPECT_FALSE(one.value) << text;
        std::vector<std::string> named;
        for (const auto& [pointer, detail] : one.problems) {
            named.push_back(pointer);
            EXPECT_FALSE(detail.contains(long_text)) << "the secret is in the problem";
        }
        EXPECT_EQ(named, pointers) << text;
    }
}

TEST(Authentication, is_sent_as_its_rfc_says) {
    // RFC 7617 section 2 and 2.1.
    Authentication basic{.type = AuthenticationType::basic, .username = "Aladdin"};
    EXPECT_EQ(authorization_of(basic, "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    basic.username = "test";
    EXPECT_EQ(authorization_of(basic, "123£"), "Basic dGVzdDoxMjPCow==");
    EXPECT_EQ(authorization_of({.type = AuthenticationType::bearer}, "mF_9.B5f-4.1JqM"),
              "Bearer mF_9.B5f-4.1JqM");
}

}  // namespace
}  // namespace postrider::webhooks
