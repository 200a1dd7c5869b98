#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "net/event_loop.h"
#include "net/fake_dns_test.h"
#include "net/http_sender.h"
#include "net/receiver_test.h"
#include "net/resolver.h"

namespace postrider::net {

/// A sender on its own loop and thread, a fake name server, and a policy that allows loopback.
class SenderFixture : public testing::Test {
 protected:
    void SetUp() override {
        start({});
        policy_ = allowing({"127.0.0.0/8", "::1/128"});
    }
    void TearDown() override { finish(); }

    static std::shared_ptr<const EgressPolicy> allowing(
        std::initializer_list<const char*> networks) {
        auto policy = std::make_shared<EgressPolicy>();
        for (const auto* network : networks) {
            policy->allowed_networks.push_back(*Cidr::parse(network));
        }
        return policy;
    }

    template <typename Task>
    auto on_loop(Task task) {
        std::packaged_task<decltype(task())()> packaged(std::move(task));
        auto result = packaged.get_future();
        loop_->post([&] { packaged(); });
        return result.get();
    }

    void start(const std::string& ca_file) {
        loop_ = std::make_unique<EventLoop>(clock_);
        resolver_ = make_resolver(*loop_, {dns_.servers(), "/dev/null"});
        sender_ = make_http_sender(*loop_, *resolver_, {ca_file, "Postrider/test"});
        thread_ = std::thread([this] { loop_->run(); });
    }
    void finish() {
        if (!thread_.joinable()) return;
        on_loop([&] {
            sender_.reset();
            resolver_.reset();
        });
        loop_->stop();
        thread_.join();
    }

    struct Post {
        Duration timeout = 10s;
        std::string body = "{}";
        std::string headers = "Content-Type: application/json\r\nwebhook-id: 1\r\n";
        std::shared_ptr<const EgressPolicy> policy = nullptr;  ///< nullptr: the fixture's
        std::function<void(SendRequest&)> change = nullptr;    ///< of what is sent
    };
    std::future<AttemptResult> send(const std::string& url, Post post) {
        SendRequest request;
        request.url = std::make_shared<const Url>(parse_url(url).value());
        request.headers = post.headers;
        request.body = std::make_shared<const std::string>(post.body);
        request.timeout = post.timeout;
        request.policy = post.policy != nullptr ? post.policy : policy_;
        if (post.change) post.change(request);
        auto promise = std::make_shared<std::promise<AttemptResult>>();
        auto result = promise->get_future();
        loop_->post([this, request, promise] {
            // A second call of `done` would throw out of set_value and end the test program.
            sender_->send(request, [promise](AttemptResult outcome) {
                promise->set_value(std::move(outcome));
            });
        });
        return result;
    }
    std::future<AttemptResult> send(const std::string& url) { return send(url, Post{}); }

    FakeDns dns_;
    std::shared_ptr<const EgressPolicy> policy_;
    const SystemClock clock_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<Resolver> resolver_;
    std::unique_ptr<HttpSender> sender_;
    std::thread thread_;
};

/// Answers every request of every connection alike.
inline Receiver::Script always(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
        while (peer.read_request()) {
            if (!peer.write(answer)) return;
        }
    };
}

/// Answers one request, then closes.
inline Receiver::Script once(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
        if (peer.read_request()) peer.write(answer);
    };
}

inline constexpr const char* ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace postrider::net
