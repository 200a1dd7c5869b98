#include "net/certificates_test.h"
#include "net/sender_fixture_test.h"

namespace postrider::net {
namespace {

/// Two authorities, of which the sender trusts neither; receivers want clients of one of them.
class MutualTls : public SenderFixture {
 protected:
    MutualTls()
        : first_(make_certificate({.subject = "first", .is_authority = true})),
          second_(make_certificate({.subject = "second", .is_authority = true})),
          ca_file_(testing::TempDir() + "postrider_mutual_" + std::to_string(getpid()) + ".pem") {
        write_pem(make_certificate({.subject = "nobody's", .is_authority = true}), ca_file_);
    }
    ~MutualTls() override { unlink(ca_file_.c_str()); }
    void SetUp() override {
        SenderFixture::SetUp();
        finish();
        start(ca_file_);
    }

    std::unique_ptr<SSL_CTX, OpensslDeleter> server_of(const Certificate& authority,
                                                       const Certificate& clients) {
        auto server = make_server(
            make_certificate({.alternative_names = "IP:127.0.0.1", .issuer = &authority}));
        want_clients_of(server.get(), clients);
        return server;
    }
    static std::shared_ptr<const ClientTls> client_of(const Certificate& trusted,
                                                      const Certificate* issuer,
                                                      const std::string& name = "client") {
        if (issuer == nullptr) return make_client_tls(pem_of(trusted), "", "");
        const auto client = make_certificate({.subject = name, .issuer = issuer});
        return make_client_tls(pem_of(trusted), pem_of(client), key_pem_of(client.key.get()));
    }
    AttemptResult post(const Receiver& receiver, std::shared_ptr<const ClientTls> tls,
                       RealmId realm = {}) {
        return send(receiver.url(), {.change =
                                         [&](SendRequest& request) {
                                             request.client_tls = std::move(tls);
                                             request.realm = realm;
                                         }})
            .get();
    }

    Certificate first_;
    Certificate second_;
    std::string ca_file_;
};

/// The subject of the client's certificate, and whether its session was resumed.
Receiver::Script noting(std::vector<std::string>& seen, Mutex& mutex, const char* answer) {
    return [&seen, &mutex, answer](Peer& peer) {
        {
            const MutexLock lock(mutex);
            seen.push_back(peer.client_name() + (peer.was_resumed() ? " resumed" : ""));
        }
        while (peer.read_request()) {
            if (!peer.write(answer)) return;
        }
    };
}

TEST_F(MutualTls, each_side_knows_the_other_by_its_own_authority) {
    const auto server = server_of(first_, second_);
    Receiver receiver(always(ok_answer), server.get());
    const auto good = post(receiver, client_of(first_, &second_));
    EXPECT_EQ(good.reason, OutcomeReason::accepted) << good.detail;

    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto strict = server_of(first_, second_);
        SSL_CTX_set_min_proto_version(strict.get(), version);
        SSL_CTX_set_max_proto_version(strict.get(), version);
        Receiver other(always(ok_answer), strict.get());
        const auto none = post(other, client_of(first_, nullptr));
        EXPECT_EQ(none.reason, OutcomeReason::tls_failed);
        EXPECT_NE(none.detail.find("has none to show"), std::string::npos) << none.detail;
        const auto wrong = post(other, client_of(first_, &first_));
        EXPECT_EQ(wrong.reason, OutcomeReason::tls_failed);
        EXPECT_NE(wrong.detail.find("does not accept the webhook's client certificate"),
                  std::string::npos)
            << wrong.detail;
    }
    const auto distrusted = post(receiver, client_of(second_, &second_));
    EXPECT_EQ(distrusted.reason, OutcomeReason::tls_failed);
    EXPECT_NE(distrusted.detail.find("its certificate is not accepted"), std::string::npos)
        << distrusted.detail;
    EXPECT_EQ(post(receiver, nullptr).reason, OutcomeReason::tls_failed)
        << "the sender's own authorities are as they were";
}

TEST_F(MutualTls, connections_and_sessions_are_of_one_certificate_and_realm) {
    const RealmId one{Uuid::from_bytes(std::string(16, '1'))};
    const RealmId two{Uuid::from_bytes(std::string(16, '2'))};
    const auto ada = client_of(first_, &second_, "ada");
    const auto bob = client_of(first_, &second_, "bob");
    const auto anonymous = client_of(first_, nullptr);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto server = server_of(first_, second_);
        SSL_CTX_set_verify(server.get(), SSL_VERIFY_PEER, nullptr);  // asks, and needs none
        SSL_CTX_set_min_proto_version(server.get(), version);
        SSL_CTX_set_max_proto_version(server.get(), version);
        Mutex mutex;
        {
            std::vector<std::string> seen;
            Receiver receiver(noting(seen, mutex, ok_answer), server.get());
            for (int i = 0; i < 2; ++i) {
                EXPECT_EQ(post(receiver, ada, one).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, bob, two).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, anonymous, one).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, ada, two).reason, OutcomeReason::accepted);
            }
            const MutexLock lock(mutex);
            EXPECT_EQ(seen, (std::vector<std::string>{"ada", "bob", "", "ada"})) << version;
        }
        {
            std::vector<std::string> seen;
            Receiver receiver(
                noting(seen, mutex,
                       "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
                server.get());
            for (int i = 0; i < 2; ++i) {
                EXPECT_EQ(post(receiver, ada, one).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, bob, two).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, anonymous, one).reason, OutcomeReason::accepted);
                EXPECT_EQ(post(receiver, ada, two).reason, OutcomeReason::accepted);
            }
            const MutexLock lock(mutex);
            EXPECT_EQ(seen, (std::vector<std::string>{"ada", "bob", "", "ada", "ada resumed",
                                                      "bob resumed", " resumed", "ada resumed"}))
                << version;
        }
    }
}

TEST_F(MutualTls, a_receiver_of_a_private_authority_needs_not_those_of_the_sender) {
    finish();
    start("/nowhere");
    const auto server =
        make_server(make_certificate({.alternative_names = "IP:127.0.0.1", .issuer = &first_}));
    Receiver receiver(always(ok_answer), server.get());
    const auto result = post(receiver, client_of(first_, nullptr));
    EXPECT_EQ(result.reason, OutcomeReason::accepted) << result.detail;
    EXPECT_EQ(post(receiver, nullptr).reason, OutcomeReason::tls_failed);
}

}  // namespace
}  // namespace postrider::net
