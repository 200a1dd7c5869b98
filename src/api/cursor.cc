#include "api/cursor.h"

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::api {

namespace {

// 1 byte of format, the id, and so much of SHA-256(scope, id).
constexpr char format = 1;
constexpr std::size_t id_bytes = 16;
constexpr std::size_t digest_bytes = 8;

std::string digest(std::string_view scope, const Uuid& last) {
    std::string text(scope);
    text += '\0';
    text += last.view();
    return sha256(text).substr(0, digest_bytes);
}

}  // namespace

std::string make_cursor(std::string_view scope, const Uuid& last) {
    std::string raw(1, format);
    raw += last.view();
    raw += digest(scope, last);
    return base64url_encode(raw);
}

std::optional<Uuid> read_cursor(std::string_view scope, std::string_view cursor) {
    const auto raw = base64url_decode(cursor);
    if (!raw || raw->size() != 1 + id_bytes + digest_bytes || raw->front() != format) {
        return std::nullopt;
    }
    const std::string_view bytes = *raw;
    const Uuid last = Uuid::from_bytes(bytes.substr(1, id_bytes));
    if (bytes.substr(1 + id_bytes) != digest(scope, last)) return std::nullopt;
    return last;
}

}  // namespace postrider::api
