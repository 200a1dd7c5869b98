#include "http/problem.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/json.h"

namespace postrider::http {
namespace {

json::Value read_document(const Response& response) {
    auto value = json::parse(response.body);
    return value ? *value : json::Value();
}

const std::string* header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

TEST(Problem, TheTableIsTheDocument) {
    std::ifstream file(POSTRIDER_SOURCE_FOLDER "/api/problems.json");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    auto document = json::parse(text);
    ASSERT_TRUE(document) << document.error().message;
    ASSERT_TRUE(document->find("problems"));
    const auto& problems = *document->find("problems")->as_array();
    ASSERT_EQ(problems.size(), problem_types().size());
    EXPECT_EQ(*document->find("base")->as_string(), "https://postrider.dev/problems/");
    std::set<std::string> slugs;
    for (std::size_t i = 0; i < problems.size(); ++i) {
        const auto& type = problem_types()[i];
        EXPECT_EQ(*problems[i].find("slug")->as_string(), type.slug);
        EXPECT_EQ(*problems[i].find("status")->as_int(), type.status) << type.slug;
        EXPECT_EQ(*problems[i].find("title")->as_string(), type.title) << type.slug;
        EXPECT_FALSE(problems[i].find("description")->as_string()->empty()) << type.slug;
        EXPECT_FALSE(problems[i].find("remedy")->as_string()->empty()) << type.slug;
        EXPECT_TRUE(slugs.insert(std::string(type.slug)).second) << type.slug;
    }
}

TEST(Problem, EveryCodeHasItsStatus) {
    const std::pair<ErrorCode, int> statuses[] = {{ErrorCode::invalid_argument, 422},
                                                  {ErrorCode::unauthenticated, 401},
                                                  {ErrorCode::permission_denied, 403},
                                                  {ErrorCode::not_found, 404},
                                                  {ErrorCode::conflict, 409},
                                                  {ErrorCode::failed_precondition, 412},
                                                  {ErrorCode::resource_exhausted, 429},
                                                  {ErrorCode::deadline_exceeded, 504},
                                                  {ErrorCode::unavailable, 503},
                                                  {ErrorCode::corrupt, 500},
                                                  {ErrorCode::internal, 500}};
    for (auto [code, status] : statuses) {
        auto response = problem_response({code, "why", {}, nullptr}, "id");
        EXPECT_EQ(response.status, status);
        EXPECT_EQ(*read_document(response).find("status")->as_int(), status);
    }
}

TEST(Problem, EverySlugHasItsStatus) {
    for (const auto& type : problem_types()) {
        std::string slug(type.slug);
        auto response = problem_response({ErrorCode::invalid_argument, "", {}, slug.c_str()}, "id");
        EXPECT_EQ(response.status, type.status);
        auto document = read_document(response);
        EXPECT_EQ(*document.find("type")->as_string(), "https://postrider.dev/problems/" + slug);
        EXPECT_EQ(*document.find("title")->as_string(), type.title);
        const bool later = type.status == 429 || type.status == 503 || type.status == 507;
        EXPECT_EQ(header(response, "Retry-After") != nullptr, later) << slug;
    }
    EXPECT_EQ(problem_response({ErrorCode::conflict, "", {}, "no-such-slug"}, "").status, 409);
}

TEST(Problem, IsAnRfc9457Document) {
    Error error{ErrorCode::invalid_argument, "2 fields are \"wrong\"", {}, nullptr};
    error.fields.push_back({"#/url", "", "", "is required"});
    error.fields.push_back({"", "limit", "", "must be a number"});
    error.fields.push_back({"", "", "If-Match", "must be a version"});
    auto response = problem_response(error, "019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081");
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(
        response.body,
        R"({"type":"https://postrider.dev/problems/invalid-request",)"
        R"("title":"Some fields are wrong","status":422,"detail":"3 fields are wrong; the first: #/url is required",)"
        R"("request_id":"019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081","errors":[)"
        R"({"pointer":"#/url","detail":"is required"},)"
        R"({"parameter":"limit","detail":"must be a number"},)"
        R"({"header":"If-Match","detail":"must be a version"}]})"
        "\n");
}

TEST(Problem, WhatIsInternalStaysInside) {
    for (auto code : {ErrorCode::internal, ErrorCode::corrupt}) {
        Error error{code, "sqlite: secret detail", {}, nullptr};
        error.fields.push_back({"#/secret", "", "", "secret"});
        auto response = problem_response(error, "the-id");
        EXPECT_EQ(response.body.find("secret"), std::string::npos);
        EXPECT_NE(response.body.find("the-id"), std::string::npos);
    }
}

}  // namespace
}  // namespace postrider::http
