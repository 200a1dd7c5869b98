#include "cli/listener.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>
#include <thread>

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::cli {
namespace {

const std::string secret(32, 's');

std::vector<std::pair<std::string, std::string>> signed_headers(const std::string& id,
                                                                const std::string& body) {
    auto timestamp = std::to_string(to_micros(SystemClock{}.now()) / 1'000'000);
    return {{"webhook-id", id},
            {"webhook-timestamp", timestamp},
            {"webhook-signature",
             "v1," + base64_encode(hmac_sha256(secret, {id, ".", timestamp, ".", body}))}};
}

/// A listener on its own thread, until it has answered `options.count`.
class Listening {
 public:
    explicit Listening(ListenOptions options)
        : context_({in_, out_, error_}, nullptr, clock_, random_) {
        options.port = 0;
        thread_ = std::thread([this, options] {
            code_ =
                listen(context_, options, [this](std::uint16_t port) { port_.set_value(port); });
        });
        port_number_ = port_.get_future().get();
    }
    int post(const std::string& path, const std::string& body,
             std::vector<std::pair<std::string, std::string>> headers = {}) {
        http::Client client({.base_url = fmt::format("http://127.0.0.1:{}", port_number_),
                             .token = {},
                             .ca_file = {}});
        auto response = client.send(
            {.method = "POST", .path = path, .body = body, .headers = std::move(headers)});
        return response ? response->status : 0;
    }
    int ask(const std::string& method, const std::string& path) {
        http::Client client({.base_url = fmt::format("http://127.0.0.1:{}", port_number_),
                             .token = {},
                             .ca_file = {}});
        auto response = client.send({.method = method, .path = path, .body = {}, .headers = {}});
        return response ? response->status : 0;
    }
    /// Sends bytes that are no request, as a client of https does.
    void send_noise() {
        http::Client client({.base_url = fmt::format("https://127.0.0.1:{}", port_number_),
                             .token = {},
                             .ca_file = {}});
        EXPECT_FALSE(client.send({.method = "POST", .path = "/", .body = {}, .headers = {}}));
    }
    std::uint16_t port() const { return port_number_; }
    /// The exit code and what was shown.
    std::pair<int, std::string> end() {
        thread_.join();
        return {code_, out_.str()};
    }

 private:
    std::istringstream in_;
    std::ostringstream out_, error_;
    SystemClock clock_;
    SeededRandom random_{1};
    Context context_;
    std::promise<std::uint16_t> port_;
    std::uint16_t port_number_ = 0;
    std::thread thread_;
    int code_ = -1;
};

const std::string body =
    R"({"event":"user.created","timestamp":"2026-11-23T18:12:03Z","resource_id":"r1","data":{"n":1.10}})";

TEST(listener, verifies_notices_duplicates_and_ends_after_its_count) {
    Listening listening({.keys = {{SigningScheme::v1, secret}}, .count = 2});
    EXPECT_EQ(listening.post("/a/b", body, signed_headers("id-1", body)), 204);
    EXPECT_EQ(listening.post("/", body, signed_headers("id-1", body)), 204);
    auto [code, out] = listening.end();
    EXPECT_EQ(code, exit_ok);
    EXPECT_NE(out.find("user.created  answered 204"), std::string::npos) << out;
    EXPECT_NE(out.find("Signature  verified"), std::string::npos) << out;
    EXPECT_NE(out.find("Path       /a/b"), std::string::npos) << out;
    EXPECT_NE(out.find("\"n\": 1.10"), std::string::npos) << out;
    EXPECT_NE(out.find("id-1  a duplicate: time 2"), std::string::npos) << out;
}

TEST(listener, a_wrong_signature_ends_with_four) {
    Listening listening(
        {.keys = {{SigningScheme::v1, std::string(32, 'x')}}, .status = 500, .count = 1});
    EXPECT_EQ(listening.post("/", body, signed_headers("id-1", body)), 401);
    auto [code, out] = listening.end();
    EXPECT_EQ(code, exit_not_verified);
    EXPECT_NE(out.find("answered 401"), std::string::npos) << out;
    EXPECT_NE(out.find("NOT verified: no signature fits"), std::string::npos) << out;
}

TEST(listener, writes_json_lines) {
    Listening listening({.delay = 20ms, .count = 2, .json = true});
    auto began = SystemClock{}.monotonic();
    EXPECT_EQ(listening.post("/", body, {{"webhook-id", "i"}, {"x-own", "v"}}), 204);
    EXPECT_GE(SystemClock{}.monotonic() - began, 20ms);
    EXPECT_EQ(listening.post("/", "{broken"), 204);
    auto [code, out] = listening.end();
    EXPECT_EQ(code, exit_ok);
    auto end = out.find('\n');
    auto first = json::parse(out.substr(0, end));
    ASSERT_TRUE(first) << out;
    EXPECT_EQ(text_of(*first, "id"), "i");
    EXPECT_TRUE(first->find("verified")->is_null());
    EXPECT_EQ(text_of(*first->find("headers"), "x-own"), "v");
    EXPECT_NE(out.find(R"("body":{"event":"user.created")"), std::string::npos) << out;
    EXPECT_NE(out.find(R"("body":"{broken")"), std::string::npos) << out;
}

TEST(listener, hands_on_what_verifies) {
    Listening behind({.path = "/app", .status = 202, .count = 1});
    const auto url = net::parse_url(fmt::format("http://127.0.0.1:{}/app", behind.port()));
    ASSERT_TRUE(url);
    Listening listening({.keys = {{SigningScheme::v1, secret}}, .count = 3, .forward_to = *url});
    auto wrong = signed_headers("id-0", body);
    wrong.back().second = "v1,AAAA";
    EXPECT_EQ(listening.post("/", body, wrong), 401) << "and it does not go on";
    EXPECT_EQ(listening.post("/", body, signed_headers("id-1", body)), 202);
    auto [code, out] = behind.end();
    EXPECT_NE(out.find("id-1"), std::string::npos) << out;
    EXPECT_EQ(out.find("id-0"), std::string::npos) << out;
    EXPECT_EQ(listening.post("/", body, signed_headers("id-2", body)), 502) << "nobody is there";
    EXPECT_NE(listening.end().second.find("/app answered 202"), std::string::npos);
}

TEST(listener, answers_its_path_only) {
    Listening listening({.path = "/hook", .count = 1});
    EXPECT_EQ(listening.post("/other", "{}"), 404);
    EXPECT_EQ(listening.post("/hook", "{}"), 204);
    EXPECT_EQ(listening.end().first, exit_ok);
}

TEST(listener, shows_what_it_refuses_and_why) {
    Listening listening({.path = "/hook", .count = 1});
    const std::string form = "application/x-www-form-urlencoded";
    EXPECT_EQ(listening.post("/hook", "a=b", {{"content-type", form}}), 415);
    EXPECT_EQ(listening.ask("GET", "/hook"), 405);
    EXPECT_EQ(listening.post("/other", "{}"), 404);
    EXPECT_EQ(listening.post("/hook", std::string(2 << 20, ' ')), 413);
    listening.send_noise();
    EXPECT_EQ(listening.post("/hook", "{}"), 204);
    auto [code, out] = listening.end();
    EXPECT_EQ(code, exit_ok) << "what is refused is not counted, and no signature was wrong";
    for (const auto* line :
         {"POST /hook  answered 415", "GET /hook  answered 405", "POST /other  answered 404",
          "POST /hook  answered 413", "something  answered 400",
          "its body is application/x-www-form", "add -H 'Content-Type: application/json'",
          "a webhook is a POST, and this is a GET", "only /hook is answered", "use http://",
          "POST /hook  answered 204"}) {
        EXPECT_NE(out.find(line), std::string::npos) << line << " is not in\n" << out;
    }
}

TEST(listener, hostile_webhooks_cannot_steer_the_terminal) {
    Received received;
    received.method = "POST";
    received.path = "/%1b";
    received.body = "{\"event\":\"a\\u001b[2J\",\"data\":{\"k\":\"\xc2\x9b\"}}";
    received.headers = {{"x-h", "v\xe2\x80\xae"}, {"webhook-id", "i\x1b"}};
    auto text = render_received(received, Colours::off);
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << text;
    EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos) << text;
}

}  // namespace
}  // namespace postrider::cli
