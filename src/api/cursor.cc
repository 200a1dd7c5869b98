#include "api/cursor.h"

#include "base/big_endian.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::api {

namespace {

// 1 byte of format, the position, and so much of SHA-256(scope, position). The position is an id,
// or the 8 bytes of a time (microseconds, big endian) and an id.
constexpr char format = 1;
constexpr char timed_format = 2;
constexpr std::size_t id_bytes = 16;
constexpr std::size_t digest_bytes = 8;

std::string digest(std::string_view scope, std::string_view position) {
    std::string text(scope);
    text += '\0';
    text += position;
    return sha256(text).substr(0, digest_bytes);
}

std::string encode(char kind, std::string_view scope, std::string_view position) {
    std::string raw(1, kind);
    raw += position;
    raw += digest(scope, position);
    return base64url_encode(raw);
}

std::optional<std::string> decode(char kind, std::string_view scope, std::string_view cursor) {
    const std::size_t size = kind == timed_format ? big_endian_bytes + id_bytes : id_bytes;
    const auto raw = base64url_decode(cursor);
    if (!raw || raw->size() != 1 + size + digest_bytes || raw->front() != kind) {
        return std::nullopt;
    }
    std::string position = raw->substr(1, size);
    if (raw->substr(1 + size) != digest(scope, position)) return std::nullopt;
    return position;
}

}  // namespace

std::string make_cursor(std::string_view scope, const Uuid& last) {
    return encode(format, scope, last.view());
}

std::optional<Uuid> read_cursor(std::string_view scope, std::string_view cursor) {
    const auto position = decode(format, scope, cursor);
    if (!position) return std::nullopt;
    return Uuid::from_bytes(*position);
}

std::string make_timed_cursor(std::string_view scope, const TimedPosition& last) {
    std::string position;
    append_big_endian(position, to_micros(last.at));
    position += last.id.view();
    return encode(timed_format, scope, position);
}

std::optional<TimedPosition> read_timed_cursor(std::string_view scope, std::string_view cursor) {
    const auto position = decode(timed_format, scope, cursor);
    if (!position) return std::nullopt;
    return TimedPosition{
        .at = from_micros(read_big_endian(*position)),
        .id = Uuid::from_bytes(std::string_view(*position).substr(big_endian_bytes))};
}

}  // namespace postrider::api
