#include "webhooks/receiver_tls.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/certificates_test.h"
#include "webhooks/draft.h"

namespace postrider::webhooks {
namespace {

using Names = std::vector<std::string>;

const std::string mask{secret_mask};

std::string as_json(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

std::string tls_of(std::initializer_list<std::pair<const char*, std::string>> members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        out += (out.size() > 1 ? "," : "") + as_json(name) + ":" + as_json(value);
    }
    return out + "}";
}

/// A webhook with certificates, and others to change them for.
class ReceiverTlsTest : public testing::Test {
 protected:
    ReceiverTlsTest()
        : authority_(net::make_certificate({.subject = "authority", .is_authority = true})),
          client_(net::make_certificate({.subject = "client", .issuer = &authority_})),
          other_(net::make_certificate({.subject = "other", .issuer = &authority_})),
          ca_(net::pem_of(authority_)),
          certificate_(net::pem_of(client_)),
          key_(net::key_pem_of(client_.key.get())) {
        existing_.webhook.url = "https://example.com/hook";
        existing_.webhook.events = {"user.*"};
        existing_.tls = {.authorities = ca_, .certificate = certificate_, .key = key_};
        auto shown = existing_.tls;
        describe_certificate(shown);
        existing_.webhook.controls.tls = masked(shown);
    }
    Result<Draft> patch(const std::string& body) {
        return draft(body, ChangeKind::patch, &existing_);
    }
    Result<Draft> with(const std::string& tls) { return patch("{\"tls\":" + tls + "}"); }
    Result<Draft> draft(const std::string& body, ChangeKind kind, const Existing* existing) {
        const auto value = json::parse(body);
        EXPECT_TRUE(value) << body;
        return make_draft(parse_change(*value, body, kind), existing,
                          {.policy = policy_, .own_types = {}}, random_);
    }
    static Names pointers(const Result<Draft>& draft) {
        Names names;
        if (draft) return names;
        for (const auto& field : draft.error().fields) names.push_back(field.pointer);
        std::ranges::sort(names);
        return names;
    }

    SystemRandom random_;
    net::EgressPolicy policy_{.allowed_networks = {}, .allow_http = true};
    net::Certificate authority_;
    net::Certificate client_;
    net::Certificate other_;
    std::string ca_;
    std::string certificate_;
    std::string key_;
    Existing existing_;
};

TEST_F(ReceiverTlsTest, what_is_given_is_kept_apart_and_masked) {
    const auto made = with(tls_of({{"ca", ca_},
                                   {"client_certificate", net::pem_of(other_)},
                                   {"client_key", net::key_pem_of(other_.key.get())}}));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->tls.certificate, net::pem_of(other_));
    const auto& shown = *made->webhook.controls.tls;
    EXPECT_EQ(shown.authorities + shown.certificate + shown.key, mask + mask + mask);
    EXPECT_EQ(shown.subject, "CN=other");
    EXPECT_TRUE(shown.expires_at);
    EXPECT_EQ(made->changed, Names{"tls"});
    EXPECT_EQ(parse_tls_plaintext(to_plaintext(made->tls)).value(), made->tls);
}

TEST_F(ReceiverTlsTest, the_mask_keeps_each_and_what_is_left_out_goes) {
    const auto same = with(tls_of({{"ca", mask},
                                   {"client_certificate", mask},
                                   {"client_key", mask},
                                   {"subject", "CN=whatever"},
                                   {"expires_at", "1970-01-01T00:00:00Z"}}));
    ASSERT_TRUE(same);
    EXPECT_EQ(same->changed, Names{});
    const auto again =
        with(tls_of({{"ca", ca_}, {"client_certificate", certificate_}, {"client_key", key_}}));
    EXPECT_EQ(again->changed, Names{}) << "the same text is no change";
    const auto trust_alone = with(tls_of({{"ca", mask}}));
    ASSERT_TRUE(trust_alone);
    EXPECT_EQ(trust_alone->tls, ReceiverTls{.authorities = ca_});
    EXPECT_EQ(trust_alone->webhook.controls.tls->subject, "");
    const auto renewed = with(tls_of({{"ca", mask},
                                      {"client_certificate", net::pem_of(other_)},
                                      {"client_key", net::key_pem_of(other_.key.get())}}));
    ASSERT_TRUE(renewed);
    EXPECT_EQ(renewed->tls.authorities, ca_);
    EXPECT_EQ(
        pointers(with(tls_of(
            {{"ca", mask}, {"client_certificate", net::pem_of(other_)}, {"client_key", mask}}))),
        Names{"#/tls/client_key"})
        << "the old key is not of the new certificate";
    EXPECT_TRUE(patch(R"({"name":"other"})")->webhook.controls.tls);
    EXPECT_EQ(patch(R"({"name":"other"})")->tls, existing_.tls);
}

TEST_F(ReceiverTlsTest, null_a_put_and_a_new_origin_remove_it) {
    for (const auto& gone : {with("null"), patch(R"({"url":"https://other.example/hook"})"),
                             patch(R"({"url":"http://example.com/hook"})"),
                             draft(R"({"url":"https://example.com/hook","events":["user.*"]})",
                                   ChangeKind::replace, &existing_)}) {
        ASSERT_TRUE(gone);
        EXPECT_FALSE(gone->webhook.controls.tls);
        EXPECT_EQ(gone->tls, ReceiverTls{});
        EXPECT_TRUE(gone->has_changed("tls"));
    }
    EXPECT_EQ(pointers(patch(R"({"url":"https://other.example/hook","tls":)" +
                             tls_of({{"client_certificate", mask}, {"client_key", mask}}) + "}")),
              (Names{"#/tls/client_certificate", "#/tls/client_key"}));
    EXPECT_TRUE(
        patch(R"({"url":"https://other.example/hook","tls":)" + tls_of({{"ca", ca_}}) + "}"));
    EXPECT_EQ(
        pointers(patch(R"({"url":"http://example.com/hook","tls":)" + tls_of({{"ca", ca_}}) + "}")),
        Names{"#/tls"});
}

TEST_F(ReceiverTlsTest, each_mistake_is_named_by_its_pointer) {
    const auto encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED "
        "PRIVATE KEY-----\n";
    const std::pair<std::string, Names> wrong[] = {
        {"true", {"#/tls"}},
        {"{}", {"#/tls"}},
        {R"({"ca":null})", {"#/tls"}},
        {R"({"ca":1,"client_key":[]})", {"#/tls/ca", "#/tls/client_key"}},
        {tls_of({{"ca", "none"}}), {"#/tls/ca"}},
        {tls_of({{"ca", key_}}), {"#/tls/ca"}},
        {tls_of({{"client_certificate", certificate_}}), {"#/tls/client_key"}},
        {tls_of({{"client_key", key_}}), {"#/tls/client_certificate"}},
        {tls_of({{"client_certificate", certificate_}, {"client_key", encrypted}}),
         {"#/tls/client_key"}},
        {tls_of({{"client_certificate", certificate_},
                 {"client_key", net::key_pem_of(other_.key.get())}}),
         {"#/tls/client_key"}},
        {tls_of({{"client_certificate", ca_ + certificate_}, {"client_key", key_}}),
         {"#/tls/client_certificate"}},
        {tls_of({{"ca", ca_}, {"certificate", certificate_}}), {"#/tls/certificate"}},
        {tls_of({{"ca", ca_}, {"expires_at", "soon"}}), {"#/tls/expires_at"}},
    };
    for (const auto& [tls, expected] : wrong) EXPECT_EQ(pointers(with(tls)), expected) << tls;
    EXPECT_EQ(pointers(draft(R"({"url":"https://a.example","events":["*"],"tls":)" +
                                 tls_of({{"ca", mask}}) + "}",
                             ChangeKind::create, nullptr)),
              Names{"#/tls/ca"});
}

}  // namespace
}  // namespace postrider::webhooks
