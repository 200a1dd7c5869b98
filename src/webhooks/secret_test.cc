#include "webhooks/secret.h"

#include <gtest/gtest.h>

#include <array>

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::webhooks {
namespace {

using enum SigningScheme;
constexpr std::array only_v1{v1};
constexpr std::array only_v1a{v1a};
constexpr std::array both{v1, v1a};

TEST(Secret, reads_what_standard_webhooks_writes) {
    auto given = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->scheme, v1);
    EXPECT_EQ(given->key.size(), 24u);
    const std::string seed(32, 's');
    auto pair = parse_secret("whsk_" + base64_encode(seed + ed25519_public_key(seed)));
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->scheme, v1a);
    EXPECT_EQ(pair->key, seed);
    EXPECT_EQ(parse_secret("whsk_" + base64_encode(seed))->key, seed);
}

TEST(Secret, refuses_everything_else_without_quoting_it) {
    const std::string seed(32, 's');
    for (const std::string& text :
         {std::string(), std::string("hunter2"), "whsec_" + base64_encode(std::string(23, 'x')),
          "whsec_" + base64_encode(std::string(65, 'x')), std::string("whsec_!!!!"),
          "whsec_ " + base64_encode(seed), std::string(23, 'x'), std::string(257, 'x'),
          std::string(40, 'x') + " ", std::string(40, 'x') + "\xc3\xa9",
          "whsk_" + base64_encode(std::string(31, 'x')),
          "whsk_" + base64_encode(seed + std::string(32, 'x')), "whpk_" + base64_encode(seed)}) {
        auto given = parse_secret(text);
        ASSERT_FALSE(given) << text;
        if (text.size() > 12) {
            EXPECT_EQ(given.error().message.find(text.substr(6)), std::string::npos) << text;
        }
    }
}

TEST(Secret, other_text_is_ferriskeys_as_it_is) {
    for (const std::string& text :
         {std::string(64, 'a'), "WHSEC_" + base64_encode(std::string(32, 's'))}) {
        const auto given = parse_secret(text);
        ASSERT_TRUE(given) << text;
        EXPECT_EQ(given->scheme, SigningScheme::ferriskey);
        EXPECT_EQ(given->key, text);
    }
    SystemRandom random;
    SecretSet set;
    const SigningScheme ferriskey[] = {SigningScheme::ferriskey};
    EXPECT_TRUE(complete(set, ferriskey, random));
    EXPECT_EQ(set.ferriskey.size(), 64u);
    EXPECT_TRUE(complete(set, both, random));
    EXPECT_EQ(parse_plaintext(to_plaintext(set)).value(), set);
    EXPECT_FALSE(parse_plaintext("fk_!"));
    EXPECT_FALSE(parse_plaintext(std::string(40, 'x')));
}

TEST(Secret, complete_makes_only_what_is_missing) {
    SystemRandom random;
    SecretSet set;
    EXPECT_TRUE(complete(set, only_v1, random));
    EXPECT_EQ(set.v1.size(), 32u);
    EXPECT_TRUE(set.v1a.empty());
    const auto before = set.v1;
    EXPECT_FALSE(complete(set, only_v1, random));
    EXPECT_TRUE(complete(set, both, random));
    EXPECT_EQ(set.v1, before);
    EXPECT_EQ(set.v1a.size(), 32u);
    EXPECT_EQ(signing_keys(set, only_v1a).size(), 1u);
    EXPECT_EQ(signing_keys(set, both)[0].scheme, v1);
    EXPECT_EQ(parse_plaintext(to_plaintext(set)).value(), set);
    EXPECT_EQ(parse_plaintext("").value(), SecretSet{});
    EXPECT_FALSE(parse_plaintext("whsec_x"));
    EXPECT_EQ(public_key_text(set), "whpk_" + base64_encode(ed25519_public_key(set.v1a)));
    EXPECT_TRUE(secret_text(set).starts_with("whsec_"));
}

}  // namespace
}  // namespace postrider::webhooks
