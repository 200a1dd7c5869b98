#include <atomic>

#include "net/certificates_test.h"
#include "net/sender_fixture_test.h"

namespace postrider::net {
namespace {

/// Everything goes through a proxy on loopback, which the policy would not pass by itself.
class EgressProxyTest : public SenderFixture {
 protected:
    void use(const std::string& url, const std::string& credentials = "") {
        finish();
        loop_ = std::make_unique<EventLoop>(clock_);
        resolver_ = make_resolver(*loop_, {dns_.servers(), "/dev/null"});
        sender_ = make_http_sender(*loop_, *resolver_,
                                   {.ca_file = ca_file_,
                                    .user_agent = "",
                                    .proxy = make_egress_proxy(url, credentials).value()});
        thread_ = std::thread([this] { loop_->run(); });
    }
    static std::string address_of(const Receiver& proxy) {
        return "http://127.0.0.1:" + std::to_string(proxy.port());
    }
    /// A public address, which nothing but the proxy reaches.
    static constexpr const char* far = "http://93.184.216.34:8080/hook";

    std::string ca_file_;
};

/// Answers CONNECT with `tunnel`, then as the receiver with `answer`.
Receiver::Script proxy_to_itself(std::vector<std::string>& heads, Mutex& mutex,
                                 const std::string& tunnel, const std::string& answer) {
    return [&heads, &mutex, tunnel, answer](Peer& peer) {
        const auto head = peer.read_head();
        if (!head) return;
        {
            const MutexLock lock(mutex);
            heads.push_back(*head);
        }
        if (!peer.write(tunnel)) return;
        while (const auto request = peer.read_request()) {
            const MutexLock lock(mutex);
            heads.push_back(request->substr(0, request->find('\r')));
            if (!peer.write(answer)) return;
        }
    };
}

constexpr const char* established = "HTTP/1.1 200 Connection established\r\n\r\n";

TEST_F(EgressProxyTest, a_tunnel_goes_to_the_address_that_was_passed_and_is_reused) {
    std::vector<std::string> heads;
    Mutex mutex;
    Receiver proxy(proxy_to_itself(heads, mutex, established, ok_answer));
    dns_.set("shop.example", {{"93.184.216.34"}, 30});
    use(address_of(proxy), "user:pass word");
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    for (int i = 0; i < 2; ++i) {
        const auto result = send("http://shop.example:8080/hook").get();
        EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
        EXPECT_EQ(result.peer, "93.184.216.34:8080");
    }
    const MutexLock lock(mutex);
    ASSERT_EQ(heads.size(), 3u);
    EXPECT_EQ(heads[0],
              "CONNECT 93.184.216.34:8080 HTTP/1.1\r\nHost: 93.184.216.34:8080\r\n"
              "Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n\r\n");
    EXPECT_EQ(heads[1], "POST /hook HTTP/1.1");
    EXPECT_EQ(proxy.connections(), 1);
}

TEST_F(EgressProxyTest, the_policy_holds_whatever_the_proxy_would_reach) {
    std::vector<std::string> heads;
    Mutex mutex;
    Receiver proxy(proxy_to_itself(heads, mutex, established, ok_answer));
    dns_.set("inside.example", {{"10.0.0.1"}, 30});
    dns_.set("metadata.example", {{"169.254.169.254"}, 30});
    use(address_of(proxy));
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    for (const char* url : {"http://inside.example/", "http://metadata.example/",
                            "http://127.0.0.1/", "http://[::1]/", "http://localhost/"}) {
        const auto result = send(url).get();
        EXPECT_EQ(result.reason, OutcomeReason::address_blocked) << url << result.detail;
    }
    EXPECT_EQ(proxy.connections(), 0) << "the proxy is asked for nothing of it";
}

TEST_F(EgressProxyTest, tls_is_of_the_receiver_and_a_proxy_that_lies_sees_nothing) {
    const auto authority = make_certificate({.subject = "authority", .is_authority = true});
    ca_file_ = testing::TempDir() + "postrider_proxy_" + std::to_string(getpid()) + ".pem";
    write_pem(authority, ca_file_);
    dns_.set("shop.example", {{"93.184.216.34"}, 30});
    for (const bool is_honest : {true, false}) {
        const auto server = make_server(make_certificate(
            {.alternative_names = is_honest ? "DNS:shop.example" : "DNS:liar.example",
             .issuer = &authority}));
        std::atomic<bool> saw_request = false;
        Receiver proxy([&](Peer& peer) {
            if (!peer.read_head() || !peer.write(established)) return;
            if (!peer.start_tls(server.get())) return;
            saw_request = peer.read_request().has_value();
            peer.write(ok_answer);
        });
        use(address_of(proxy));
        policy_ = std::make_shared<const EgressPolicy>();
        const auto result = send("https://shop.example/hook").get();
        EXPECT_EQ(result.reason, is_honest ? OutcomeReason::accepted : OutcomeReason::tls_failed)
            << result.detail;
        EXPECT_EQ(saw_request, is_honest);
    }
    finish();
    unlink(ca_file_.c_str());
}

TEST_F(EgressProxyTest, what_a_proxy_does_wrong_is_no_receivers_fault) {
    const std::pair<std::string, std::string> answers[] = {
        {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "credentials"},
        {"HTTP/1.1 500 Oops\r\n\r\n", "answered 500"},
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nhello", "answered 502"},
        {"HTTP/1.1 404 Not Found\r\n\r\n", "answered 404"},
        {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n\r\n", "answered 301"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "switched protocols"},
        {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "bytes of its own"},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x'), "headers of more than"},
        {"", "closed the connection"},
        {"HTTP/1.1 200 O", "closed the connection"},
    };
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    for (const auto& [answer, expected] : answers) {
        Receiver proxy([&said = answer](Peer& peer) {
            if (peer.read_head()) peer.write(said);
        });
        use(address_of(proxy));
        const auto result = send(far).get();
        EXPECT_EQ(result.reason, OutcomeReason::proxy_failed) << answer << result.detail;
        EXPECT_NE(result.detail.find(expected), std::string::npos) << result.detail;
        EXPECT_EQ(result.status, 0);
        EXPECT_TRUE(result.response_headers.empty() && result.response_body.empty());
        EXPECT_EQ(result.detail.find("127.0.0.1"), std::string::npos)
            << "where the proxy is, is the operator's: " << result.detail;
    }
}

TEST_F(EgressProxyTest, a_proxy_that_is_down_or_silent_is_no_receivers_fault) {
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    use("http://127.0.0.1:1");
    auto result = send(far).get();
    EXPECT_EQ(result.reason, OutcomeReason::proxy_failed) << result.detail;
    EXPECT_NE(result.detail.find("Connection refused"), std::string::npos) << result.detail;
    EXPECT_EQ(result.detail.find("127.0.0.1"), std::string::npos) << result.detail;

    use("http://nowhere.example:3128");
    result = send(far).get();
    EXPECT_EQ(result.reason, OutcomeReason::proxy_failed) << result.detail;

    Receiver silent([](Peer& peer) { peer.wait_for_close(); });
    use(address_of(silent));
    result = send(far, {.timeout = 300ms}).get();
    EXPECT_EQ(result.reason, OutcomeReason::proxy_failed) << result.detail;
    EXPECT_NE(result.detail.find("in time"), std::string::npos) << result.detail;
}

TEST_F(EgressProxyTest, what_it_does_not_allow_is_said_of_the_receiver) {
    Receiver proxy([](Peer& peer) {
        if (peer.read_head()) peer.write("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    use(address_of(proxy));
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    const auto result = send(far).get();
    EXPECT_EQ(result.reason, OutcomeReason::connect_failed) << result.detail;
    EXPECT_NE(result.detail.find("does not allow"), std::string::npos) << result.detail;
}

TEST_F(EgressProxyTest, other_addresses_are_tried_through_it_and_of_it) {
    std::vector<std::string> heads;
    Mutex mutex;
    dns_.set("shop.example", {{"93.184.216.34", "93.184.216.35"}, 30});
    dns_.set("proxy.example", {{"127.0.0.9", "127.0.0.1"}, 30});
    Receiver proxy([&](Peer& peer) {
        const auto head = peer.read_head();
        if (!head) return;
        const MutexLock lock(mutex);
        heads.push_back(head->substr(0, head->find('\r')));
        if (heads.size() == 1) {
            peer.write("HTTP/1.1 503 Service Unavailable\r\n\r\n");
            return;
        }
        peer.write("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n");
        peer.read_request();
        peer.write(ok_answer);
    });
    use("http://proxy.example:" + std::to_string(proxy.port()));
    policy_ = std::make_shared<const EgressPolicy>(
        EgressPolicy{.allowed_networks = {}, .allow_http = true});
    const auto result = send("http://shop.example:81/hook").get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    const MutexLock lock(mutex);
    ASSERT_EQ(heads.size(), 2u);
    EXPECT_NE(heads[0], heads[1]);
}

TEST(EgressProxyOptions, what_is_no_proxy_is_refused) {
    EXPECT_TRUE(make_egress_proxy("http://proxy:3128", ""));
    EXPECT_TRUE(make_egress_proxy("http://[::1]:3128", "u:"));
    for (const char* url : {"https://proxy:3128", "proxy:3128", "http://proxy/path", "",
                            "http://u:p@proxy:3128", "socks5://proxy:1080"}) {
        EXPECT_FALSE(make_egress_proxy(url, "")) << url;
    }
    EXPECT_FALSE(make_egress_proxy("http://proxy", "nocolon"));
    EXPECT_FALSE(make_egress_proxy("http://proxy", "a:b\r\nX: y"));
}

}  // namespace
}  // namespace postrider::net
