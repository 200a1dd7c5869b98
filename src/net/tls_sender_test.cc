#include "net/certificates_test.h"
#include "net/sender_fixture_test.h"

namespace postrider::net {
namespace {

class TlsSenderTest : public SenderFixture {
 protected:
    TlsSenderTest()
        : authority_(make_certificate({.subject = "authority", .is_authority = true})),
          ca_file_(testing::TempDir() + "postrider_ca_" + std::to_string(getpid()) + ".pem") {
        write_pem(authority_, ca_file_);
        for (const auto* name : {"good.example", "other.example"}) {
            dns_.set(name, {{"127.0.0.1"}, 30});
        }
    }
    ~TlsSenderTest() override { unlink(ca_file_.c_str()); }

    void SetUp() override {
        SenderFixture::SetUp();
        finish();
        start(ca_file_);
    }

    Certificate signed_for(const std::string& names) {
        return make_certificate({.alternative_names = names, .issuer = &authority_});
    }
    static std::string url(const Receiver& receiver, const std::string& host = "good.example") {
        return "https://" + host + ":" + std::to_string(receiver.port()) + "/";
    }

    Certificate authority_;
    std::string ca_file_;
};

TEST_F(TlsSenderTest, DeliversAndReuses) {
    const auto server = make_server(signed_for("DNS:good.example,IP:127.0.0.1,IP:::1"));
    Receiver receiver(always(ok_answer), server.get());
    for (int i = 0; i < 3; ++i) {
        const auto result = send(url(receiver)).get();
        EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
        EXPECT_EQ(result.response_body, "ok");
        EXPECT_EQ(result.timings.tls.count() > 0, i == 0);
    }
    EXPECT_EQ(receiver.connections(), 1);
    EXPECT_EQ(send(url(receiver, "127.0.0.1")).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(receiver.connections(), 2);
}

TEST_F(TlsSenderTest, LargeBodiesArriveWhole) {
    const auto server = make_server(signed_for("DNS:good.example"));
    std::promise<std::string> seen;
    Receiver receiver(
        [&](Peer& peer) {
            seen.set_value(*peer.read_request());
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" +
                       std::string(60000, 'y'));
            peer.wait_for_close();
        },
        server.get());
    std::string body(2 * 1024 * 1024 + 17, 'x');
    for (std::size_t i = 0; i < body.size(); i += 7) body[i] = static_cast<char>('a' + i % 26);
    const auto result = send(url(receiver), {.body = body}).get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_TRUE(seen.get_future().get().ends_with("\r\n\r\n" + body));
}

TEST_F(TlsSenderTest, SessionsAreResumedInBothVersions) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto server = make_server(signed_for("DNS:good.example"));
        SSL_CTX_set_min_proto_version(server.get(), version);
        SSL_CTX_set_max_proto_version(server.get(), version);
        std::vector<bool> resumed;
        Mutex mutex;
        Receiver receiver(
            [&](Peer& peer) {
                {
                    MutexLock lock(mutex);
                    resumed.push_back(peer.was_resumed());
                }
                peer.read_request();
                peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            },
            server.get());
        for (int i = 0; i < 3; ++i) {
            const auto result = send(url(receiver)).get();
            EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
        }
        MutexLock lock(mutex);
        EXPECT_EQ(resumed, (std::vector<bool>{false, true, true})) << version;
    }
}

TEST_F(TlsSenderTest, OtherAuthoritiesTakeTheirPlaceWhileItRuns) {
    const auto other = make_certificate({.subject = "other", .is_authority = true});
    const auto server = make_server(signed_for("DNS:good.example"));
    const auto other_server =
        make_server(make_certificate({.alternative_names = "DNS:other.example", .issuer = &other}));
    Receiver receiver(always(ok_answer), server.get());
    Receiver others(always(ok_answer), other_server.get());
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(url(others, "other.example")).get().reason, OutcomeReason::tls_failed);
    EXPECT_FALSE(load_authorities("/nowhere"));
    write_pem(other, ca_file_);
    const auto read = load_authorities(ca_file_);
    ASSERT_TRUE(read);
    on_loop([&] { set_authorities(*sender_, *read); });
    EXPECT_EQ(send(url(others, "other.example")).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::tls_failed)
        << "neither its open connection nor its session is used";
    on_loop([&] { set_authorities(*sender_, nullptr); });
    EXPECT_EQ(send(url(others, "other.example")).get().reason, OutcomeReason::tls_failed)
        << "the system's know neither";
}

TEST_F(TlsSenderTest, AConnectionInUseIsNotKeptForOtherAuthorities) {
    const auto server = make_server(signed_for("DNS:good.example"));
    std::promise<void> asked, changed;
    Receiver receiver(
        [&, is_first = true](Peer& peer) mutable {
            while (peer.read_request()) {
                if (std::exchange(is_first, false)) {
                    asked.set_value();
                    changed.get_future().wait();
                }
                if (!peer.write(ok_answer)) return;
            }
        },
        server.get());
    auto first = send(url(receiver));
    asked.get_future().wait();
    const auto read = load_authorities(ca_file_);
    on_loop([&] { set_authorities(*sender_, *read); });
    changed.set_value();
    EXPECT_EQ(first.get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(receiver.connections(), 2);
}

TEST_F(TlsSenderTest, AnIntermediateAuthorityIsAnAnchor) {
    const auto intermediate =
        make_certificate({.subject = "intermediate", .issuer = &authority_, .is_authority = true});
    write_pem(intermediate, ca_file_);
    finish();
    start(ca_file_);
    const auto server = make_server(
        make_certificate({.alternative_names = "DNS:good.example", .issuer = &intermediate}));
    Receiver receiver(always(ok_answer), server.get());
    const auto result = send(url(receiver)).get();
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    const auto other = make_server(signed_for("DNS:good.example"));
    Receiver signed_by_root(always(ok_answer), other.get());
    EXPECT_EQ(send(url(signed_by_root)).get().reason, OutcomeReason::tls_failed);
}

TEST_F(TlsSenderTest, AReceiverThatWantsAClientCertificateIsReportedAsThat) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto server = make_server(signed_for("DNS:good.example"));
        SSL_CTX_set_min_proto_version(server.get(), version);
        SSL_CTX_set_max_proto_version(server.get(), version);
        SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER, nullptr);
        Receiver asking(always(ok_answer), server.get());
        EXPECT_EQ(send(url(asking)).get().reason, OutcomeReason::accepted) << version;
        SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
        Receiver requiring(always(ok_answer), server.get());
        const auto result = send(url(requiring)).get();
        EXPECT_EQ(result.reason, OutcomeReason::tls_failed) << version << result.detail;
        EXPECT_NE(result.detail.find("wants a client certificate"), std::string::npos)
            << version << result.detail;
    }
}

struct FailureRow {
    const char* what;
    CertificateOptions certificate;
    const char* host;
    const char* says;
};

TEST_F(TlsSenderTest, CertificatesAreAlwaysVerified) {
    const auto stranger = make_certificate({.subject = "stranger", .is_authority = true});
    const std::string names = "DNS:good.example";
    for (const FailureRow& row : std::initializer_list<FailureRow>{
             {"another host", {"x", "DNS:another.example", &authority_}, "good.example", "ostname"},
             {"a Common Name", {"good.example", "", &authority_, false}, "good.example", "ostname"},
             {"a Common Name beside an address",
              {"good.example", "IP:127.0.0.1", &authority_, false},
              "good.example",
              "ostname"},
             {"a wildcard inside",
              {"x", "DNS:go*.example", &authority_},
              "good.example",
              "ostname"},
             {"address as name", {"x", "DNS:127.0.0.1", &authority_}, "127.0.0.1", "IP address"},
             {"another address", {"x", "IP:127.0.0.2", &authority_}, "127.0.0.1", "IP address"},
             {"expired", {"x", names, &authority_, false, -7200, -3600}, "good.example", "expired"},
             {"not yet",
              {"x", names, &authority_, false, 3600, 7200},
              "good.example",
              "not yet valid"},
             {"self-signed", {"x", names}, "good.example", "self-signed"},
             {"a stranger's", {"x", names, &stranger}, "good.example", "unable to get"},
         }) {
        const auto server = make_server(make_certificate(row.certificate));
        std::atomic<int> requests = 0;
        Receiver receiver(
            [&](Peer& peer) {
                if (peer.read_request()) ++requests;
            },
            server.get());
        const auto result = send(url(receiver, row.host)).get();
        EXPECT_EQ(result.reason, OutcomeReason::tls_failed) << row.what;
        EXPECT_NE(result.detail.find(row.says), std::string::npos) << row.what << result.detail;
        EXPECT_NE(result.detail.find(row.host), std::string::npos) << result.detail;
        EXPECT_EQ(requests, 0) << row.what;
    }
}

TEST_F(TlsSenderTest, ASessionOfOneHostIsNoPassForAnother) {
    const auto server = make_server(signed_for("DNS:good.example"));
    Receiver receiver(always("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                      server.get());
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(url(receiver, "other.example")).get().reason, OutcomeReason::tls_failed);
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::accepted);
}

TEST_F(TlsSenderTest, SendsTheNameForNamesOnly) {
    const auto server = make_server(signed_for("DNS:good.example,IP:127.0.0.1"));
    std::vector<std::string> names;
    SSL_CTX_set_tlsext_servername_arg(server.get(), &names);
    SSL_CTX_set_tlsext_servername_callback(
        server.get(), +[](SSL* ssl, int*, void* argument) -> int {
            const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
            static_cast<std::vector<std::string>*>(argument)->emplace_back(name == nullptr ? ""
                                                                                           : name);
            return SSL_TLSEXT_ERR_OK;
        });
    Receiver receiver(always(ok_answer), server.get());
    EXPECT_EQ(send(url(receiver)).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(send(url(receiver, "127.0.0.1")).get().reason, OutcomeReason::accepted);
    EXPECT_EQ(names, (std::vector<std::string>{"good.example", ""}));
}

TEST_F(TlsSenderTest, OldVersionsAreRefused) {
    const auto server = make_server(signed_for("DNS:good.example"));
    SSL_CTX_set_security_level(server.get(), 0);
    SSL_CTX_set_min_proto_version(server.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(server.get(), TLS1_1_VERSION);
    Receiver receiver(always(ok_answer), server.get());
    const auto result = send(url(receiver)).get();
    EXPECT_EQ(result.reason, OutcomeReason::tls_failed);
    EXPECT_NE(result.detail.find("version"), std::string::npos) << result.detail;
}

TEST_F(TlsSenderTest, WhatIsNoTlsFails) {
    Receiver plain([](Peer& peer) {
        peer.read_more();
        peer.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    Receiver closing([](Peer& peer) { peer.read_more(); });
    Receiver resetting([](Peer& peer) {
        peer.read_more();
        peer.reset();
    });
    for (const auto* receiver : {&plain, &closing, &resetting}) {
        const auto result = send(url(*receiver)).get();
        EXPECT_EQ(result.reason, OutcomeReason::tls_failed);
        EXPECT_TRUE(result.detail.starts_with("TLS with good.example at 127.0.0.1:"))
            << result.detail;
        EXPECT_FALSE(result.detail.ends_with(": ")) << result.detail;
    }
    Receiver silent([](Peer& peer) { peer.wait_for_close(); });
    const auto result = send(url(silent), {.timeout = 50ms}).get();
    EXPECT_EQ(result.reason, OutcomeReason::tls_timeout) << result.detail;
}

TEST_F(TlsSenderTest, HostileAnswersAreAsWithoutTls) {
    const auto server = make_server(signed_for("DNS:good.example"));
    const std::string head = "HTTP/1.1 200 OK\r\n";
    for (const auto& [answer, reason] : std::vector<std::pair<std::string, OutcomeReason>>{
             {head + "\r\nuntil the end", OutcomeReason::accepted},
             {head + "Content-Length: 5\r\n\r\nfour", OutcomeReason::response_broken},
             {head + "\r\n" + std::string(200'000, 'x'), OutcomeReason::accepted},
             {head + std::string(200'000, 'x'), OutcomeReason::response_broken},
             {"garbage\r\n\r\n", OutcomeReason::response_broken},
             {"", OutcomeReason::response_broken}}) {
        Receiver receiver(once(answer), server.get());
        const auto result = send(url(receiver)).get();
        EXPECT_EQ(result.reason, reason) << answer.substr(0, 50) << result.detail;
    }
    Receiver stalling(
        [&](Peer& peer) {
            peer.read_request();
            peer.write(head + "Content-Length: 5\r\n\r\nfour");
            peer.wait_for_close();
        },
        server.get());
    EXPECT_EQ(send(url(stalling), {.timeout = 80ms}).get().reason, OutcomeReason::response_timeout);
    Receiver forging(
        [](Peer& peer) {
            for (int i = 0; peer.read_request(); ++i) {
                const std::string forged = "HTTP/1.1 500 Forged\r\nContent-Length: 0\r\n\r\n";
                peer.write(i == 0 ? ok_answer + forged : ok_answer);
            }
        },
        server.get());
    EXPECT_EQ(send(url(forging)).get().status, 200);
    EXPECT_EQ(send(url(forging)).get().status, 200);
    EXPECT_EQ(forging.connections(), 2);
}

TEST_F(TlsSenderTest, AReusedConnectionThatWasClosedIsTriedOnceMore) {
    const auto server = make_server(signed_for("DNS:good.example"));
    Receiver receiver(
        [](Peer& peer) {
            peer.read_request();
            peer.write(ok_answer);
            peer.read_request();
        },
        server.get());
    for (int i = 0; i < 4; ++i) {
        const auto result = send(url(receiver)).get();
        EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    }
    EXPECT_EQ(receiver.connections(), 4);
}

TEST_F(TlsSenderTest, AnUnreadableCaFileFailsEveryAttempt) {
    finish();
    start("/nonexistent/ca.pem");
    const auto result = send("https://good.example/").get();
    EXPECT_EQ(result.reason, OutcomeReason::tls_failed);
    EXPECT_NE(result.detail.find("/nonexistent/ca.pem"), std::string::npos) << result.detail;
}

}  // namespace
}  // namespace postrider::net
