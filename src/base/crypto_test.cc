#include "base/crypto.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace postrider {
namespace {

std::string bytes(std::string_view hex) { return *hex_decode(hex); }

TEST(Crypto, Sha256) {  // FIPS 180-2, appendix B
    EXPECT_EQ(hex_encode(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_encode(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, HmacSha256) {  // RFC 4231, test cases 1, 2 and 6
    EXPECT_EQ(hex_encode(hmac_sha256(std::string(20, '\x0b'), {"Hi There"})),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hex_encode(hmac_sha256("Jefe", {"what do ya want ", "", "for nothing?"})),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex_encode(hmac_sha256(std::string(131, '\xaa'),
                                     {"Test Using Larger Than Block-Size Key - Hash Key First"})),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crypto, an_empty_key_is_not_the_key_before) {
    (void)hmac_sha256("Jefe", {"what do ya want ", "for nothing?"});
    EXPECT_EQ(hex_encode(hmac_sha256({}, {})),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crypto, SignsAsStandardWebhooksDoes) {  // API.md, section 1
    auto key = base64_decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(key);
    auto signature = hmac_sha256(
        *key, {"msg_p5jXN8AQM9LWM0D4loKWxJek", ".", "1614265330", ".", R"({"test": 2432232314})"});
    EXPECT_EQ(base64_encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Crypto, Ed25519) {  // RFC 8032, section 7.1, tests 1 and 3
    const struct {
        const char *seed, *public_key, *message, *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "8"
         "4dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (const auto& row : rows) {
        auto seed = bytes(row.seed), message = bytes(row.message);
        auto public_key = ed25519_public_key(seed);
        EXPECT_EQ(hex_encode(public_key), row.public_key);
        auto signature = ed25519_sign(seed, message);
        EXPECT_EQ(hex_encode(signature), row.signature);
        EXPECT_TRUE(ed25519_verify(public_key, message, signature));
        EXPECT_FALSE(ed25519_verify(public_key, message + "x", signature));
        signature[0] = static_cast<char>(signature[0] ^ 1);
        EXPECT_FALSE(ed25519_verify(public_key, message, signature));
        EXPECT_FALSE(ed25519_verify(public_key, message, "short"));
        EXPECT_FALSE(ed25519_verify("short", message, signature));
    }
}

TEST(Crypto, SealedTextOpensOnlyAsItWasSealed) {
    const std::string key(32, 'k'), other(32, 'o');
    auto sealed = aead_seal(key, "realm/webhook/secret", "hush");
    EXPECT_EQ(aead_open(key, "realm/webhook/secret", sealed), "hush");
    EXPECT_FALSE(aead_open(other, "realm/webhook/secret", sealed));
    EXPECT_FALSE(aead_open(key, "realm/webhook/headers", sealed));
    EXPECT_FALSE(aead_open(key, "realm/webhook/secret", sealed.substr(1)));
    EXPECT_FALSE(aead_open(key, "realm/webhook/secret", ""));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 0x40);
        EXPECT_FALSE(aead_open(key, "realm/webhook/secret", changed)) << i;
    }
    EXPECT_NE(aead_seal(key, "c", "hush"), aead_seal(key, "c", "hush")) << "the nonce is random";
    EXPECT_EQ(aead_open(key, "", aead_seal(key, "", "")), "");
}

TEST(Crypto, OpensWhatAnotherLibrarySealed) {
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    auto key = bytes("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    auto context = bytes("50515253c0c1c2c3c4c5c6c7");
    auto sealed = bytes(
        "404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4e"
        "da"
        "7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b238"
        "35"
        "65d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    EXPECT_EQ(aead_open(key, context, sealed),
              "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
              "future, sunscreen would be it.");
}

TEST(Crypto, ComparesWholeTexts) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
}

}  // namespace
}  // namespace postrider
