#include "feed/position.h"

#include "base/big_endian.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::feed {
namespace {

// 1 byte of format, 8 of the transaction, 16 of the id, 8 of the time (microseconds), big endian;
// so much of the realm's id, and of SHA-256 of all that.
constexpr char format = 1;
constexpr std::size_t id_bytes = 16;
constexpr std::size_t realm_bytes = 4;
constexpr std::size_t digest_bytes = 4;
constexpr std::size_t id_at = 1 + big_endian_bytes;
constexpr std::size_t time_at = id_at + id_bytes;
constexpr std::size_t realm_at = time_at + big_endian_bytes;
constexpr std::size_t digest_at = realm_at + realm_bytes;

/// The random part of the id.
std::string_view tag_of(const RealmId& realm) {
    return realm.view().substr(id_bytes - realm_bytes);
}

std::string digest_of(std::string_view raw) { return sha256(raw).substr(0, digest_bytes); }

}  // namespace

std::string encode(const RealmId& realm, const Position& position) {
    std::string raw(1, format);
    raw.reserve(digest_at + digest_bytes);
    append_big_endian(raw, position.place.tx);
    raw += position.place.id.view();
    append_big_endian(raw, to_micros(position.seen_at));
    raw += tag_of(realm);
    raw += digest_of(raw);
    return base64url_encode(raw);
}

std::optional<Decoded> decode(const RealmId& realm, std::string_view text) {
    const auto raw = base64url_decode(text);
    if (!raw || raw->size() != digest_at + digest_bytes || raw->front() != format) {
        return std::nullopt;
    }
    const std::string_view all(*raw);
    if (all.substr(digest_at) != digest_of(all.substr(0, digest_at))) return std::nullopt;
    return Decoded{.position = {.place = {read_big_endian(all.substr(1)),
                                          Uuid::from_bytes(all.substr(id_at, id_bytes))},
                                .seen_at = from_micros(read_big_endian(all.substr(time_at)))},
                   .is_of_realm = all.substr(realm_at, realm_bytes) == tag_of(realm)};
}

}  // namespace postrider::feed
