#include "delivery/tokens.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "model/credential_limits.h"

namespace postrider::delivery {
namespace {

using State = admission::Token::State;

/// Keeps what is sent until the test answers it.
class FakeSender final : public net::HttpSender {
 public:
    void send(net::SendRequest request, Done done) override {
        requests.push_back(std::move(request));
        waiting.push_back(std::move(done));
    }
    void stop() override {}
    void answer(AttemptResult result) {
        auto done = std::move(waiting.front());
        waiting.pop_front();
        done(std::move(result));
    }

    std::vector<net::SendRequest> requests;
    std::deque<Done> waiting;
};

AttemptResult answered(int status, std::string body = "") {
    AttemptResult result;
    result.reason = status == 200   ? OutcomeReason::accepted
                    : status == 410 ? OutcomeReason::gone
                                    : OutcomeReason::refused_by_status;
    result.status = status;
    result.response_body = std::move(body);
    return result;
}

AttemptResult ended(OutcomeReason reason, std::string detail = "") {
    AttemptResult result;
    result.reason = reason;
    result.detail = std::move(detail);
    return result;
}

const std::string good = R"({"access_token":"t1","token_type":"Bearer","expires_in":3600})";

class TokensTest : public testing::Test {
 protected:
    webhooks::SharedTarget target(std::string secret = "s:1",
                                  std::string url = "https://id.example/t") {
        auto made = std::make_shared<webhooks::Target>();
        made->webhook = webhook_;
        made->timeout = 7s;
        made->policy = policy_;
        made->token_client = std::make_shared<const webhooks::TokenClient>(webhooks::TokenClient{
            .url = std::make_shared<const net::Url>(net::parse_url(url).value()),
            .id = "a b",
            .secret = std::move(secret),
            .scope = "x y",
            .audience = ""});
        return made;
    }
    void ask(const webhooks::SharedTarget& of) {
        tokens_.get(of, [this](const Tokens::Given& given) { given_.push_back(given); });
    }

    WebhookId webhook_{Uuid::from_bytes("0123456789abcdef")};
    std::shared_ptr<const net::EgressPolicy> policy_ = std::make_shared<net::EgressPolicy>();
    FakeSender sender_;
    Timestamp now_{1000h};
    std::vector<admission::Token> told_;
    std::vector<Tokens::Given> given_;
    Tokens tokens_{{.sender = sender_,
                    .user_agent = "Postrider/test",
                    .now = [this] { return now_; },
                    .changed = [this](const WebhookId&,
                                      const admission::Token& token) { told_.push_back(token); }}};
};

TEST_F(TokensTest, one_request_serves_everybody_until_the_token_ends) {
    const auto hook = target();
    EXPECT_EQ(tokens_.state(*hook).state, State::missing);
    for (int i = 0; i < 3; ++i) ask(hook);
    ASSERT_EQ(sender_.requests.size(), 1U);
    EXPECT_EQ(tokens_.state(*hook).state, State::asked);
    sender_.answer(answered(200, good));
    ASSERT_EQ(given_.size(), 3U);
    for (const auto& each : given_) EXPECT_EQ(each.token, "t1");
    EXPECT_EQ(told_.back(), (admission::Token{State::good, now_ + 3590s}));
    now_ += 3589s;
    ask(hook);
    EXPECT_EQ(given_.back().token, "t1");
    EXPECT_EQ(sender_.requests.size(), 1U);
    now_ += 1s;
    ask(hook);
    EXPECT_EQ(sender_.requests.size(), 2U);
}

TEST_F(TokensTest, the_request_is_as_rfc_6749_has_it) {
    ask(target());
    const auto& request = sender_.requests.front();
    EXPECT_EQ(request.url->to_string(), "https://id.example/t");
    EXPECT_EQ(*request.body, "grant_type=client_credentials&scope=x+y");
    EXPECT_TRUE(request.headers.contains("content-type: application/x-www-form-urlencoded\r\n"));
    EXPECT_TRUE(request.headers.contains("authorization: Basic YStiOnMlM0Ex\r\n"))
        << request.headers;
    EXPECT_EQ(request.policy, policy_);
    EXPECT_EQ(request.timeout, 7s);
    // Refused so, the client's secret goes in the body, and so it stays.
    auto refused = answered(401, R"({"error":"invalid_client"})");
    refused.timings.total = 5s;
    sender_.answer(std::move(refused));
    ASSERT_EQ(sender_.requests.size(), 2U);
    EXPECT_EQ(sender_.requests[1].timeout, 2s) << "of one attempt's time";
    EXPECT_FALSE(sender_.requests[1].headers.contains("authorization"));
    EXPECT_EQ(*sender_.requests[1].body,
              "grant_type=client_credentials&client_id=a+b&client_secret=s%3A1&scope=x+y");
    sender_.answer(answered(200, good));
    EXPECT_EQ(given_.back().token, "t1");
    now_ += 2h;
    ask(target());
    EXPECT_TRUE(sender_.requests[2].body->contains("client_secret"));
}

TEST_F(TokensTest, after_a_401_there_is_one_more_at_most_in_a_minute) {
    const auto hook = target();
    ask(hook);
    sender_.answer(answered(200, good));
    for (const auto* other : {"another", ""}) tokens_.refused(webhook_, other);
    EXPECT_EQ(tokens_.state(*hook).state, State::good);
    now_ += 20s;
    tokens_.refused(webhook_, "t1");
    EXPECT_EQ(tokens_.state(*hook), (admission::Token{State::missing, now_ + 40s}));
    ask(hook);
    EXPECT_EQ(given_.back().failure.reason, OutcomeReason::token_failed);
    EXPECT_EQ(sender_.requests.size(), 1U);
    now_ += 40s;
    ask(hook);
    EXPECT_EQ(sender_.requests.size(), 2U);
}

TEST_F(TokensTest, a_failing_endpoint_is_asked_ever_less_and_no_more_than_it_asks_for) {
    const auto hook = target();
    for (const auto wait : {5s, 10s, 20s, 40s, 60s, 60s}) {
        ask(hook);
        sender_.answer(ended(OutcomeReason::connect_failed, "connection refused"));
        EXPECT_EQ(tokens_.state(*hook), (admission::Token{State::missing, now_ + wait}));
        now_ += wait;
    }
    EXPECT_EQ(given_.back().failure.reason, OutcomeReason::token_failed);
    EXPECT_EQ(given_.back().failure.detail, "no access token: connection refused");
    ask(hook);
    auto busy = answered(503);
    busy.response_headers = {{"Retry-After", "120"}};
    sender_.answer(std::move(busy));
    EXPECT_EQ(tokens_.state(*hook).at, now_ + 120s);
    EXPECT_EQ(given_.back().failure.detail, "the token endpoint answered 503");
    EXPECT_EQ(given_.back().failure.status, 0) << "it is no answer of the receiver";
    now_ += 120s;
    ask(hook);
    sender_.answer(answered(200, good));
    tokens_.refused(webhook_, "t1");
    now_ += 60s;
    ask(hook);
    sender_.answer(ended(OutcomeReason::response_timeout));
    EXPECT_EQ(tokens_.state(*hook).at, now_ + 5s) << "a success begins anew";
}

TEST_F(TokensTest, nothing_of_a_hostile_answer_is_repeated) {
    const std::vector<std::pair<int, std::string>> answers{
        {200, "canary"},
        {200, ""},
        {200, "[]"},
        {200, R"({"access_token":7})"},
        {200, R"({"access_token":"canary\r\nx-evil: 1"})"},
        {200, R"({"access_token":"canary canary"})"},
        {200, R"({"access_token":""})"},
        {200, R"({"access_token":")" + std::string(8193, 'x') + "\"}"},
        {200, R"({"access_token":"canary","token_type":"mac"})"},
        {200, R"({"access_token":"canary","token_type":7})"},
        {200, std::string(100, '[') + std::string(100, ']')},
        {302, "canary"},
        {410, "canary"},
        {500, R"({"error":"canary"})"},
        {403, R"({"error":["canary"]})"},
    };
    for (const auto& [status, body] : answers) {
        ask(target());
        sender_.answer(answered(status, body));
        ASSERT_TRUE(given_.back().token.empty()) << body;
        const auto& failure = given_.back().failure;
        EXPECT_EQ(failure.reason, OutcomeReason::token_failed);
        EXPECT_FALSE(failure.detail.contains("canary")) << failure.detail;
        EXPECT_TRUE(failure.response_body.empty() && failure.response_headers.empty());
        now_ += 1h;
    }
    ask(target());
    auto cut = answered(200, good);
    cut.response_truncated = true;
    sender_.answer(std::move(cut));
    EXPECT_TRUE(given_.back().failure.detail.contains("65536 bytes"));
}

TEST_F(TokensTest, a_lifetime_is_bounded_whatever_is_said) {
    const std::map<std::string, Duration> rows{{R"("expires_in":3600)", 3590s},
                                               {R"("expires_in":"3600")", 3590s},
                                               {R"("expires_in":90.5)", 80500ms},
                                               {R"("expires_in":0)", 60s},
                                               {R"("expires_in":-1)", 60s},
                                               {R"("expires_in":1e300)", 24h - 10s},
                                               {R"("expires_in":null)", 1h},
                                               {R"("expires_in":"never")", 60s},
                                               {R"("expires_in":[])", 60s},
                                               {R"("expires_in":9223372036854775807)", 24h - 10s},
                                               {R"("x":1)", 1h}};
    for (const auto& [member, lifetime] : rows) {
        const auto read = read_token(R"({"access_token":"t",)" + member + "}");
        ASSERT_TRUE(read) << member;
        EXPECT_EQ(read->lifetime, lifetime) << member;
    }
}

TEST_F(TokensTest, another_client_gets_a_token_of_its_own_and_the_former_one_is_not_mixed_in) {
    ask(target("old"));
    const auto changed = target("new", "https://evil.example/t");
    EXPECT_EQ(tokens_.state(*changed), (admission::Token{State::missing, Timestamp{}}));
    ask(changed);
    ASSERT_EQ(sender_.requests.size(), 2U);
    EXPECT_FALSE(sender_.requests[1].headers.contains("YStiOm9sZA"));  // "a+b:old"
    sender_.answer(answered(200, R"({"access_token":"t-old"})"));
    sender_.answer(answered(200, R"({"access_token":"t2"})"));
    ASSERT_EQ(given_.size(), 2U);
    EXPECT_EQ(given_[1].token, "t2");
    ask(changed);
    EXPECT_EQ(given_.back().token, "t2");
}

TEST_F(TokensTest, what_is_the_servers_own_fault_stays_so) {
    ask(target());
    sender_.answer(ended(OutcomeReason::resolver_busy, "too many look-ups"));
    EXPECT_EQ(given_.back().failure.reason, OutcomeReason::resolver_busy);
    tokens_.remove(webhook_);
    ask(target());
    tokens_.remove(webhook_);
    sender_.answer(ended(OutcomeReason::shutting_down));
    EXPECT_EQ(given_.back().failure.reason, OutcomeReason::shutting_down);
}

}  // namespace
}  // namespace postrider::delivery
