#include "net/http_sender.h"
#include "net/sender_fixture_test.h"

// What `postrider probe` sends and a delivery does not.
namespace postrider::net {
namespace {

class ProbeSending : public SenderFixture {
 protected:
    AttemptResult send_changed(const std::string& url, std::function<void(SendRequest&)> change,
                               std::string body = "{}") {
        return send(url, {.body = std::move(body), .change = std::move(change)}).get();
    }
};

TEST_F(ProbeSending, other_methods_and_a_head_without_a_body) {
    std::vector<std::string> seen;
    Receiver receiver([&](Peer& peer) {
        while (auto request = peer.read_request()) {
            seen.push_back(request->substr(0, request->find('\r')));
            peer.write("HTTP/1.1 405 No\r\nContent-Length: 12\r\n\r\n");
            if (!request->starts_with("HEAD")) peer.write("twelve bytes");
        }
    });
    for (const char* method : {"HEAD", "GET", "HEAD"}) {
        const auto result = send_changed(
            receiver.url("/hook"), [&](SendRequest& request) { request.method = method; }, "");
        EXPECT_EQ(result.status, 405) << method << ' ' << result.detail;
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"HEAD /hook HTTP/1.1", "GET /hook HTTP/1.1",
                                              "HEAD /hook HTTP/1.1"}));
}

TEST_F(ProbeSending, says_what_became_of_the_connection) {
    Receiver receiver(always(ok_answer));
    std::vector<ConnectionUse> uses;
    for (const auto afterwards : {SendRequest::Afterwards::keep, SendRequest::Afterwards::close,
                                  SendRequest::Afterwards::keep}) {
        auto use = std::make_shared<ConnectionUse>();
        const auto result = send_changed(receiver.url("/"), [&](SendRequest& request) {
            request.afterwards = afterwards;
            request.use = use;
        });
        EXPECT_EQ(result.reason, OutcomeReason::accepted);
        uses.push_back(*use);
    }
    EXPECT_TRUE(uses[0].is_kept && !uses[0].was_reused);
    EXPECT_TRUE(!uses[1].is_kept && uses[1].was_reused);
    EXPECT_TRUE(uses[2].is_kept && !uses[2].was_reused);
}

TEST_F(ProbeSending, pauses_within_the_body) {
    std::promise<bool> waited;
    Receiver receiver([&](Peer& peer) {
        // The head and "abc"; then nothing for a while.
        if (!peer.read_more()) return;
        waited.set_value(!peer.hears_within(50));
        const auto request = peer.read_request();
        if (request && request->ends_with("abcdef")) peer.write(ok_answer);
    });
    const auto result = send_changed(
        receiver.url("/"), [](SendRequest& request) { request.body_pause = 300ms; }, "abcdef");
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_TRUE(waited.get_future().get());
    EXPECT_GE(result.timings.total, 300ms);
}

TEST_F(ProbeSending, an_answer_within_the_pause_ends_it) {
    Receiver receiver([&](Peer& peer) {
        if (peer.read_more()) peer.write("HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_close();
    });
    auto use = std::make_shared<ConnectionUse>();
    const auto result = send_changed(receiver.url("/"), [&](SendRequest& request) {
        request.body_pause = 5s;
        request.use = use;
    });
    EXPECT_EQ(result.status, 413) << result.detail;
    EXPECT_FALSE(use->is_kept);
    EXPECT_LT(result.timings.total, 4s);
}

}  // namespace
}  // namespace postrider::net
