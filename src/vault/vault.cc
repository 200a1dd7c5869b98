#include "vault/vault.h"

#include "base/crypto.h"

namespace postrider::vault {
namespace {

constexpr char format_1 = 1;

/// Fixed widths first, so no two places have the same context.
std::string context_of(const Place& place) {
    std::string context;
    context.reserve(32 + place.column.size());
    context.append(place.realm.view());
    context.append(place.row.view());
    context.append(place.column);
    return context;
}

}  // namespace

std::string_view key_id_of(std::string_view sealed) {
    if (sealed.size() < 2 || sealed[0] != format_1) return {};
    const auto length = static_cast<unsigned char>(sealed[1]);
    if (length == 0 || length > KeyRing::key_id_bytes_max || sealed.size() < 2u + length) return {};
    return sealed.substr(2, length);
}

std::string Vault::seal(const Place& place, std::string_view plaintext) const {
    const auto& key = ring_.primary();
    std::string sealed{format_1, static_cast<char>(key.id.size())};
    sealed += key.id;
    sealed += aead_seal(key.bytes, context_of(place), plaintext);
    return sealed;
}

Result<std::string> Vault::open(const Place& place, std::string_view sealed) const {
    const auto id = key_id_of(sealed);
    const Key* key = id.empty() ? nullptr : ring_.find(id);
    if (key == nullptr) {
        return fail(ErrorCode::corrupt, id.empty() ? "a sealed value has an unknown format"
                                                   : "a value was sealed with an unknown key");
    }
    auto plaintext = aead_open(key->bytes, context_of(place), sealed.substr(2 + id.size()));
    if (!plaintext) return fail(ErrorCode::corrupt, "a sealed value does not open in its place");
    return std::move(*plaintext);
}

bool Vault::is_sealed_by_primary(std::string_view sealed) const {
    return key_id_of(sealed) == ring_.primary().id;
}

}  // namespace postrider::vault
