#include "base/crypto.h"

#include <sodium.h>

#include "base/check.h"

namespace postrider {
namespace {

const unsigned char* raw(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// libsodium picks its fastest code at the first call.
void ready() {
    static const int result = sodium_init();
    CHECK(result >= 0);
}

struct Ed25519Keys {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    explicit Ed25519Keys(std::string_view seed) {
        ready();
        CHECK(seed.size() == crypto_sign_SEEDBYTES);
        crypto_sign_seed_keypair(public_key, secret_key, raw(seed));
    }
    ~Ed25519Keys() { sodium_memzero(secret_key, sizeof secret_key); }
};

}  // namespace

std::string sha256(std::string_view message) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(raw(out), raw(message), message.size());
    return out;
}

std::string hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, raw(key), key.size());
    for (auto part : parts) crypto_auth_hmacsha256_update(&state, raw(part), part.size());
    std::string out(crypto_auth_hmacsha256_BYTES, '\0');
    crypto_auth_hmacsha256_final(&state, raw(out));
    return out;
}

std::string ed25519_public_key(std::string_view seed) {
    Ed25519Keys keys(seed);
    return {reinterpret_cast<const char*>(keys.public_key), sizeof keys.public_key};
}

std::string ed25519_sign(std::string_view seed, std::string_view message) {
    Ed25519Keys keys(seed);
    std::string out(crypto_sign_BYTES, '\0');
    crypto_sign_detached(raw(out), nullptr, raw(message), message.size(), keys.secret_key);
    return out;
}

bool ed25519_verify(std::string_view public_key, std::string_view message,
                    std::string_view signature) {
    ready();
    return public_key.size() == crypto_sign_PUBLICKEYBYTES &&
           signature.size() == crypto_sign_BYTES &&
           crypto_sign_verify_detached(raw(signature), raw(message), message.size(),
                                       raw(public_key)) == 0;
}

std::string aead_seal(std::string_view key, std::string_view context, std::string_view plaintext) {
    ready();
    CHECK(key.size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    std::string out(nonce_size + plaintext.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, 0);
    randombytes_buf(out.data(), nonce_size);
    crypto_aead_xchacha20poly1305_ietf_encrypt(raw(out) + nonce_size, nullptr, raw(plaintext),
                                               plaintext.size(), raw(context), context.size(),
                                               nullptr, raw(out), raw(key));
    return out;
}

std::optional<std::string> aead_open(std::string_view key, std::string_view context,
                                     std::string_view sealed) {
    ready();
    CHECK(key.size() == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
    if (sealed.size() < nonce_size + tag_size) return std::nullopt;
    std::string out(sealed.size() - nonce_size - tag_size, '\0');
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            raw(out), nullptr, nullptr, raw(sealed) + nonce_size, sealed.size() - nonce_size,
            raw(context), context.size(), raw(sealed), raw(key)) != 0) {
        return std::nullopt;
    }
    return out;
}

namespace {
constexpr unsigned long long argon2_passes = 2;
constexpr std::size_t argon2_bytes = 19 * 1024 * 1024;
}  // namespace

std::optional<std::string> password_hash(std::string_view password) {
    ready();
    char text[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(text, password.data(), password.size(), argon2_passes, argon2_bytes,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return std::nullopt;
    }
    return std::string(text);
}

bool password_verify(std::string_view hash, std::string_view password) {
    ready();
    if (hash.size() >= crypto_pwhash_STRBYTES) return false;
    const std::string text(hash);
    return crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0;
}

bool password_needs_rehash(std::string_view hash) {
    ready();
    if (hash.size() >= crypto_pwhash_STRBYTES) return true;
    const std::string text(hash);
    return crypto_pwhash_str_needs_rehash(text.c_str(), argon2_passes, argon2_bytes) != 0;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace postrider
