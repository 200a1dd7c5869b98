#include "net/client_tls.h"

#include <gtest/gtest.h>

#include "net/certificates_test.h"

namespace postrider::net {
namespace {

using Key = std::unique_ptr<EVP_PKEY, OpensslDeleter>;

Certificate authority() { return make_certificate({.subject = "authority", .is_authority = true}); }

void expect_problem(const Result<std::string>& read, std::string_view part) {
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find(part), std::string::npos) << read.error().message;
}

TEST(ClientTls, certificates_are_kept_in_one_form) {
    const auto first = authority();
    const auto second = make_certificate({.subject = "second", .is_authority = true});
    const auto both = pem_of(first) + pem_of(second);
    EXPECT_EQ(read_authorities(both).value(), both);
    std::string other = "Bag Attributes\n" + pem_of(first) + "\nsubject=CN = second\n";
    for (const char c : pem_of(second))
        other += c == '\n' ? std::string("\r\n") : std::string(1, c);
    EXPECT_EQ(read_authorities(other).value(), both);
}

TEST(ClientTls, what_is_no_certificate_is_named) {
    const auto good = pem_of(authority());
    expect_problem(read_authorities(""), "holds no certificate");
    expect_problem(read_authorities("hello"), "holds no certificate");
    expect_problem(read_authorities(good.substr(0, good.size() / 2)), "block 1");
    expect_problem(read_authorities(good + good.substr(0, 300)), "block 2");
    std::string bad = good;
    bad[60] = '*';
    expect_problem(read_authorities(bad), "block 1");
    bad = good;
    bad[60] = bad[60] == 'A' ? 'B' : 'A';
    bad[31] = 'A';  // its outermost tag
    expect_problem(read_authorities(bad), "cannot be read");
    expect_problem(read_authorities(key_pem_of(authority().key.get())), "client_key alone");
    expect_problem(read_authorities("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
                   "X509 CRL");
    expect_problem(read_authorities(std::string(17000, 'x')), "16384 bytes");
    std::string many;
    for (int i = 0; i < 17; ++i) many += good;
    expect_problem(read_authorities(many), "more than 16");
}

TEST(ClientTls, a_chain_has_the_clients_own_first) {
    const auto root = authority();
    const auto middle =
        make_certificate({.subject = "middle", .issuer = &root, .is_authority = true});
    const auto client = make_certificate({.subject = "client", .issuer = &middle});
    EXPECT_TRUE(read_certificate_chain(pem_of(client)));
    EXPECT_TRUE(read_certificate_chain(pem_of(client) + pem_of(middle) + pem_of(root)));
    expect_problem(read_certificate_chain(pem_of(middle) + pem_of(client)), "certificate 2");
    expect_problem(read_certificate_chain(pem_of(client) + pem_of(root)), "certificate 2");
}

TEST(ClientTls, keys_that_are_safe_and_not_too_dear_are_taken) {
    for (auto* key :
         {EVP_RSA_gen(2048), EVP_RSA_gen(4096), EVP_EC_gen("P-256"), EVP_EC_gen("P-384"),
          EVP_EC_gen("P-521"), EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}) {
        const Key owner(key);
        const auto pem = key_pem_of(key);
        EXPECT_EQ(read_private_key(pem).value(), pem);
    }
    for (auto* key : {EVP_RSA_gen(1024), EVP_RSA_gen(4608), EVP_EC_gen("secp256k1"),
                      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"),
                      EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")}) {
        const Key owner(key);
        expect_problem(read_private_key(key_pem_of(key)), "Ed25519 are taken");
    }
}

TEST(ClientTls, keys_are_read_without_asking_for_a_passphrase) {
    const Key key(EVP_EC_gen("P-256"));
    unsigned char word[] = "word";
    auto* encrypted = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(encrypted, key.get(), EVP_aes_256_cbc(), "word", 4, nullptr,
                                  nullptr);
    expect_problem(read_private_key(text_of(encrypted)), "passphrase");
    auto* traditional = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(traditional, key.get(), EVP_aes_256_cbc(), word, 4,
                                         nullptr, nullptr);
    expect_problem(read_private_key(text_of(traditional)), "passphrase");
    auto* old = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(old, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    EXPECT_TRUE(
        read_private_key("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC "
                         "PARAMETERS-----\n" +
                         text_of(old)));
    expect_problem(read_private_key(pem_of(authority())), "no private key");
    expect_problem(read_private_key(key_pem_of(key.get()) + key_pem_of(key.get())), "more than");
    expect_problem(read_private_key("secret"), "holds no private key");
}

TEST(ClientTls, a_pair_belongs_together) {
    const auto client = make_certificate({.subject = "client"});
    const auto other = make_certificate({.subject = "other"});
    EXPECT_TRUE(check_pair(pem_of(client), key_pem_of(client.key.get())));
    const auto wrong = check_pair(pem_of(client), key_pem_of(other.key.get()));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message, "is not the key of client_certificate");
}

TEST(ClientTls, its_facts_are_of_the_first_certificate) {
    const auto client = make_certificate({.subject = "cl\xc3\xa4,ient", .valid_to = 86400});
    const auto facts = facts_of(pem_of(client) + pem_of(authority()));
    EXPECT_TRUE(facts.subject.starts_with("CN=cl")) << facts.subject;
    for (const unsigned char c : facts.subject) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    const auto left = facts.expires_at - std::chrono::system_clock::now();
    EXPECT_TRUE(left > 23h && left < 25h);
}

TEST(ClientTls, the_digest_is_of_all_three) {
    EXPECT_EQ(make_client_tls("a", "b", "c")->digest, make_client_tls("a", "b", "c")->digest);
    EXPECT_NE(make_client_tls("a", "b", "c")->digest, make_client_tls("a", "b", "d")->digest);
    EXPECT_NE(make_client_tls("a", "b", "c")->digest, make_client_tls("ab", "", "c")->digest);
    EXPECT_NE(make_client_tls("a", "", "")->digest, make_client_tls("", "a", "")->digest);
}

}  // namespace
}  // namespace postrider::net
