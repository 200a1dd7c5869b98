#include "delivery/request.h"

#include <gtest/gtest.h>

#include "delivery/signer.h"

namespace postrider::delivery {
namespace {

const std::function<std::string()> no_origin = [] {
    ADD_FAILURE() << "the default format names no origin";
    return std::string();
};
const Timestamp start = parse_rfc3339("2026-11-23T12:00:00Z").value();

webhooks::Target target_with(SigningScheme scheme) {
    webhooks::Target target;
    auto url = std::make_shared<net::Url>();
    *url = net::parse_url("https://example.com/hook").value();
    target.url = url;
    target.keys = {{scheme, "a secret"}};
    return target;
}

/// Each scheme signs the bytes that are sent, with what this attempt alone carries.
TEST(RequestTest, what_is_signed_is_what_is_sent) {
    Held held;
    held.event = std::make_shared<const EventContent>("auth.reset_password", start, ResourceId{},
                                                      R"({"id":"1"})");
    const auto target = target_with(SigningScheme::ferriskey);
    for (const std::string_view token : {"", "prt_x"}) {
        const RequestContext context{
            .user_agent = "Postrider/test", .origin = no_origin, .secret = token};
        const auto body = render_body(held, target, context);
        ASSERT_TRUE(body);
        const auto request = build_request(held, target, context, *body, start);
        EXPECT_EQ(request.send.body->find("prt_x") != std::string::npos, !token.empty());
        const auto seconds =
            std::chrono::floor<std::chrono::seconds>(start).time_since_epoch().count();
        const auto signature = sign_ferriskey(target, std::to_string(seconds), *request.send.body);
        ASSERT_FALSE(signature.empty());
        EXPECT_NE(request.send.headers.find("x-ferriskey-signature: " + signature + "\r\n"),
                  std::string::npos)
            << request.send.headers;
        EXPECT_EQ(request.recorded_headers.find("prt_x"), std::string::npos);
    }
}

}  // namespace
}  // namespace postrider::delivery
