#include "net/http_sender.h"

#include <sys/resource.h>

#include "model/limits.h"
#include "net/sender_fixture_test.h"

namespace postrider::net {
namespace {

using Behaviour = FakeDns::Answer::Behaviour;

class HttpSenderTest : public SenderFixture {};

TEST_F(HttpSenderTest, SendsExactlyThisRequest) {
    std::promise<std::string> seen;
    Receiver receiver([&](Peer& peer) {
        seen.set_value(*peer.read_request());
        peer.write(ok_answer);
    });
    const auto result = send(receiver.url("/a/b?c=d"), {.body = R"({"event":"x"})"}).get();
    const auto authority = "127.0.0.1:" + std::to_string(receiver.port());
    EXPECT_EQ(seen.get_future().get(), "POST /a/b?c=d HTTP/1.1\r\nHost: " + authority +
                                           "\r\nUser-Agent: Postrider/test\r\n"
                                           "Content-Length: 13\r\n"
                                           "Content-Type: application/json\r\nwebhook-id: 1\r\n\r\n"
                                           R"({"event":"x"})");
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(result.response_body, "ok");
    EXPECT_EQ(result.response_headers, (Headers{{"Content-Length", "2"}}));
    EXPECT_FALSE(result.response_truncated);
    EXPECT_EQ(result.peer, authority);
    EXPECT_GT(result.timings.total.count(), 0);
    EXPECT_GE(result.timings.total, result.timings.connect + result.timings.first_byte);
}

struct StatusRow {
    const char* answer;
    OutcomeReason reason;
    int status;
    bool reused;
};

TEST_F(HttpSenderTest, ReadsEveryKindOfAnswer) {
    using enum OutcomeReason;
    for (const StatusRow& row : std::initializer_list<StatusRow>{
             {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", accepted, 200, true},
             {"HTTP/1.1 204 No Content\r\n\r\n", accepted, 204, true},
             {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", accepted, 204, true},
             {"HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", accepted, 299, true},
             {"HTTP/1.1 304 Not Modified\r\n\r\n", refused_by_status, 304, true},
             {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
              refused_by_status, 302, true},
             {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", gone, 410, true},
             {"HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", refused_by_status,
              503, true},
             {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", refused_by_status, 999, true},
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX: "
              "y\r\n\r\n",
              accepted, 200, true},
             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
              "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
              accepted, 202, true},
             // What RFC 9112 lets a reader take, and others send.
             {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", accepted, 200, true},
             {"HTTP/1.1 204\r\n\r\n", accepted, 204, true},
             {"HTTP/1.1 410\r\nContent-Length: 0\r\n\r\n", gone, 410, true},
             {"HTTP/1.1 100\r\n\r\nHTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", accepted, 202, true},
             {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", accepted, 200, true},
             {"HTTP/1.1 200\nContent-Length: 2\r\n\nok", accepted, 200, true},
             {"HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok", accepted, 200, true},
             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nok\r\n0\t\r\n\r\n",
              accepted, 200, true},
             {"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2 ;a=b\nok\n0\nX: y\n\n", accepted,
              200, true},
             {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", accepted, 200,
              false},
             {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", accepted, 200, false},
             {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", accepted,
              200, true},
             {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, and more", accepted, 200, false},
             {"HTTP/1.1 204 No Content\r\n\r\nbody", accepted, 204, false},
         }) {
        Receiver receiver(always(row.answer));
        const auto first = send(receiver.url()).get();
        EXPECT_EQ(first.reason, row.reason) << row.answer << first.detail;
        EXPECT_EQ(first.status, row.status) << row.answer;
        EXPECT_EQ(send(receiver.url()).get().status, row.status);
        EXPECT_EQ(receiver.connections(), row.reused ? 1 : 2) << row.answer;
    }
}

TEST_F(HttpSenderTest, ABodyMayEndWithTheConnection) {
    Receiver receiver(once("HTTP/1.1 200 OK\r\n\r\nas long as it is"));
    const auto result = send(receiver.url()).get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(result.response_body, "as long as it is");
}

TEST_F(HttpSenderTest, OnlyTheHeadersOfTheFinalAnswerAreKept) {
    Receiver receiver(
        always("HTTP/1.1 103 Early\r\nA: 1\r\n\r\n"
               "HTTP/1.1 200 OK\r\nB: 2\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(send(receiver.url()).get().response_headers,
              (Headers{{"B", "2"}, {"Content-Length", "0"}}));
}

TEST_F(HttpSenderTest, AConcurrentBurstSharesNoConnection) {
    Receiver receiver(always(ok_answer));
    std::vector<std::future<AttemptResult>> results;
    for (int i = 0; i < 50; ++i) results.push_back(send(receiver.url()));
    for (auto& result : results) EXPECT_EQ(result.get().reason, OutcomeReason::accepted);
    const int opened = receiver.connections();
    EXPECT_LE(opened, 50);
    for (int i = 0; i < 50; ++i) send(receiver.url()).get();
    EXPECT_EQ(receiver.connections(), opened);
}

TEST_F(HttpSenderTest, LargeBodiesArriveWhole) {
    std::string body(3 * 1024 * 1024, 'x');
    for (std::size_t i = 0; i < body.size(); i += 7) body[i] = static_cast<char>('a' + i % 26);
    std::promise<std::string> seen;
    Receiver receiver([&](Peer& peer) {
        seen.set_value(*peer.read_request());
        peer.write(ok_answer);
        peer.wait_for_close();
    });
    EXPECT_EQ(send(receiver.url(), {.body = body}).get().reason, OutcomeReason::accepted);
    EXPECT_TRUE(seen.get_future().get().ends_with("\r\n\r\n" + body));
}

TEST_F(HttpSenderTest, AnEarlyAnswerCountsWhateverIsUnsent) {
    for (const bool closes : {false, true}) {
        Receiver receiver([closes](Peer& peer) {
            peer.read_more();
            peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
            if (!closes) peer.wait_for_close();
        });
        const auto result = send(receiver.url(), {.body = std::string(8 * 1024 * 1024, 'x')}).get();
        EXPECT_EQ(result.reason, OutcomeReason::refused_by_status) << result.detail;
        EXPECT_EQ(result.status, 413);
    }
}

TEST_F(HttpSenderTest, AReusedConnectionThatWasClosedIsTriedOnceMoreAfresh) {
    // It closes when it has read the second request, so that the close cannot be seen before.
    Receiver receiver([](Peer& peer) {
        peer.read_request();
        peer.write(ok_answer);
        peer.read_request();
    });
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
        EXPECT_EQ(receiver.connections(), i + 1);
    }
}

TEST_F(HttpSenderTest, ButOnlyOnceAndOnlyBeforeTheFirstByte) {
    std::atomic<int> count = 0;
    Receiver receiver([&](Peer& peer) {
        if (++count > 1) {
            peer.read_request();
            return;
        }
        peer.read_request();
        peer.write(ok_answer);
        peer.read_request();
    });
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::response_broken);
    EXPECT_EQ(receiver.connections(), 2);

    Receiver partial([](Peer& peer) {
        peer.read_request();
        peer.write(ok_answer);
        peer.read_request();
        peer.write("H");
    });
    EXPECT_EQ(send(partial.url()).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(partial.url()).get().reason, OutcomeReason::response_broken);
    EXPECT_EQ(partial.connections(), 1);
}

TEST_F(HttpSenderTest, AnUnusedConnectionThatWasClosedIsNotUsed) {
    std::promise<void> closed;
    std::promise<bool> request_on_closed;
    std::atomic<int> count = 0;
    Receiver receiver([&](Peer& peer) {
        peer.read_request();
        peer.write(ok_answer);
        if (++count > 1) return;
        peer.finish_writing();
        closed.set_value();
        request_on_closed.set_value(peer.read_request().has_value());
    });
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
    closed.get_future().get();
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(receiver.connections(), 2);
    EXPECT_FALSE(request_on_closed.get_future().get());
}

TEST_F(HttpSenderTest, OtherRulesMeanOtherConnections) {
    Receiver receiver(always(ok_answer));
    const auto same = allowing({"127.0.0.0/8", "::1/128"});
    const auto other = allowing({"127.0.0.1"});
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(receiver.url(), {.policy = same}).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(receiver.connections(), 1);
    EXPECT_EQ(send(receiver.url(), {.policy = other}).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(receiver.connections(), 2);
    const auto none = send(receiver.url(), {.policy = allowing({})}).get();
    EXPECT_EQ(none.reason, OutcomeReason::address_blocked);
    EXPECT_NE(none.detail.find("--allow-network 127.0.0.1/32"), std::string::npos);
    EXPECT_EQ(receiver.connections(), 2);
}

TEST_F(HttpSenderTest, TriesEveryPassedAddressInTurn) {
    Receiver receiver(always(ok_answer));
    const auto url = "http://many.example:" + std::to_string(receiver.port()) + "/";
    dns_.set("many.example", {{"127.0.0.3", "10.9.9.9", "127.0.0.2", "127.0.0.1"}, 30});
    const auto result = send(url).get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(result.peer, "127.0.0.1:" + std::to_string(receiver.port()));
    EXPECT_GT(result.timings.dns.count(), 0);
}

TEST_F(HttpSenderTest, ReachesIpv6) {
    const int probe = socket(AF_INET6, SOCK_STREAM, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const bool has_v6 =
        probe >= 0 && bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (probe >= 0) close(probe);
    if (!has_v6) GTEST_SKIP() << "this machine has no IPv6 loopback";
    Receiver receiver(always(ok_answer), nullptr, "::1");
    const auto port = std::to_string(receiver.port());
    const auto result = send("http://[::1]:" + port + "/").get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(result.peer, "[::1]:" + port);
    // localhost is both: IPv4 is refused here, and IPv6 answers.
    EXPECT_EQ(send("http://localhost:" + port + "/").get().reason, OutcomeReason::accepted);
}

/// A port whose queue of connections is full: further ones are neither accepted nor refused.
class FullPort {
 public:
    FullPort() {
        fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
        bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        listen(fd_, 0);
        socklen_t size = sizeof address;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port = ntohs(address.sin_port);
        for (auto& filler : fillers_) {
            filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            connect(filler, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
    }
    ~FullPort() {
        for (const int filler : fillers_) close(filler);
        close(fd_);
    }
    FullPort(const FullPort&) = delete;
    FullPort& operator=(const FullPort&) = delete;
    int port = 0;

 private:
    int fd_ = -1;
    int fillers_[4] = {};
};

TEST_F(HttpSenderTest, ConnectingFailsWithTheReason) {
    int free_port = 0;
    {
        free_port = Receiver([](Peer&) {}).port();
    }
    const auto refused = send("http://127.0.0.1:" + std::to_string(free_port) + "/").get();
    EXPECT_EQ(refused.reason, OutcomeReason::connect_failed);
    EXPECT_EQ(refused.detail, "connection refused by 127.0.0.1:" + std::to_string(free_port));
    EXPECT_EQ(refused.peer, "");

    FullPort full;
    const auto url = "http://127.0.0.2:" + std::to_string(full.port) + "/";
    const auto silent = send(url, {.timeout = 50ms}).get();
    EXPECT_EQ(silent.reason, OutcomeReason::connect_timeout) << silent.detail;
    EXPECT_GE(silent.timings.total, 50ms);
    EXPECT_LT(silent.timings.total, 5s);
}

TEST_F(HttpSenderTest, ASilentAddressLeavesTimeForTheNext) {
    FullPort full;
    dns_.set("two.example", {{"127.0.0.2", "127.0.0.1"}, 30});
    const auto url = "http://two.example:" + std::to_string(full.port) + "/";
    // Nobody listens at the second: that it was tried shows in the outcome.
    const auto result = send(url, {.timeout = 400ms}).get();
    EXPECT_EQ(result.reason, OutcomeReason::connect_failed) << result.detail;
    EXPECT_EQ(result.detail, "connection refused by 127.0.0.1:" + std::to_string(full.port));
    EXPECT_GE(result.timings.total, 150ms);
}

TEST_F(HttpSenderTest, NamesThatDoNotResolveSayWhy) {
    dns_.set("silent.example", {{}, 0, 0, Behaviour::silent});
    dns_.set("inside.example", {{"10.0.0.1", "169.254.169.254"}, 30});
    EXPECT_EQ(send("http://missing.example/").get().reason, OutcomeReason::dns_failed);
    const auto silent = send("http://silent.example/", {.timeout = 30ms}).get();
    EXPECT_EQ(silent.reason, OutcomeReason::dns_timeout);
    const auto inside = send("http://inside.example/").get();
    EXPECT_EQ(inside.reason, OutcomeReason::address_blocked);
    EXPECT_NE(inside.detail.find("10.0.0.1 is in 10.0.0.0/8"), std::string::npos) << inside.detail;
}

TEST_F(HttpSenderTest, TheEnvironmentsProxiesAreIgnored) {
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    Receiver receiver(always(ok_answer));
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

TEST_F(HttpSenderTest, WithoutDescriptorsTheOutcomeIsOurs) {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit tight = before;
    const int next = dup(0);
    close(next);
    tight.rlim_cur = static_cast<rlim_t>(next);
    setrlimit(RLIMIT_NOFILE, &tight);
    const auto result = send("http://127.0.0.1:9/").get();
    const auto lookup = send("http://some.example/").get();
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(result.reason, OutcomeReason::out_of_descriptors) << result.detail;
    EXPECT_EQ(lookup.reason, OutcomeReason::resolver_busy) << lookup.detail;
}

TEST_F(HttpSenderTest, StoppingEndsWhatIsInFlight) {
    std::promise<void> arrived;
    Receiver receiver([&](Peer& peer) {
        peer.read_request();
        arrived.set_value();
        peer.wait_for_close();
    });
    dns_.set("silent.example", {{}, 0, 0, Behaviour::silent});
    auto sent = send(receiver.url());
    auto resolving = send("http://silent.example/");
    arrived.get_future().get();
    on_loop([&] { sender_->stop(); });
    EXPECT_EQ(sent.get().reason, OutcomeReason::shutting_down);
    EXPECT_EQ(resolving.get().reason, OutcomeReason::shutting_down);
    EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::shutting_down);
}

TEST_F(HttpSenderTest, DoneIsNeverCalledWithinSendAndMaySendAgain) {
    Receiver receiver(always(ok_answer));
    for (const auto& url : {receiver.url(), std::string("http://10.0.0.1/")}) {
        std::promise<bool> second_done;
        on_loop([&] {
            SendRequest request;
            request.url = std::make_shared<const Url>(*parse_url(url));
            request.body = std::make_shared<const std::string>("{}");
            request.timeout = 10s;
            request.policy = policy_;
            auto inside = std::make_shared<bool>(true);
            sender_->send(request, [&, request, inside](AttemptResult) {
                EXPECT_FALSE(*inside);
                sender_->send(request, [&](AttemptResult) { second_done.set_value(true); });
            });
            *inside = false;
        });
        EXPECT_TRUE(second_done.get_future().get());
    }
    EXPECT_EQ(receiver.connections(), 1);
}

}  // namespace
}  // namespace postrider::net
