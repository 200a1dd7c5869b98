#include "cli/signature_check.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::cli {
namespace {

// The vector of API.md section 1, from the Standard Webhooks' libraries.
const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SignedRequest vector = {
    "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", R"({"test": 2432232314})"};
const Timestamp signed_at = from_micros(1'614'265'330'000'000);

SignatureCheck check(const SignedRequest& request, const std::string& key,
                     Timestamp now = signed_at) {
    std::vector<VerificationKey> keys = {*parse_verification_key(key)};
    return check_signature(request, keys, now, 5min);
}

std::string sign(const SignedRequest& request, std::string_view key) {
    return "v1," +
           base64_encode(hmac_sha256(key, {request.id, ".", request.timestamp, ".", request.body}));
}

TEST(signature_check, the_published_vector_verifies) {
    EXPECT_EQ(check(vector, secret).verdict, SignatureVerdict::verified);
    EXPECT_EQ(check(vector, secret.substr(6)).verdict, SignatureVerdict::verified);
}

TEST(signature_check, time_is_tolerated_on_both_sides) {
    EXPECT_TRUE(check(vector, secret, signed_at + 5min).ok());
    EXPECT_TRUE(check(vector, secret, signed_at - 5min).ok());
    auto late = check(vector, secret, signed_at + 301s);
    EXPECT_EQ(late.verdict, SignatureVerdict::stale);
    EXPECT_NE(late.detail.find("301s old"), std::string::npos) << late.detail;
    EXPECT_EQ(check(vector, secret, signed_at - 301s).verdict, SignatureVerdict::ahead);
}

TEST(signature_check, one_of_several_signatures_is_enough) {
    auto request = vector;
    std::string several = "v9,x v1a,AAAA v1,AAAA " + std::string(vector.signature);
    request.signature = several;
    EXPECT_TRUE(check(request, secret).ok());
    std::vector<VerificationKey> keys = {{SigningScheme::v1, std::string(32, 'x')},
                                         *parse_verification_key(secret)};
    EXPECT_TRUE(check_signature(vector, keys, signed_at, 5min).ok()) << "one of several keys too";
}

TEST(signature_check, ed25519) {
    std::string seed(32, 's');
    auto request = vector;
    std::string message = std::string(request.id) + "." + std::string(request.timestamp) + "." +
                          std::string(request.body);
    std::string signature = "v1a," + base64_encode(ed25519_sign(seed, message));
    request.signature = signature;
    auto public_key = "whpk_" + base64_encode(ed25519_public_key(seed));
    EXPECT_TRUE(check(request, public_key).ok());
    EXPECT_TRUE(check(request, "whsk_" + base64_encode(seed)).ok());
    EXPECT_EQ(check(request, secret).verdict, SignatureVerdict::scheme_mismatch);
    EXPECT_EQ(check(vector, public_key).verdict, SignatureVerdict::scheme_mismatch);
    request.body = "{}";
    EXPECT_EQ(check(request, public_key).verdict, SignatureVerdict::mismatch);
}

TEST(signature_check, says_what_is_wrong) {
    struct Row {
        const char* what;
        SignedRequest request;
        SignatureVerdict verdict;
    };
    auto with = [](auto change) {
        auto request = vector;
        change(request);
        return request;
    };
    using V = SignatureVerdict;
    for (const auto& [what, request, verdict] : std::initializer_list<Row>{
             {"no id", with([](auto& r) { r.id = ""; }), V::header_missing},
             {"no timestamp", with([](auto& r) { r.timestamp = ""; }), V::header_missing},
             {"no signature", with([](auto& r) { r.signature = ""; }), V::header_missing},
             {"milliseconds", with([](auto& r) { r.timestamp = "1614265330000"; }),
              V::header_malformed},
             {"negative", with([](auto& r) { r.timestamp = "-1"; }), V::header_malformed},
             {"space", with([](auto& r) { r.timestamp = " 1614265330"; }), V::header_malformed},
             {"bare base64", with([](auto& r) { r.signature = r.signature.substr(3); }),
              V::header_malformed},
             {"other id", with([](auto& r) { r.id = "msg_other"; }), V::mismatch},
             {"other timestamp", with([](auto& r) { r.timestamp = "1614265331"; }), V::mismatch},
             {"other body", with([](auto& r) { r.body = R"({"test": 2432232315})"; }), V::mismatch},
             {"line end", with([](auto& r) { r.body = "{\"test\": 2432232314}\r\n"; }),
              V::body_changed}}) {
        auto result = check(request, secret);
        EXPECT_EQ(result.verdict, verdict) << what << ": " << result.detail;
        EXPECT_FALSE(result.detail.empty());
    }
}

TEST(signature_check, recognises_a_body_that_was_written_again) {
    auto request = vector;
    request.body = R"({"a":1,"b":[2]})";
    auto key = *base64_decode(secret.substr(6));
    std::string signature = sign(request, key);
    request.signature = signature;
    EXPECT_TRUE(check(request, secret).ok());
    request.body = "{\n  \"a\": 1,\n  \"b\": [2]\n}";
    EXPECT_EQ(check(request, secret).verdict, SignatureVerdict::body_changed);
}

TEST(signature_check, recognises_a_signer_that_did_not_decode) {
    auto request = vector;
    std::string signature = sign(request, secret);
    request.signature = signature;
    auto result = check(request, secret);
    EXPECT_EQ(result.verdict, SignatureVerdict::mismatch);
    EXPECT_NE(result.detail.find("text of the secret"), std::string::npos) << result.detail;
}

TEST(signature_check, keys_that_are_none) {
    for (const char* text :
         {"", "whsec_", "whsec_short", "whsec_AAAA", "whpk_AAAA", "whsk_AAAA",
          "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "not base64 at all!!!!!!!!!!!"}) {
        auto key = parse_verification_key(text);
        ASSERT_FALSE(key) << text;
        if (std::string_view(text).size() > 8) {
            EXPECT_EQ(key.error().message.find(text), std::string::npos) << "shows no secret";
        }
    }
}

}  // namespace
}  // namespace postrider::cli
