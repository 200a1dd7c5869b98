// What the server refuses by itself, and what it does to clients that are slow or too many.
#include <poll.h>

#include "base/json.h"
#include "http/server_test_support.h"

namespace postrider::http {
namespace {

using namespace std::string_literals;

std::string slug(const RawAnswer& answer) {
    auto document = json::parse(answer.body);
    if (!document || !document->find("type")) return answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_EQ(answer.header("cache-control"), "no-store");
    EXPECT_EQ(*document->find("status")->as_int(), answer.status);
    EXPECT_EQ(*document->find("request_id")->as_string(), answer.header("x-request-id"));
    const std::string type = *document->find("type")->as_string();
    return type.substr(type.rfind('/') + 1);
}

TEST_F(ServerTest, MalformedRequestsAre400AndEndTheConnection) {
    start();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";
    const std::string rows[] = {
        "nonsense\r\n\r\n",
        "GET /hello\r\n\r\n",
        "GET /hello HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET /hello HTTP/0.9\r\nHost: h\r\n\r\n",
        "GET  /hello HTTP/1.1\r\nHost: h\r\n\r\n",
        "G(T /hello HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /hello HTTP/1.1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n",
        "GET /hello HTTP/1.1\nHost: h\n\n",
        "GET /hello HTTP/1.1\r\nHost: a@b/../?#\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: h:80x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: [::1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: h%zz\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n",
        "GET /hello HTTP/1.1\r\n Host: h\r\n\r\n",
        "GET /he\0llo HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "GET /hello HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s,
        head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        head + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        head + "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        head + "Content-Length: -2\r\n\r\n{}",
        head + "Content-Length: 2x\r\n\r\n{}",
        head + "Content-Length: 99999999999999999999999\r\n\r\n{}",
        head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}3\r\nabc",
        head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(20'000, 'e'),
    };
    for (const auto& request : rows) {
        RawClient client(port());
        auto answer = client.ask(request);
        EXPECT_EQ(answer.status, 400) << request;
        EXPECT_EQ(slug(answer), "malformed-request") << request;
        EXPECT_EQ(answer.header("connection"), "close") << request;
        EXPECT_TRUE(client.is_closed()) << request;
    }
}

TEST_F(ServerTest, PathsThatCannotBeDecodedAre400) {
    start();
    RawClient client(port());
    for (const char* target : {"/items/%", "/items/%4", "/items/%zz", "/items/%00", "/items/%ff",
                               "/items/\xff", "/items/1?a=%00", "/items/1?a=%f", "items/1", "*"}) {
        auto answer = client.ask(get(target));
        EXPECT_EQ(answer.status, 400) << target;
        EXPECT_EQ(slug(answer), "malformed-request") << target;
    }
}

TEST_F(ServerTest, HostsAreHostsAndPorts) {
    start();
    RawClient client(port());
    for (const char* host : {"h", "h:8080", "127.0.0.1:1", "[::1]", "[::1]:8080", "h:", "",
                             "hooks.example", "a-b_c~d!$&'()*+,;=", "%7euser"}) {
        auto answer = client.ask("GET /hello HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
        EXPECT_EQ(answer.status, 200) << host;
    }
    EXPECT_EQ(client.ask("GET http://h/hello HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
    EXPECT_EQ(client.ask("GET http://a@h/hello HTTP/1.1\r\nHost: h\r\n\r\n").status, 400);
}

TEST_F(ServerTest, OnlyContinueCanBeExpected) {
    start();
    for (const char* expect : {"200-ok", "100-continue, 200-ok", ""}) {
        RawClient client(port());
        auto answer = client.ask(post("/echo", "{}", "Expect: " + std::string(expect) + "\r\n"));
        EXPECT_EQ(answer.status, 417) << expect;
        EXPECT_EQ(slug(answer), "expectation-failed");
        EXPECT_TRUE(client.is_closed());
    }
    RawClient old(port());
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\nExpect: 200-ok\r\n\r\n").status, 200);
}

TEST_F(ServerTest, AQueryHasABoundedNumberOfParameters) {
    start();
    RawClient client(port());
    auto target = [](std::size_t count) {
        std::string out = "/items/1?";
        for (std::size_t i = 0; i < count; ++i) out += "a=" + std::to_string(i) + "&";
        return out;
    };
    EXPECT_EQ(client.ask(get(target(limits::query_parameters_max))).status, 200);
    EXPECT_EQ(slug(client.ask(get(target(limits::query_parameters_max + 1)))), "malformed-request");
}

TEST_F(ServerTest, UnknownPathsAre404) {
    start();
    RawClient client(port());
    for (const char* target : {"/", "/none", "/hello/", "//hello", "/items", "/items/",
                               "/items/1/2", "/items/..", "/items/%2e", "/Hello"}) {
        auto answer = client.ask(get(target));
        EXPECT_EQ(answer.status, 404) << target;
        EXPECT_EQ(slug(answer), "not-found") << target;
    }
    EXPECT_EQ(last_gate_path_, "") << "the gate is asked only when there is a route";
}

TEST_F(ServerTest, OtherMethodsAre405WithAllow) {
    start();
    RawClient client(port());
    auto answer = client.ask("PUT /items/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(slug(answer), "method-not-allowed");
    EXPECT_EQ(answer.header("allow"), "GET, HEAD, DELETE");
    EXPECT_EQ(client.ask("BREW /echo HTTP/1.1\r\nHost: h\r\n\r\n").header("allow"), "POST");
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, TheGateSpeaksBeforeTheBodyIsRead) {
    start();
    RawClient client(port());
    auto answer = client.ask(post("/echo", "{}", "X-Refuse: 1\r\n"));
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
    EXPECT_EQ(client.ask(get("/hello")).status, 200) << "a small body is read over";

    RawClient large(port());
    answer = large.ask(
        "POST /big HTTP/1.1\r\nHost: h\r\nX-Refuse: 1\r\nContent-Length: 5000000\r\n\r\n[");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("connection"), "close");
    EXPECT_TRUE(large.is_closed());

    RawClient chunked(port());
    answer = chunked.ask(
        "POST /big HTTP/1.1\r\nHost: h\r\nX-Refuse: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffff\r\n[");
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(ServerTest, TheGateMaySpeakLater) {
    start();
    RawClient client(port());
    EXPECT_EQ(client.ask(get("/hello", "X-Later: 1\r\n")).status, 200);
    EXPECT_EQ(client.ask(post("/echo", "{\"a\":1}", "X-Later: 1\r\n")).body, "{\"a\":1}");
    EXPECT_EQ(client.ask(post("/echo", "{}", "X-Later: 1\r\nX-Refuse: 1\r\n")).status, 401);
    EXPECT_EQ(client.ask(get("/hello", "X-Later: 1\r\nX-Silent: 1\r\n")).status, 500)
        << "a gate that says nothing";
    EXPECT_EQ(client.ask(get("/hello")).status, 200);

    RawClient pieces(port());
    const std::string head =
        "POST /echo HTTP/1.1\r\nHost: h\r\nX-Later: 1\r\n"
        "Content-Type: application/json\r\nContent-Length: 4\r\n\r\n";
    pieces.send(head + "[1");
    pieces.send("2]");
    EXPECT_EQ(pieces.read().body, "[12]");
    // Two at once: the second waits for the first one's verdict.
    pieces.send(head + "[34]" + get("/hello", "X-Later: 1\r\n"));
    EXPECT_EQ(pieces.read().body, "[34]");
    EXPECT_EQ(pieces.read().status, 200);

    RawClient large(port());
    const auto answer = large.ask(
        "POST /big HTTP/1.1\r\nHost: h\r\nX-Later: 1\r\nX-Refuse: 1\r\n"
        "Content-Length: 5000000\r\n\r\n[");
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(large.is_closed());
}

TEST_F(ServerTest, BodiesOverTheLimitAre413) {
    start();
    RawClient exact(port());
    EXPECT_EQ(exact.ask(post("/echo", std::string(1000, 'x'))).body.size(), 1000U);
    auto answer = exact.ask(post("/echo", std::string(1001, 'x')));
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(slug(answer), "payload-too-large");
    EXPECT_NE(answer.body.find("1000 bytes"), std::string::npos);
    EXPECT_EQ(exact.ask(get("/hello")).status, 200);

    // Said by Content-Length, before a byte of it has come.
    RawClient announced(port());
    answer = announced.ask(
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Content-Length: 99999999999\r\n\r\n");
    EXPECT_EQ(slug(answer), "payload-too-large");
    EXPECT_TRUE(announced.is_closed());

    const std::string head =
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    RawClient one_chunk(port());
    EXPECT_EQ(slug(one_chunk.ask(head + "3e9\r\n")), "payload-too-large") << "before it is read";
    RawClient many_chunks(port());
    std::string chunks = head;
    for (int i = 0; i < 1000; ++i) chunks += "1\r\nx\r\n";
    ASSERT_TRUE(many_chunks.send(chunks));
    EXPECT_EQ(slug(many_chunks.ask("1\r\n")), "payload-too-large");
    EXPECT_TRUE(many_chunks.is_closed());
}

TEST_F(ServerTest, ARouteWithoutABodyReadsOverASmallOne) {
    start();
    RawClient client(port());
    EXPECT_EQ(client.ask(post("/nothing", "{\"a\":1}")).body, "[]");
    EXPECT_EQ(client.ask("POST /nothing HTTP/1.1\r\nHost: h\r\n\r\n").body, "[]");
    EXPECT_EQ(client.ask(post("/nothing", std::string(70'000, 'x'))).status, 413);
}

TEST_F(ServerTest, BodiesThatAreNotJsonAre415) {
    start();
    RawClient client(port());
    auto with_type = [](const std::string& header) {
        return "POST /echo HTTP/1.1\r\nHost: h\r\n" + header + "Content-Length: 2\r\n\r\n{}";
    };
    for (const char* header :
         {"", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n",
          "Content-Type: application/jsonx\r\n",
          "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"}) {
        auto answer = client.ask(with_type(header));
        EXPECT_EQ(answer.status, 415) << header;
        EXPECT_EQ(slug(answer), "unsupported-media-type") << header;
    }
    for (const char* header :
         {"Content-Type: application/json\r\n", "Content-Type: Application/JSON ;charset=utf-8\r\n",
          "content-type: application/merge-patch+json\r\n",
          "Content-Type: application/json\r\nContent-Encoding: identity\r\n"}) {
        EXPECT_EQ(client.ask(with_type(header)).body, "{}") << header;
    }
    EXPECT_EQ(client.ask("POST /echo HTTP/1.1\r\nHost: h\r\n\r\n").status, 200)
        << "no body, no type";
}

TEST_F(ServerTest, HeadsOverTheLimitAre431) {
    start();
    auto with_bytes = [](std::size_t bytes) {
        const std::string frame = get("/hello", "X: \r\n");
        return get("/hello", "X: " + std::string(bytes - frame.size(), 'x') + "\r\n");
    };
    RawClient exact(port());
    EXPECT_EQ(exact.ask(with_bytes(limits::request_header_bytes_max)).status, 200);
    EXPECT_EQ(exact.ask(get("/hello")).status, 200);
    RawClient longer(port());
    auto answer = longer.ask(with_bytes(limits::request_header_bytes_max + 1));
    EXPECT_EQ(answer.status, 431);
    EXPECT_EQ(slug(answer), "headers-too-large");
    EXPECT_TRUE(longer.is_closed());
    // Many lines, each of them short; and a line without an end.
    RawClient lines(port());
    std::string many = "GET /hello HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 2000; ++i) many += "X-Header: value\r\n";
    EXPECT_EQ(slug(lines.ask(many)), "headers-too-large");
    RawClient few_bytes(port());
    std::string short_lines = "GET /hello HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t i = 0; i < limits::request_headers_max; ++i) short_lines += "X: y\r\n";
    EXPECT_EQ(slug(few_bytes.ask(short_lines + "\r\n")), "headers-too-large");
    RawClient endless(port());
    EXPECT_EQ(slug(endless.ask("GET /" + std::string(17'000, 'a'))), "headers-too-large");
}

TEST_F(ServerTest, TrailersDoNotBecomeHeaders) {
    start();
    RawClient client(port());
    auto answer = client.ask(
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Refuse: 1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(answer.body, "{}");
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, SlowRequestsAre408) {
    start({.request_read_timeout = 100ms, .deadline_check = 10ms});
    for (const char* part : {"GET /hel",
                             "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                             "Content-Length: 5\r\n\r\n[1"}) {
        RawClient client(port());
        auto answer = client.ask(part);
        EXPECT_EQ(answer.status, 408);
        EXPECT_EQ(slug(answer), "request-timeout");
        EXPECT_TRUE(client.is_closed());
    }
}

TEST_F(ServerTest, ASlowlorisIsCutHoweverSteadilyItSends) {
    start({.request_read_timeout = 150ms, .deadline_check = 10ms});
    RawClient client(port());
    ASSERT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n"));
    // A header line every two milliseconds, until there is an answer.
    pollfd answered{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
    while (poll(&answered, 1, 2) == 0) ASSERT_TRUE(client.send("X: y\r\n"));
    EXPECT_EQ(client.read().status, 408);
}

TEST_F(ServerTest, IdleConnectionsAreClosedWithoutAWord) {
    start({.connection_idle_timeout = 50ms, .deadline_check = 10ms});
    RawClient silent(port()), used(port());
    EXPECT_EQ(used.ask(get("/hello")).status, 200);
    EXPECT_TRUE(silent.is_closed());
    EXPECT_TRUE(used.is_closed());
}

TEST_F(ServerTest, ClientsThatDoNotReadAreCut) {
    start({.response_write_timeout = 100ms, .deadline_check = 10ms});
    RawClient client(port());
    ASSERT_TRUE(client.send(get("/large")));
    // Nothing is read until the server has given up: then less than all of it is there.
    server_->stop(std::chrono::steady_clock::now() + 20s);
    EXPECT_EQ(client.read().status, 0);
}

}  // namespace
}  // namespace postrider::http
