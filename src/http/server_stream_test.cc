// Bodies that come in pieces.
#include <atomic>
#include <future>

#include "http/server_test_support.h"

namespace postrider::http {
namespace {

/// Says what the function says; tells when it is gone.
class TestSource final : public BodySource {
 public:
    enum class Kind { endless, finite, broken };
    explicit TestSource(std::function<std::optional<std::string>()> next, Kind kind = Kind::endless)
        : next_(std::move(next)), kind_(kind) {}
    ~TestSource() override { gone_.set_value(); }
    TestSource(const TestSource&) = delete;
    TestSource& operator=(const TestSource&) = delete;

    std::optional<std::string> next() override { return next_(); }
    void on_more(std::function<void()> wake) override { wake_ = std::move(wake); }
    bool is_finite() const override { return kind_ != Kind::endless; }
    bool is_broken() const override { return kind_ == Kind::broken; }
    void wake() const { wake_(); }
    std::future<void> gone() { return gone_.get_future(); }

 private:
    std::function<std::optional<std::string>()> next_;
    const Kind kind_;
    std::function<void()> wake_;
    std::promise<void> gone_;
};

class StreamTest : public ServerTest {
 protected:
    /// The next request to /stream gets this source.
    void stream(std::function<std::optional<std::string>()> next,
                TestSource::Kind kind = TestSource::Kind::endless) {
        auto source = std::make_shared<TestSource>(std::move(next), kind);
        source_ = source.get();
        gone_ = source->gone();
        make_source_ = [held = std::move(source)]() mutable { return std::move(held); };
    }
    const TestSource* source_ = nullptr;
    bool is_gone() { return gone_.wait_for(20s) == std::future_status::ready; }
    static ServerOptions quick() { return {.deadline_check = 2ms}; }

 private:
    std::future<void> gone_;
};

/// The entries one after the other, then the end.
std::function<std::optional<std::string>()> script(std::vector<std::string> pieces) {
    return [pieces = std::move(pieces), at = std::size_t{0}]() mutable {
        return at < pieces.size() ? std::optional(pieces[at++]) : std::nullopt;
    };
}

TEST_F(StreamTest, behind_a_finite_one_the_connection_goes_on) {
    start();  // the pieces do not wait for its look at deadlines, once a second
    std::vector<std::string> pieces(5000, "piece");
    stream(script(std::move(pieces)), TestSource::Kind::finite);
    RawClient client(port());
    ASSERT_TRUE(client.send(get("/stream") + get("/hello")));
    EXPECT_EQ(client.read().header("connection"), "");
    EXPECT_EQ(client.until("\r\n0\r\n\r\n").size(), 5000 * 10 + 5U);
    EXPECT_EQ(client.read().body, "{}");
    EXPECT_TRUE(is_gone());
}

TEST_F(StreamTest, a_finite_one_is_asked_when_it_says_that_there_is_more) {
    start({.deadline_check = 20s});
    std::atomic<int> asked = 0;
    std::promise<void> first;
    stream(
        [&]() -> std::optional<std::string> {
            switch (asked++) {
                case 0:
                    first.set_value();
                    return "";
                case 1:
                    return "more";
                default:
                    return std::nullopt;
            }
        },
        TestSource::Kind::finite);
    RawClient client(port());
    EXPECT_EQ(client.ask(get("/stream")).status, 200);
    first.get_future().wait();
    std::thread([this] { source_->wake(); }).join();
    EXPECT_EQ(client.until("\r\n0\r\n\r\n"), "4\r\nmore\r\n0\r\n\r\n");
    EXPECT_EQ(client.ask(get("/hello")).status, 200);
}

TEST_F(StreamTest, a_broken_one_is_not_taken_for_its_end) {
    start();
    stream(script({"one"}), TestSource::Kind::broken);
    RawClient client(port());
    EXPECT_EQ(client.ask(get("/stream")).status, 200);
    EXPECT_EQ(client.until("\r\n0\r\n\r\n"), "3\r\none\r\n");
    EXPECT_TRUE(client.is_closed());
}

TEST_F(StreamTest, pieces_come_as_chunks_and_the_end_closes) {
    start(quick());
    stream(script({"one", "", "two\n"}));
    RawClient client(port());
    const RawAnswer head = client.ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("transfer-encoding"), "chunked");
    EXPECT_EQ(head.header("content-length"), "");
    EXPECT_EQ(head.header("connection"), "close");
    EXPECT_EQ(client.until("\r\n0\r\n\r\n"), "3\r\none\r\n4\r\ntwo\n\r\n0\r\n\r\n");
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(is_gone());
}

TEST_F(StreamTest, http_1_0_gets_the_bytes_alone) {
    start(quick());
    stream(script({"one", "two"}));
    RawClient client(port());
    const RawAnswer head =
        client.ask("GET /stream HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(head.header("transfer-encoding"), "");
    EXPECT_EQ(client.until("no such thing"), "onetwo");
}

TEST_F(StreamTest, head_gets_no_body) {
    start(quick());
    stream([] { return "piece"; });
    RawClient client(port());
    EXPECT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(client.read(true).status, 200);
    EXPECT_TRUE(client.is_closed());
    EXPECT_TRUE(is_gone());
}

TEST_F(StreamTest, what_a_client_sends_meanwhile_is_read_over) {
    start(quick());
    std::atomic<bool> ended = false;
    stream([&]() -> std::optional<std::string> {
        return ended ? std::nullopt : std::optional<std::string>("x");
    });
    RawClient client(port());
    client.ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.send("GET /hello HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(100'000, 'y')));
    client.until("x\r\n");
    ended = true;
    client.until("0\r\n\r\n");
    EXPECT_TRUE(is_gone());
}

TEST_F(StreamTest, a_client_that_goes_ends_it) {
    start(quick());
    stream([] { return ""; });
    {
        RawClient client(port());
        EXPECT_EQ(client.ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
    }
    EXPECT_TRUE(is_gone());
}

TEST_F(StreamTest, stopping_does_not_wait_for_it) {
    start(quick());
    stream([] { return ""; });
    RawClient client(port());
    EXPECT_EQ(client.ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n").status, 200);
    const auto begun = std::chrono::steady_clock::now();
    server_->stop(begun + 1h);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
    EXPECT_TRUE(is_gone());
    EXPECT_TRUE(client.is_closed());
}

TEST_F(StreamTest, a_client_that_does_not_read_holds_one_piece_and_is_closed) {
    ServerOptions options = quick();
    options.response_write_timeout = 500ms;
    start(options);
    std::atomic<int> asked = 0;
    stream([&] {
        ++asked;
        return std::string(4 << 20, 'x');
    });
    RawClient client(port());
    EXPECT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_TRUE(is_gone());
    // The kernel takes a few pieces; 500 ms of ticks would be hundreds.
    EXPECT_LT(asked, 20);
    EXPECT_GE(asked, 1);
}

}  // namespace
}  // namespace postrider::http
