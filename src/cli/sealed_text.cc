#include "cli/sealed_text.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/passphrase.h"
#include "model/limits.h"

namespace postrider::cli {

namespace {

constexpr std::string_view kdf = "argon2id";
constexpr std::string_view cipher = "xchacha20-poly1305";

std::string authenticated(std::string_view context, const PassphraseCost& cost,
                          std::string_view salt) {
    return fmt::format("postrider sealed text 1\n{} {} {} {} {}\n{}", kdf, cost.memory_kib,
                       cost.passes, hex_encode(salt), cipher, context);
}

const std::string* text_in(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    return value == nullptr ? nullptr : value->as_string();
}

std::size_t number_in(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    const std::int64_t* number = value == nullptr ? nullptr : value->as_int();
    return number == nullptr || *number < 0 ? 0 : static_cast<std::size_t>(*number);
}

}  // namespace

Result<json::Value> seal_text(std::string_view passphrase, std::string_view context,
                              std::string_view text, Random& random) {
    const PassphraseCost cost{};
    const std::string salt = random.bytes(passphrase_salt_bytes);
    const auto key = passphrase_key(passphrase, salt, cost);
    if (!key) {
        return fail(ErrorCode::resource_exhausted,
                    fmt::format("there are not {} MiB of memory to make a key of the passphrase",
                                cost.memory_kib / 1024));
    }
    return json::Value(json::Object{
        {"kdf", kdf},
        {"memory_kib", cost.memory_kib},
        {"passes", cost.passes},
        {"salt", base64_encode(salt)},
        {"cipher", cipher},
        {"box", base64_encode(aead_seal(*key, authenticated(context, cost, salt), text))}});
}

Result<std::string> open_text(std::string_view passphrase, std::string_view context,
                              const json::Value& sealed) {
    const std::string* salt_text = text_in(sealed, "salt");
    const std::string* box_text = text_in(sealed, "box");
    const std::string* kdf_name = text_in(sealed, "kdf");
    const std::string* cipher_name = text_in(sealed, "cipher");
    const auto salt = salt_text ? base64_decode(*salt_text) : std::nullopt;
    const auto box = box_text ? base64_decode(*box_text) : std::nullopt;
    if (!salt || salt->size() != passphrase_salt_bytes || !box || !kdf_name || *kdf_name != kdf ||
        !cipher_name || *cipher_name != cipher) {
        return fail(ErrorCode::invalid_argument, "what is sealed is not in a form that is known");
    }
    const PassphraseCost cost{.memory_kib = number_in(sealed, "memory_kib"),
                              .passes = number_in(sealed, "passes")};
    if (cost.memory_kib < 8 || cost.memory_kib > limits::sealed_memory_kib_max || cost.passes < 1 ||
        cost.passes > limits::sealed_passes_max) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("to open what is sealed takes {} KiB and {} passes; at most {} and "
                                "{} are accepted",
                                cost.memory_kib, cost.passes, limits::sealed_memory_kib_max,
                                limits::sealed_passes_max));
    }
    const auto key = passphrase_key(passphrase, *salt, cost);
    auto text = key ? aead_open(*key, authenticated(context, cost, *salt), *box) : std::nullopt;
    if (text) return std::move(*text);
    return fail(ErrorCode::invalid_argument,
                "what is sealed does not open: the passphrase is another one, or the file was "
                "changed");
}

}  // namespace postrider::cli
