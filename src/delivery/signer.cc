#include "delivery/signer.h"

#include "base/crypto.h"
#include "base/encoding.h"

namespace postrider::delivery {
namespace {

void append_signature(std::string& out, const webhooks::SigningKey& key, std::string_view id,
                      std::string_view timestamp, std::string_view body) {
    if (key.scheme == SigningScheme::ferriskey) return;  // in a header of its own
    if (!out.empty()) out += ' ';
    switch (key.scheme) {
        case SigningScheme::v1:
            out += "v1,";
            out += base64_encode(hmac_sha256(key.key, {id, ".", timestamp, ".", body}));
            return;
        case SigningScheme::v1a: {
            std::string message;
            message.reserve(id.size() + timestamp.size() + body.size() + 2);
            message.append(id).append(".").append(timestamp).append(".").append(body);
            out += "v1a,";
            out += base64_encode(ed25519_sign(key.key, message));
            return;
        }
        case SigningScheme::ferriskey:
            return;
    }
}

}  // namespace

std::string sign(const webhooks::Target& target, std::string_view id, std::string_view timestamp,
                 std::string_view body, Timestamp now) {
    std::string signatures;
    for (const auto& key : target.keys) append_signature(signatures, key, id, timestamp, body);
    if (now < target.previous_expires_at) {
        for (const auto& key : target.previous_keys) {
            append_signature(signatures, key, id, timestamp, body);
        }
    }
    return signatures;
}

std::string sign_ferriskey(const webhooks::Target& target, std::string_view timestamp,
                           std::string_view body) {
    for (const auto& key : target.keys) {
        if (key.scheme != SigningScheme::ferriskey) continue;
        return hex_encode(hmac_sha256(key.key, {timestamp, ".", body}));
    }
    return {};
}

}  // namespace postrider::delivery
