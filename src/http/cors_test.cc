#include "http/cors.h"

#include <gtest/gtest.h>

namespace postrider::http {
namespace {

Request asked_by(const char* origin) {
    Request request;
    request.method = "OPTIONS";
    request.headers = {{"origin", origin}, {"access-control-request-method", "POST"}};
    return request;
}

TEST(Cors, takes_an_origin_that_is_named_and_no_other) {
    const std::vector<std::string> origins{"https://app.example", "http://localhost:3000"};
    EXPECT_EQ(cors_origin(asked_by("https://app.example"), origins), "https://app.example");
    EXPECT_EQ(cors_origin(asked_by("http://localhost:3000"), origins), "http://localhost:3000");
    for (const char* other : {"https://app.example.evil", "http://app.example", "null", "*", "",
                              "https://app.example:444", "https://APP.example"}) {
        EXPECT_EQ(cors_origin(asked_by(other), origins), "") << other;
    }
    EXPECT_EQ(cors_origin(asked_by("https://app.example"), {}), "");
    EXPECT_EQ(cors_origin(Request(), origins), "");
}

TEST(Cors, answers_what_a_browser_asks_before_a_request) {
    const auto request = asked_by("https://app.example");
    const auto answer = cors_preflight(request, "https://app.example", "GET, HEAD, POST");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(answer->headers[0].second, "GET, HEAD, POST");
    EXPECT_FALSE(cors_preflight(request, "", "GET"));
    Request plain = request;
    plain.headers.pop_back();
    EXPECT_FALSE(cors_preflight(plain, "https://app.example", "GET"));
}

TEST(Cors, never_allows_credentials) {
    Response response;
    add_cors_headers(response, "https://app.example");
    bool allows = false;
    for (const auto& [name, value] : response.headers) {
        EXPECT_NE(name, "Access-Control-Allow-Credentials");
        allows =
            allows || (name == "Access-Control-Allow-Origin" && value == "https://app.example");
    }
    EXPECT_TRUE(allows);
    Response other;
    add_cors_headers(other, "");
    ASSERT_EQ(other.headers.size(), 1U);
    EXPECT_EQ(other.headers[0].first, "Vary");
}

}  // namespace
}  // namespace postrider::http
