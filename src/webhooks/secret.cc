#include "webhooks/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/encoding.h"
#include "model/limits.h"

namespace postrider::webhooks {
namespace {

constexpr std::string_view v1_prefix = "whsec_";
constexpr std::string_view v1a_prefix = "whsk_";
constexpr std::string_view v1a_public_prefix = "whpk_";
constexpr std::string_view ferriskey_prefix = "fk_";
constexpr std::size_t seed_bytes = 32;      // RFC 8032
constexpr std::size_t key_pair_bytes = 64;  // libsodium's form: seed, public key

std::unexpected<Error> refuse(std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
}

Result<GivenSecret> parse_v1(std::string_view text) {
    auto key = base64_decode(text);
    if (!key) return refuse("must be whsec_ and base64 with its padding");
    if (key->size() < limits::secret_bytes_min || key->size() > limits::secret_bytes_max) {
        return refuse(fmt::format("must hold {} to {} bytes in base64, and holds {}",
                                  limits::secret_bytes_min, limits::secret_bytes_max, key->size()));
    }
    return GivenSecret{SigningScheme::v1, std::move(*key)};
}

Result<GivenSecret> parse_v1a(std::string_view text) {
    auto key = base64_decode(text);
    if (!key || (key->size() != seed_bytes && key->size() != key_pair_bytes)) {
        return refuse("must be whsk_ and base64 of a 32-byte ed25519 seed");
    }
    if (key->size() == key_pair_bytes) {
        const auto seed = std::string_view(*key).substr(0, seed_bytes);
        if (ed25519_public_key(seed) != std::string_view(*key).substr(seed_bytes)) {
            return refuse("must be whsk_ and a seed with its own public key, and this one is not");
        }
        key->resize(seed_bytes);
    }
    return GivenSecret{SigningScheme::v1a, std::move(*key)};
}

Result<GivenSecret> parse_ferriskey(std::string_view text) {
    const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
    if (!is_visible || text.size() < limits::secret_bytes_min ||
        text.size() > limits::secret_text_bytes_max) {
        return refuse(
            fmt::format("must begin with whsec_ (v1) or whsk_ (v1a), or be {} to {} "
                        "visible ASCII characters (ferriskey); leave it out to have one "
                        "made",
                        limits::secret_bytes_min, limits::secret_text_bytes_max));
    }
    return GivenSecret{SigningScheme::ferriskey, std::string(text)};
}

}  // namespace

Result<GivenSecret> parse_secret(std::string_view text) {
    if (text.starts_with(v1_prefix)) return parse_v1(text.substr(v1_prefix.size()));
    if (text.starts_with(v1a_prefix)) return parse_v1a(text.substr(v1a_prefix.size()));
    if (text.starts_with(v1a_public_prefix)) {
        return refuse("is a public key; the secret one begins with whsk_");
    }
    return parse_ferriskey(text);
}

const std::string& key_of(const SecretSet& set, SigningScheme scheme) {
    switch (scheme) {
        case SigningScheme::v1:
            return set.v1;
        case SigningScheme::v1a:
            return set.v1a;
        case SigningScheme::ferriskey:
            break;
    }
    return set.ferriskey;
}

std::string& key_of(SecretSet& set, SigningScheme scheme) {
    return const_cast<std::string&>(key_of(std::as_const(set), scheme));
}

bool complete(SecretSet& set, std::span<const SigningScheme> signing, Random& random) {
    bool made = false;
    for (const auto scheme : signing) {
        auto& key = key_of(set, scheme);
        if (!key.empty()) continue;
        key =
            random.bytes(scheme == SigningScheme::v1a ? seed_bytes : limits::secret_bytes_default);
        if (scheme == SigningScheme::ferriskey) key = hex_encode(key);
        made = true;
    }
    return made;
}

std::string to_plaintext(const SecretSet& set) {
    std::string text;
    const auto add = [&text](std::string_view prefix, const std::string& key) {
        if (key.empty()) return;
        if (!text.empty()) text += ' ';
        text.append(prefix).append(base64_encode(key));
    };
    add(v1_prefix, set.v1);
    add(v1a_prefix, set.v1a);
    add(ferriskey_prefix, set.ferriskey);
    return text;
}

Result<SecretSet> parse_plaintext(std::string_view text) {
    const auto unreadable = [] {
        return fail(ErrorCode::corrupt, "a stored secret cannot be read");
    };
    SecretSet set;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        if (word.starts_with(ferriskey_prefix)) {
            auto key = base64_decode(word.substr(ferriskey_prefix.size()));
            if (!key) return unreadable();
            set.ferriskey = *std::move(key);
        } else {
            auto given = parse_secret(word);
            if (!given || given->scheme == SigningScheme::ferriskey) return unreadable();
            key_of(set, given->scheme) = std::move(given->key);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return set;
}

Result<SecretSet> parse_keys(std::string_view text) {
    auto set = parse_plaintext(text);
    if (!set || set->empty() || (!set->ferriskey.empty() && !parse_ferriskey(set->ferriskey))) {
        return refuse("must be keys as GET …/secret?reveal=keys gives them");
    }
    return set;
}

std::string secret_text(const SecretSet& set) {
    return std::string(v1_prefix) + base64_encode(set.v1);
}

std::string public_key_text(const SecretSet& set) {
    return std::string(v1a_public_prefix) + base64_encode(ed25519_public_key(set.v1a));
}

std::vector<SigningKey> signing_keys(const SecretSet& set, std::span<const SigningScheme> signing) {
    std::vector<SigningKey> keys;
    for (const auto scheme : signing) {
        const auto& key = key_of(set, scheme);
        if (!key.empty()) keys.push_back({scheme, key});
    }
    return keys;
}

}  // namespace postrider::webhooks
