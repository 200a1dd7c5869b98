#include "http/server.h"

#include <set>

#include "base/json.h"
#include "base/uuid.h"
#include "http/server_test_support.h"

namespace postrider::http {
namespace {

TEST_F(ServerTest, AnswersWithTheHeadersThatEveryAnswerHas) {
    start();
    RawClient client(port());
    auto answer = client.ask(get("/hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{}");
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_EQ(answer.header("date").size(), 29U);
    auto id = Uuid::parse(answer.header("x-request-id"));
    ASSERT_TRUE(id);
    EXPECT_EQ(id->bytes[6] >> 4, 7);
}

TEST_F(ServerTest, AnotherEdgeTakesItsPlaceBetweenTwoRequestsOfAConnection) {
    start();
    RawClient client(port());
    const std::string request =
        "GET /hello HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n\r\n";
    EXPECT_EQ(client.ask(request).header("access-control-allow-origin"), "");
    server_->set_edge({.cors_origins = {"https://app.example"}});
    EXPECT_EQ(client.ask(request).header("access-control-allow-origin"), "https://app.example");
    server_->set_edge({});
    EXPECT_EQ(client.ask(request).header("access-control-allow-origin"), "");
}

TEST_F(ServerTest, RequestIdsAscendAndReachTheHandler) {
    start();
    RawClient client(port());
    std::string last;
    for (int i = 0; i < 10; ++i) {
        auto answer = client.ask(get("/id"));
        EXPECT_EQ(answer.body, answer.header("x-request-id"));
        EXPECT_LT(last, answer.body);
        last = answer.body;
    }
}

TEST_F(ServerTest, TenThousandRequestsOnOneConnection) {
    start();
    RawClient client(port());
    for (int i = 0; i < 10'000; ++i) {
        const std::string body = '[' + std::to_string(i) + ']';
        auto answer = client.ask(post("/echo", body));
        ASSERT_EQ(answer.status, 200);
        ASSERT_EQ(answer.body, body);
    }
}

TEST_F(ServerTest, ReadsARequestThatArrivesInTwoPiecesWhereverItIsCut) {
    start();
    const std::string chunked =
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n[1,\r\n2\r\n2]\r\n0\r\nTrailer: t\r\n\r\n";
    RawClient client(port());
    for (const std::string& request : {post("/echo", "[1,2]"), chunked}) {
        for (std::size_t cut = 1; cut < request.size(); ++cut) {
            ASSERT_TRUE(client.send(request.substr(0, cut)));
            // An answer to another request is the sign that the server has seen the first piece.
            RawClient other(port());
            ASSERT_EQ(other.ask(get("/hello")).status, 200);
            ASSERT_TRUE(client.send(request.substr(cut)));
            ASSERT_EQ(client.read().body, "[1,2]") << cut;
        }
        for (char byte : request) ASSERT_TRUE(client.send({&byte, 1}));
        ASSERT_EQ(client.read().body, "[1,2]");
    }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInTheirOrder) {
    start();
    RawClient client(port());
    std::string requests;
    for (int i = 0; i < 500; ++i) {
        requests += post(i % 7 == 3 ? "/later" : "/echo", std::to_string(i));
    }
    std::thread sender([&] { EXPECT_TRUE(client.send(requests)); });
    for (int i = 0; i < 500; ++i) {
        auto answer = client.read();
        ASSERT_EQ(answer.body, (i % 7 == 3 ? "later " : "") + std::to_string(i));
    }
    sender.join();
}

TEST_F(ServerTest, HandsOverPathAndQueryDecoded) {
    start();
    RawClient client(port());
    EXPECT_EQ(client.ask(get("/items/a%2Fb%20c?x=1+2&y=%C3%A9&z&&=v")).body,
              "a/b c|x=1 2|y=é|z=|=v");
    EXPECT_EQ(client.ask(get("http://elsewhere:99/items/7?a=b")).body, "7|a=b");
    EXPECT_EQ(client.ask(get("/%69tems/7")).body, "7");
    EXPECT_EQ(client.ask(get("/remote")).body.substr(0, 10), "127.0.0.1:");
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
    start();
    RawClient client(port());
    ASSERT_TRUE(client.send("HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n"));
    auto answer = client.read(true);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-length"), "2");
    EXPECT_EQ(client.ask(get("/hello")).body, "{}") << "nothing of the body may be in the way";
}

TEST_F(ServerTest, AnAnswerWithoutContentHasNoLength) {
    start();
    RawClient client(port());
    auto answer = client.ask("DELETE /items/1 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("content-length"), "");
    EXPECT_EQ(answer.header("content-type"), "");
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, HandlersHeadersCannotBreakTheHead) {
    start();
    RawClient client(port());
    auto answer = client.ask(get("/headers"));
    EXPECT_EQ(answer.header("cache-control"), "max-age=5");
    EXPECT_EQ(answer.header("injected"), "");
    EXPECT_EQ(answer.header("x-bad"), "aInjected: 1");
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
    start();
    RawClient client(port());
    auto answer = client.ask(get("/hello", "Connection: close\r\n"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(client.is_closed());

    RawClient old(port());
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").header("connection"), "close");
    EXPECT_TRUE(old.is_closed());
    RawClient old_but_kept(port());
    answer = old_but_kept.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(answer.header("connection"), "keep-alive");
    EXPECT_EQ(old_but_kept.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, AnswersAClientThatHasClosedItsSide) {
    start();
    RawClient client(port());
    ASSERT_TRUE(client.send(post("/later", "7")));
    client.shutdown_send();
    EXPECT_EQ(client.read().body, "later 7");
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, AResponderAnswersOnceFromAnyThread) {
    start();
    RawClient client(port());
    EXPECT_EQ(client.ask(post("/later", "1")).body, "later 1");
    EXPECT_EQ(client.ask(get("/twice")).body, "first");
    EXPECT_EQ(client.ask(post("/echo", "2")).body, "2");
}

TEST_F(ServerTest, ADroppedResponderAnswers500) {
    start();
    RawClient client(port());
    auto answer = client.ask(get("/drop"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_NE(answer.body.find(answer.header("x-request-id")), std::string::npos);
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, AnswersForClientsThatHaveGoneAreDropped) {
    start();
    {
        RawClient client(port());
        ASSERT_TRUE(client.send(get("/hold")));
        held(1);
        client.close();
    }
    RawClient next(port());
    ASSERT_TRUE(next.send(get("/hold")));
    auto responders = held(2);
    responders[0].send(text("for nobody"));
    responders[1].send(text("for you"));
    EXPECT_EQ(next.read().body, "for you");
}

TEST_F(ServerTest, AResponderMayOutliveTheServer) {
    start();
    RawClient client(port());
    ASSERT_TRUE(client.send(get("/hold")));
    auto responders = held(1);
    server_->stop(Monotonic::min());
    server_.reset();
    EXPECT_EQ(client.read().status, 0);
    responders[0].send(text("too late"));
}

TEST_F(ServerTest, WritesLargeAnswersToSlowReaders) {
    start();
    RawClient client(port());
    ASSERT_TRUE(client.send(get("/large") + get("/hello")));
    EXPECT_EQ(client.read().body.size(), std::size_t{32} << 20);
    EXPECT_EQ(client.read().body, "{}");
}

TEST_F(ServerTest, WritesWhatIsSharedBetweenWhatIsNot) {
    start();
    RawClient client(port());
    ASSERT_TRUE(
        client.send("HEAD /shared HTTP/1.1\r\nHost: h\r\n\r\n" + get("/shared") + get("/hello")));
    EXPECT_EQ(client.read(true).status, 200);
    EXPECT_EQ(client.read().body, "before " + std::string(32 << 20, 's') + " behind");
    EXPECT_EQ(client.read().body, "{}");
}

TEST_F(ServerTest, ReadsLargeBodies) {
    start();
    RawClient client(port());
    const std::string body = "[\"" + std::string(5 << 20, 'b') + "\"]";
    EXPECT_EQ(client.ask(post("/big", body)).body, std::to_string(body.size()) + "[\"b");
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, ContinueIsSentWhenTheHeadIsGood) {
    start();
    RawClient client(port());
    ASSERT_TRUE(client.send(
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n"));
    EXPECT_EQ(client.read().status, 100);
    EXPECT_EQ(client.ask("{}").body, "{}");
    // Refused by the gate: no 100, the answer at once, and no body is waited for.
    auto answer = client.ask(
        "POST /echo HTTP/1.1\r\nHost: h\r\nX-Refuse: 1\r\nContent-Length: 2\r\n"
        "Expect: 100-continue\r\n\r\n");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(ServerTest, StopLetsRequestsInProgressEnd) {
    start();
    RawClient busy(port()), idle(port());
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    ASSERT_TRUE(busy.send(get("/hold")));
    auto responders = held(1);
    std::thread stopper([&] { server_->stop(std::chrono::steady_clock::now() + 20s); });
    EXPECT_TRUE(idle.is_closed());
    responders[0].send(text("done"));
    auto answer = busy.read();
    EXPECT_EQ(answer.body, "done");
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(busy.is_closed());
    stopper.join();
}

TEST_F(ServerTest, StopEndsAtItsDeadline) {
    start();
    RawClient busy(port());
    ASSERT_TRUE(busy.send(get("/hold")));
    held(1);
    server_->stop(std::chrono::steady_clock::now() + 50ms);
    EXPECT_EQ(busy.read().status, 0);
}

TEST_F(ServerTest, AnAddressInUseIsOneSentence) {
    start();
    auto second = make_server(clock_, {.port = port()}, {}, {});
    auto started = second->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::unavailable);
    EXPECT_EQ(started.error().message,
              "127.0.0.1:" + std::to_string(port()) +
                  " is in use by another process; stop it or choose another --listen");
}

TEST_F(ServerTest, AnAddressThatIsNoneIsRefused) {
    auto named = make_server(clock_, {.address = "example.com"}, {}, {})->start();
    ASSERT_FALSE(named);
    EXPECT_NE(named.error().message.find("\"example.com\""), std::string::npos);
    auto foreign = make_server(clock_, {.address = "192.0.2.1", .port = 0}, {}, {})->start();
    ASSERT_FALSE(foreign);
    EXPECT_NE(foreign.error().message.find("192.0.2.1"), std::string::npos);
}

TEST_F(ServerTest, ObservesEveryAnswer) {
    Mutex mutex;
    std::vector<std::pair<std::string, int>> seen;
    std::set<std::string> ids;
    start({.observer = [&](const Answered& answered) {
        MutexLock lock(mutex);
        seen.emplace_back(answered.operation, answered.status);
        ids.insert(std::string(answered.id));
        EXPECT_GE(answered.duration, 0us);
    }});
    RawClient client(port());
    client.ask(get("/hello"));
    client.ask(get("/none"));
    client.ask(post("/later", "1"));
    client.ask("nonsense\r\n\r\n");
    client.is_closed();
    server_->stop(std::chrono::steady_clock::now() + 20s);
    MutexLock lock(mutex);
    EXPECT_EQ(seen, (std::vector<std::pair<std::string, int>>{
                        {"GET/hello", 200}, {"", 404}, {"POST/later", 200}, {"", 400}}));
    EXPECT_EQ(ids.size(), 4U);
}

}  // namespace
}  // namespace postrider::http
