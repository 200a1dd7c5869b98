#include "model/limits.h"
#include "net/sender_fixture_test.h"

namespace postrider::net {
namespace {

class HostileReceiverTest : public SenderFixture {
 protected:
    /// Writes `piece` again and again until the sender has had enough.
    static Receiver::Script endless(std::string head, std::string piece) {
        return [head = std::move(head), piece = std::move(piece)](Peer& peer) {
            if (!peer.read_request() || !peer.write(head)) return;
            while (peer.write(piece)) {
            }
        };
    }
    /// Writes one byte every few milliseconds.
    static Receiver::Script drip(std::string text) {
        return [text = std::move(text)](Peer& peer) {
            if (!peer.read_request()) return;
            for (const char& byte : text) {
                if (peer.hears_within(3) || !peer.write({&byte, 1})) return;
            }
            peer.wait_for_close();
        };
    }
};

TEST_F(HostileReceiverTest, SilenceEndsAtTheDeadlineAtEveryStage) {
    for (const auto* text :
         {"", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
          "HTTP/1.1 200 OK\r\n\r\nuntil the end",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
          "HTTP/1.1 100 Continue\r\n\r\n"}) {
        Receiver receiver([text](Peer& peer) {
            if (!peer.read_request() || !peer.write(text)) return;
            peer.wait_for_close();
        });
        const auto result = send(receiver.url(), {.timeout = 60ms}).get();
        EXPECT_EQ(result.reason, OutcomeReason::response_timeout) << text << ": " << result.detail;
        EXPECT_NE(result.detail.find("127.0.0.1:" + std::to_string(receiver.port())),
                  std::string::npos);
        EXPECT_NE(result.detail.find("60ms"), std::string::npos) << result.detail;
        EXPECT_GE(result.timings.total, 60ms);
        EXPECT_LT(result.timings.total, 5s);
    }
}

TEST_F(HostileReceiverTest, AReceiverThatNeverReadsEndsAtTheDeadline) {
    std::promise<void> over;
    auto wait = over.get_future().share();
    Receiver deaf([wait](Peer&) { wait.wait(); });
    const Post large{.timeout = 100ms, .body = std::string(16 * 1024 * 1024, 'x')};
    const auto result = send(deaf.url(), large).get();
    over.set_value();
    EXPECT_EQ(result.reason, OutcomeReason::response_timeout) << result.detail;

    Receiver closing([](Peer& peer) { peer.read_more(); });
    const auto closed = send(closing.url(), {.timeout = 5s, .body = large.body}).get();
    EXPECT_EQ(closed.reason, OutcomeReason::send_failed) << closed.detail;
}

TEST_F(HostileReceiverTest, DrippingBytesDoesNotExtendTheDeadline) {
    Receiver head(drip("HTTP/1.1 200 OK\r\nX: " + std::string(10'000, 'a') + "\r\n\r\n"));
    EXPECT_EQ(send(head.url(), {.timeout = 100ms}).get().reason, OutcomeReason::response_timeout);
    Receiver body(
        drip("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + std::string(10'000, 'a')));
    EXPECT_EQ(send(body.url(), {.timeout = 400ms}).get().reason, OutcomeReason::response_timeout);
    // The same, finished in time, is read as well as any.
    Receiver slow(
        drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
    const auto result = send(slow.url()).get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(result.response_body, "ok");
    Receiver empty(drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    EXPECT_EQ(send(empty.url()).get().reason, OutcomeReason::accepted);
}

TEST_F(HostileReceiverTest, EndlessHeadersAreBroken) {
    for (const auto* piece : {"A: b\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                              "A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"}) {
        Receiver receiver(endless("HTTP/1.1 200 OK\r\n", piece));
        const auto result = send(receiver.url()).get();
        EXPECT_EQ(result.reason, OutcomeReason::response_broken) << piece;
        EXPECT_NE(result.detail.find("16384 bytes"), std::string::npos) << result.detail;
        EXPECT_LE(result.response_headers.size(), limits::response_headers_kept_max);
    }
    // Line by line, so that the parser takes each before the next is there.
    Receiver lines([](Peer& peer) {
        peer.read_request();
        peer.write("HTTP/1.1 200 OK\r\n");
        while (!peer.hears_within(0) && peer.write("A: " + std::string(2000, 'b') + "\r\n")) {
        }
    });
    EXPECT_EQ(send(lines.url()).get().reason, OutcomeReason::response_broken);
}

TEST_F(HostileReceiverTest, AnEndlessBodyIsCutAndTheStatusCounts) {
    const std::string piece(1000, 'x');
    for (const auto* head :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"}) {
        Receiver receiver(endless(head, piece));
        const auto result = send(receiver.url()).get();
        EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
        EXPECT_TRUE(result.response_truncated);
        EXPECT_EQ(result.response_body, std::string(limits::response_bytes_kept_max, 'x'));
        EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::accepted);
        EXPECT_EQ(receiver.connections(), 2);
    }
    Receiver chunks(endless("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"));
    const auto result = send(chunks.url()).get();
    EXPECT_EQ(result.reason, OutcomeReason::refused_by_status) << result.detail;
    EXPECT_TRUE(result.response_truncated);
    Receiver extension(
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "extensionextension"));
    EXPECT_EQ(send(extension.url()).get().reason, OutcomeReason::accepted);
    Receiver trailers(
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "A: b\r\n"));
    EXPECT_EQ(send(trailers.url()).get().reason, OutcomeReason::accepted);
}

TEST_F(HostileReceiverTest, BodiesUpToTheLimitsAreWhole) {
    for (const std::size_t size :
         {std::size_t{1}, limits::response_bytes_kept_max, limits::response_bytes_kept_max + 1,
          limits::response_bytes_read_max}) {
        Receiver receiver(always("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) +
                                 "\r\n\r\n" + std::string(size, 'x')));
        for (int i = 0; i < 2; ++i) {
            const auto result = send(receiver.url()).get();
            EXPECT_EQ(result.reason, OutcomeReason::accepted) << size;
            EXPECT_EQ(result.response_body.size(), std::min(size, limits::response_bytes_kept_max));
            EXPECT_EQ(result.response_truncated, size > limits::response_bytes_kept_max) << size;
        }
        EXPECT_EQ(receiver.connections(), 1) << size;
    }
}

TEST_F(HostileReceiverTest, BrokenAnswersAreBroken) {
    for (const auto* text : {
             "",
             "H",
             "garbage\r\n\r\n",
             "SSH-2.0-OpenSSH_9.2\r\n",
             "HTTP/2.0 200 OK\r\n\r\n",
             "HTTP/1.1 2000 OK\r\n\r\n",
             "HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 020 Low\r\n\r\nto the end",
             "HTTP/1.1 abc OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
             "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
             "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
             "HTTP/1.1 200 OK\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour",
             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\nok\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 2\r\nok\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\rok\r\n0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok0\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;a=b\r\n\r\n",
             "HTTP/1.1\r\n\r\n",
             "HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
             "\r\n\r\n\r\n",
             "\x16\x03\x01\x02\x03",
         }) {
        Receiver receiver(once(text));
        const auto result = send(receiver.url()).get();
        EXPECT_EQ(result.reason, OutcomeReason::response_broken) << text;
        EXPECT_TRUE(result.detail.starts_with("127.0.0.1:")) << result.detail;
        // The next request gets a connection of its own.
        EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::response_broken) << text;
        EXPECT_EQ(receiver.connections(), 2) << text;
    }
}

TEST_F(HostileReceiverTest, AResetIsBrokenWhereverItComes) {
    for (const auto* text :
         {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour"}) {
        Receiver receiver([text](Peer& peer) {
            peer.read_request();
            peer.write(text);
            peer.reset();
        });
        EXPECT_EQ(send(receiver.url()).get().reason, OutcomeReason::response_broken) << text;
    }
    Receiver at_once([](Peer& peer) {
        peer.read_more();
        peer.reset();
    });
    const auto result = send(at_once.url(), {.body = std::string(8 * 1024 * 1024, 'x')}).get();
    EXPECT_EQ(result.reason, OutcomeReason::send_failed) << result.detail;
}

TEST_F(HostileReceiverTest, InterimAnswersAreBounded) {
    Receiver spam(endless("", "HTTP/1.1 100 Continue\r\n\r\n"));
    const auto result = send(spam.url()).get();
    EXPECT_EQ(result.reason, OutcomeReason::response_broken);
    EXPECT_NE(result.detail.find("interim"), std::string::npos) << result.detail;
    EXPECT_EQ(result.status, 100);
}

TEST_F(HostileReceiverTest, BytesBetweenAnswersCloseTheConnection) {
    Receiver receiver([](Peer& peer) {
        for (int i = 0; peer.read_request(); ++i) {
            peer.write(ok_answer);
            // An answer to a request that was not sent yet: it must not be taken for the next
            // one's.
            if (i == 0) peer.write("HTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n");
        }
    });
    EXPECT_EQ(send(receiver.url()).get().status, 200);
    std::this_thread::sleep_for(50ms);  // until the forged bytes are there
    EXPECT_EQ(send(receiver.url()).get().status, 200);
}

TEST_F(HostileReceiverTest, ManyHangingReceiversDoNotHoldUpAHealthyOne) {
    Receiver hanging([](Peer& peer) { peer.wait_for_close(); });
    Receiver healthy(always(ok_answer));
    std::vector<std::future<AttemptResult>> stuck;
    for (int i = 0; i < 200; ++i) stuck.push_back(send(hanging.url(), {.timeout = 2s}));
    for (int i = 0; i < 50; ++i) {
        const auto result = send(healthy.url()).get();
        EXPECT_EQ(result.reason, OutcomeReason::accepted);
        EXPECT_LT(result.timings.total, 1s);
    }
    for (auto& result : stuck) {
        EXPECT_EQ(result.get().reason, OutcomeReason::response_timeout);
    }
}

}  // namespace
}  // namespace postrider::net
