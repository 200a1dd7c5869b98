#include "base/crypto_imported_hash.h"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/encoding.h"

namespace postrider {
namespace {

constexpr int bcrypt_cost_min = 4;
constexpr std::size_t salt_bytes_min = 8;
constexpr std::size_t salt_bytes_max = 128;
constexpr std::size_t hash_bytes_min = 16;
constexpr std::size_t hash_bytes_max = 128;
constexpr std::size_t text_bytes_max = 512;
constexpr std::size_t bcrypt_text_bytes = 60;

struct Argon2 {
    bool is_id = true;
};
struct Pbkdf2 {
    const EVP_MD* digest = nullptr;
    int rounds = 0;
    std::string salt;
    std::string hash;
};
struct Bcrypt {};
using Parsed = std::variant<Argon2, Pbkdf2, Bcrypt>;

std::unexpected<Error> refuse(std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
}

std::vector<std::string_view> split(std::string_view text, char by) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at != std::string_view::npos;) {
        at = text.find(by);
        parts.push_back(text.substr(0, at));
        if (at != std::string_view::npos) text.remove_prefix(at + 1);
    }
    return parts;
}

/// "i=210000" with the name "i"; without leading zeros, so that a cost has one form.
std::optional<std::uint64_t> number_of(std::string_view part, std::string_view name) {
    if (!part.starts_with(name) || part.substr(name.size(), 1) != "=") return std::nullopt;
    part.remove_prefix(name.size() + 1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    if (part.starts_with('0')) return std::nullopt;
    return value;
}

/// Between its bounds, or nothing.
std::optional<std::string> bytes_of(std::string_view text, std::size_t least, std::size_t most) {
    std::string padded(text);
    while (padded.size() % 4 != 0) padded += '=';
    auto bytes = base64_decode(padded);
    if (!bytes || bytes->size() < least || bytes->size() > most) return std::nullopt;
    return bytes;
}

Result<void> check_cost(std::string_view what, std::uint64_t has, std::uint64_t most) {
    if (has <= most) return {};
    return refuse(
        fmt::format("has a {} of {}, and at most {} is accepted: its user can reset the "
                    "password",
                    what, has, most));
}

std::unexpected<Error> malformed(std::string_view kind) {
    return refuse(fmt::format("is not a well-formed {} hash", kind));
}

/// The parts behind "$argon2id": "", "argon2id", "v=19", "m=…,t=…,p=…", salt, hash.
Result<Parsed> parse_argon2(const std::vector<std::string_view>& parts, const HashCosts& most) {
    if (parts.size() != 6) return malformed("argon2");
    if (parts[2] != "v=19") {
        return refuse(
            "is argon2 of a version other than 1.3 (v=19), which cannot be verified: its user can "
            "reset the password");
    }
    const auto costs = split(parts[3], ',');
    if (costs.size() != 3) return malformed("argon2");
    const auto memory = number_of(costs[0], "m");
    const auto passes = number_of(costs[1], "t");
    const auto lanes = number_of(costs[2], "p");
    if (!memory || !passes || !lanes || *memory < 8 * *lanes ||
        !bytes_of(parts[4], salt_bytes_min, salt_bytes_max) ||
        !bytes_of(parts[5], hash_bytes_min, hash_bytes_max)) {
        return malformed("argon2");
    }
    POSTRIDER_TRY(check_cost("memory in KiB", *memory, most.argon2_memory_kib));
    POSTRIDER_TRY(check_cost("number of passes", *passes, most.argon2_passes));
    POSTRIDER_TRY(check_cost("number of lanes", *lanes, most.argon2_lanes));
    return Argon2{.is_id = parts[1] == "argon2id"};
}

/// "", "pbkdf2-sha512", "i=…", salt, hash.
Result<Parsed> parse_pbkdf2(const std::vector<std::string_view>& parts, const HashCosts& most) {
    Pbkdf2 parsed;
    if (parts[1] == "pbkdf2-sha512") parsed.digest = EVP_sha512();
    if (parts[1] == "pbkdf2-sha256") parsed.digest = EVP_sha256();
    if (parts[1] == "pbkdf2-sha1") parsed.digest = EVP_sha1();
    const auto rounds = parts.size() == 5 ? number_of(parts[2], "i") : std::nullopt;
    if (parsed.digest == nullptr || !rounds) return malformed("PBKDF2");
    auto salt = bytes_of(parts[3], salt_bytes_min, salt_bytes_max);
    auto hash = bytes_of(parts[4], hash_bytes_min, hash_bytes_max);
    if (!salt || !hash) return malformed("PBKDF2");
    POSTRIDER_TRY(check_cost("number of rounds", *rounds, most.pbkdf2_rounds));
    parsed.rounds = static_cast<int>(*rounds);
    parsed.salt = *std::move(salt);
    parsed.hash = *std::move(hash);
    return parsed;
}

Result<Parsed> parse_bcrypt(std::string_view text, const std::vector<std::string_view>& parts,
                            const HashCosts& most) {
    const auto is_letter = [](char c) {
        return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
               (c >= 'a' && c <= 'z');
    };
    if (text.size() != bcrypt_text_bytes || parts.size() != 4 || parts[2].size() != 2 ||
        !std::ranges::all_of(parts[3], is_letter)) {
        return malformed("bcrypt");
    }
    int cost = 0;
    const auto [end, error] =
        std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), cost);
    if (error != std::errc{} || end != parts[2].data() + parts[2].size() ||
        cost < bcrypt_cost_min) {
        return malformed("bcrypt");
    }
    POSTRIDER_TRY(check_cost("cost", static_cast<std::uint64_t>(cost), most.bcrypt_cost));
    return Bcrypt{};
}

Result<Parsed> parse(std::string_view text, const HashCosts& most) {
    if (text.size() > text_bytes_max) {
        return refuse(fmt::format("has more than {} bytes", text_bytes_max));
    }
    const auto parts = split(text, '$');
    const auto kind = parts.size() > 1 && parts[0].empty() ? parts[1] : std::string_view();
    if (kind == "argon2id" || kind == "argon2i") return parse_argon2(parts, most);
    if (kind == "pbkdf2-sha512" || kind == "pbkdf2-sha256" || kind == "pbkdf2-sha1") {
        return parse_pbkdf2(parts, most);
    }
    if (kind == "2a" || kind == "2b" || kind == "2y") return parse_bcrypt(text, parts, most);
    return refuse(
        "is of a kind that is not known here (argon2id, argon2i, PBKDF2 with SHA-512, SHA-256 or "
        "SHA-1, and bcrypt are): its user can reset the password");
}

bool matches(const Argon2& kind, const std::string& text, std::string_view password) {
    if (sodium_init() < 0) return false;
    const auto verify =
        kind.is_id ? crypto_pwhash_argon2id_str_verify : crypto_pwhash_argon2i_str_verify;
    return verify(text.c_str(), password.data(), password.size()) == 0;
}

/// The first block of the derived key is enough to know the password by, and bounds the cost.
bool matches(const Pbkdf2& hash, const std::string& /*text*/, std::string_view password) {
    const auto block = static_cast<std::size_t>(EVP_MD_get_size(hash.digest));
    std::string derived(std::min(block, hash.hash.size()), '\0');
    const int ran = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                                      reinterpret_cast<const unsigned char*>(hash.salt.data()),
                                      static_cast<int>(hash.salt.size()), hash.rounds, hash.digest,
                                      static_cast<int>(derived.size()),
                                      reinterpret_cast<unsigned char*>(derived.data()));
    return ran == 1 && sodium_memcmp(derived.data(), hash.hash.data(), derived.size()) == 0;
}

bool matches(const Bcrypt& /*kind*/, const std::string& text, std::string_view password) {
    if (password.find('\0') != std::string_view::npos) return false;
    const auto scratch = std::make_unique<crypt_data>();  // 32 KiB
    const std::string phrase(password);
    const char* made = crypt_r(phrase.c_str(), text.c_str(), scratch.get());
    return made != nullptr && std::strlen(made) == text.size() &&
           sodium_memcmp(made, text.data(), text.size()) == 0;
}

}  // namespace

Result<void> check_imported_hash(std::string_view text, const HashCosts& most) {
    POSTRIDER_TRY(parse(text, most));
    return {};
}

bool imported_hash_matches(std::string_view text, std::string_view password,
                           const HashCosts& most) {
    const auto parsed = parse(text, most);
    if (!parsed) return false;
    const std::string owned(text);
    return std::visit([&](const auto& kind) { return matches(kind, owned, password); }, *parsed);
}

}  // namespace postrider
