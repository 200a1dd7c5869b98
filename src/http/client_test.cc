#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace postrider::http {
namespace {

/// Takes one connection, reads until the head (and its body of `body_bytes`) is there, answers with
/// fixed bytes and closes; with empty bytes it holds the connection open until destroyed.
class OneAnswer {
 public:
    explicit OneAnswer(std::string answer, std::size_t body_bytes = 0)
        : answer_(std::move(answer)), body_bytes_(body_bytes) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(0, ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
        EXPECT_EQ(0, ::listen(listener_, 4));
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~OneAnswer() {
        ::shutdown(listener_, SHUT_RDWR);
        if (thread_.joinable()) thread_.join();
        ::close(listener_);
        if (held_ >= 0) ::close(held_);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::string request() {
        thread_.join();
        return request_;
    }

 private:
    void serve() {
        int peer = ::accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        char buffer[4096];
        for (;;) {
            auto end = request_.find("\r\n\r\n");
            if (end != std::string::npos && request_.size() >= end + 4 + body_bytes_) break;
            auto count = ::read(peer, buffer, sizeof buffer);
            if (count <= 0) break;
            request_.append(buffer, static_cast<std::size_t>(count));
        }
        if (answer_.empty()) {
            held_ = peer;
            return;
        }
        std::size_t sent = 0;
        while (sent < answer_.size()) {
            auto count = ::send(peer, answer_.data() + sent, answer_.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) break;
            sent += static_cast<std::size_t>(count);
        }
        ::close(peer);
    }

    std::string answer_, request_;
    std::size_t body_bytes_;
    int listener_ = -1, held_ = -1;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

TEST(client, sends_method_path_token_headers_and_body) {
    OneAnswer server("HTTP/1.1 202 Accepted\r\nX-Thing: One\r\nContent-Length: 2\r\n\r\n{}", 7);
    Client client({.base_url = server.url() + "/proxy/", .token = "prk_1", .ca_file = {}});
    auto response = client.send({.method = "POST",
                                 .path = "/api?x=1",
                                 .body = R"({"a":1})",
                                 .headers = {{"Idempotency-Key", "k"}}});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 202);
    EXPECT_EQ(response->body, "{}");
    ASSERT_NE(response->header("x-thing"), nullptr);
    EXPECT_EQ(*response->header("x-thing"), "One");
    std::string sent = server.request();
    EXPECT_TRUE(sent.starts_with("POST /proxy/api?x=1 HTTP/1.1\r\n")) << sent;
    EXPECT_NE(sent.find("Authorization: Bearer prk_1\r\n"), std::string::npos) << sent;
    EXPECT_NE(sent.find("Idempotency-Key: k\r\n"), std::string::npos) << sent;
    EXPECT_NE(sent.find("Content-Type: application/json\r\n"), std::string::npos) << sent;
    EXPECT_TRUE(sent.ends_with("\r\n\r\n{\"a\":1}")) << sent;
}

TEST(client, names_of_this_machine_are_asked_of_nobody) {
    OneAnswer server("HTTP/1.1 204 No Content\r\n\r\n");
    auto url = server.url();
    url.replace(url.find("127.0.0.1"), 9, "no-file-has-this.localhost");
    auto response = Client({.base_url = url, .token = {}, .ca_file = {}})
                        .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 204);
}

TEST(client, an_error_status_is_an_answer) {
    OneAnswer server("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    auto response = Client({.base_url = server.url(), .token = {}, .ca_file = {}})
                        .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 500);
}

TEST(client, a_broken_answer_is_corrupt) {
    OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    auto response = Client({.base_url = server.url(), .token = {}, .ca_file = {}})
                        .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::corrupt);
    EXPECT_NE(response.error().message.find(server.url()), std::string::npos);
}

TEST(client, nobody_there_is_unavailable) {
    std::string url;
    {
        OneAnswer server("");
        url = server.url();
    }
    auto response = Client({.base_url = url, .token = {}, .ca_file = {}})
                        .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::unavailable) << response.error().message;
}

TEST(client, silence_ends_at_the_deadline) {
    OneAnswer server("");
    auto response = Client({.base_url = server.url(), .token = {}, .ca_file = {}, .timeout = 50ms})
                        .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::deadline_exceeded);
    EXPECT_NE(response.error().message.find("50ms"), std::string::npos);
}

TEST(client, refuses_what_is_no_server_address) {
    for (const char* url : {"", "127.0.0.1:8080", "ftp://x", "http://", "http://u@h", "http://h:0",
                            "http://h:70000", "http://h:8x", "http://h?q", "http://h /"}) {
        auto response = Client({.base_url = url, .token = {}, .ca_file = {}})
                            .send({.method = "GET", .path = "/", .body = {}, .headers = {}});
        ASSERT_FALSE(response) << url;
        EXPECT_EQ(response.error().code, ErrorCode::invalid_argument) << url;
    }
}

}  // namespace
}  // namespace postrider::http
