// What clients share: connections, and the bytes of what they ask and are answered.
#include "http/server_test_support.h"

namespace postrider::http {
namespace {

class SharesTest : public ServerTest {
 protected:
    using Clients = std::vector<std::unique_ptr<RawClient>>;
    /// So many connections of one address that have sent `text`.
    Clients open(std::size_t count, std::string_view text, std::uint32_t from = 1) {
        Clients clients;
        for (std::size_t i = 0; i < count; ++i) {
            clients.push_back(std::make_unique<RawClient>(port(), from));
            EXPECT_TRUE(clients.back()->send(text));
        }
        return clients;
    }
    /// One more, which has been answered.
    bool is_served(std::uint32_t from) {
        return RawClient(port(), from).ask(get("/hello")).status == 200;
    }
    static std::string half_body(std::size_t length) {
        return "POST /big HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
               "Content-Length: " +
               std::to_string(length) + "\r\n\r\n[";
    }
    static std::string rest(std::size_t length) { return std::string(length - 1, ' '); }
};

TEST_F(SharesTest, one_address_has_no_more_connections_than_are_left) {
    start({.connections_max = 8});
    Clients mine = open(4, get("/hello"));
    for (auto& client : mine) EXPECT_EQ(client->read().status, 200);
    RawClient fifth(port());
    EXPECT_EQ(fifth.ask(get("/hello")).status, 200);
    EXPECT_TRUE(mine[0]->is_closed()) << "the one that was idle for longest";
    for (std::size_t i = 1; i < mine.size(); ++i) {
        EXPECT_EQ(mine[i]->ask(get("/hello")).status, 200);
    }
    EXPECT_TRUE(is_served(2));
}

TEST_F(SharesTest, idle_connections_go_before_half_heads_and_these_before_half_bodies) {
    start({.connections_max = 8});
    Clients bodies = open(1, half_body(1000));
    Clients heads = open(2, "GET /hel");
    Clients idle = open(1, get("/hello"));
    EXPECT_EQ(idle[0]->read().status, 200);
    Clients more = open(1, "GET /hel");
    EXPECT_TRUE(idle[0]->is_closed());
    Clients last = open(1, "GET /hel");
    EXPECT_EQ(heads[0]->read().status, 503);
    EXPECT_TRUE(heads[0]->is_closed());
    EXPECT_TRUE(bodies[0]->send(rest(1000)));
    EXPECT_EQ(bodies[0]->read().status, 200);
}

TEST_F(SharesTest, when_all_are_at_work_a_newcomer_hears_503) {
    start({.connections_max = 8});
    Clients busy = open(4, get("/hold"));
    const auto responders = held(4);
    RawClient fifth(port());
    const auto answer = fifth.ask(get("/hello"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_TRUE(fifth.is_closed());
    EXPECT_TRUE(is_served(2));
    for (const auto& responder : responders) responder.send(text("there"));
    for (auto& client : busy) EXPECT_EQ(client->read().body, "there");
}

TEST_F(SharesTest, a_full_table_takes_from_who_has_most) {
    start({.connections_max = 8});
    Clients first = open(4, get("/hello"), 1);
    for (auto& client : first) EXPECT_EQ(client->read().status, 200);
    Clients others;
    for (std::uint32_t from = 2; from <= 6; ++from) {
        others.push_back(std::make_unique<RawClient>(port(), from));
        EXPECT_EQ(others.back()->ask(get("/hello")).status, 200);
    }
    EXPECT_TRUE(first[0]->is_closed());
    for (auto& client : others) EXPECT_EQ(client->ask(get("/hello")).status, 200);
}

TEST_F(SharesTest, connections_of_a_trusted_proxy_are_not_counted_by_address) {
    start({.connections_max = 8, .edge = {.is_trusted_proxy = [](std::string_view address) {
                                     return address == "127.0.0.1";
                                 }}});
    Clients mine = open(7, get("/hello"));
    for (auto& client : mine) EXPECT_EQ(client->read().status, 200);
    for (auto& client : mine) EXPECT_EQ(client->ask(get("/hello")).status, 200);
}

TEST_F(SharesTest, a_body_without_room_waits_until_there_is_some) {
    start({.inbound_bytes_max = 4'000'000});
    RawClient first(port()), second(port());
    ASSERT_TRUE(first.send(half_body(2'000'000)));
    ASSERT_TRUE(second.send(half_body(1'000'000) + rest(1'000'000)));
    EXPECT_EQ(RawClient(port(), 2).ask(half_body(500'000) + rest(500'000)).status, 200)
        << "others have room";
    EXPECT_EQ(RawClient(port()).ask(post("/echo", "{}")).status, 200) << "small ones need none";
    ASSERT_TRUE(first.send(rest(2'000'000)));
    EXPECT_EQ(first.read().status, 200);
    EXPECT_EQ(second.read().body.substr(0, 7), "1000000");
}

TEST_F(SharesTest, a_body_that_finds_no_room_in_time_is_refused) {
    start({.deadline_check = 5ms, .inbound_bytes_max = 4'000'000, .room_wait_max = 50ms});
    RawClient first(port());
    ASSERT_TRUE(first.send(half_body(3'000'000)));
    RawClient second(port());
    auto answer = second.ask(half_body(500'000));
    EXPECT_EQ(answer.status, 429) << "its address has its share";
    EXPECT_EQ(answer.header("retry-after"), "1");
    EXPECT_TRUE(second.is_closed());
    RawClient other(port(), 2);
    answer = other.ask(half_body(2'000'000));
    EXPECT_EQ(answer.status, 503) << "there is not so much for anybody";
    EXPECT_EQ(answer.header("retry-after"), "1");
}

TEST_F(SharesTest, a_body_of_unknown_length_takes_room_as_it_comes) {
    start({.deadline_check = 5ms, .inbound_bytes_max = 2'000'000, .room_wait_max = 50ms});
    RawClient client(port());
    ASSERT_TRUE(
        client.send("POST /big HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"));
    const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send(chunk));
    ASSERT_TRUE(client.send("0\r\n\r\n"));
    EXPECT_EQ(client.read().body.substr(0, 6), "196608");
    RawClient longer(port());
    ASSERT_TRUE(
        longer.send("POST /big HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 30 && longer.send(chunk); ++i) {
    }
    EXPECT_EQ(longer.read().status, 429);
}

TEST_F(SharesTest, an_answer_without_room_is_a_refusal) {
    start({.inbound_bytes_max = 16 << 20});
    RawClient client(port());
    const auto answer = client.ask(get("/large"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(SharesTest, long_bodies_are_worked_on_by_other_threads) {
    start();
    RawClient client(port());
    auto thread_of = [&](std::size_t bytes) {
        return client.ask(post("/thread", std::string(bytes, ' '))).body;
    };
    const auto own = thread_of(limits::inbound_bytes_free);
    const auto bodies = thread_of(limits::inbound_bytes_free + 1);
    const auto batches = thread_of(limits::parsed_long_bytes + 1);
    EXPECT_NE(own, bodies);
    EXPECT_NE(own, batches);
    EXPECT_NE(bodies, batches);
    EXPECT_EQ(own, thread_of(1));
}

}  // namespace
}  // namespace postrider::http
