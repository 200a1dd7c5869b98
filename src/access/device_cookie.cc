#include "access/device_cookie.h"

#include "base/big_endian.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "model/limits.h"

namespace postrider::access {

namespace {

constexpr std::size_t id_bytes = 16;
constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t payload_bytes = 2 * id_bytes + big_endian_bytes + nonce_bytes;

}  // namespace

std::string DeviceCookies::make_nonce(Random& random) { return random.bytes(nonce_bytes); }

std::string DeviceCookies::sign(std::string_view payload) const {
    return hmac_sha256(secret_, {"device cookie 1:", payload});
}

std::string DeviceCookies::write(const Device& device) const {
    std::string payload;
    payload.append(device.realm.uuid.view()).append(device.user.uuid.view());
    append_big_endian(payload, to_micros(device.password_set_at));
    payload.append(device.nonce);
    const std::string mac = sign(payload);
    return base64url_encode(payload + mac);
}

std::optional<Device> DeviceCookies::read(std::string_view text) const {
    if (text.empty() || text.size() > limits::device_cookie_bytes_max) return std::nullopt;
    const auto bytes = base64url_decode(text);
    if (!bytes || bytes->size() != payload_bytes + mac_bytes) return std::nullopt;
    const std::string_view all = *bytes;
    const auto payload = all.substr(0, payload_bytes);
    if (!equal_in_constant_time(sign(payload), all.substr(payload_bytes))) return std::nullopt;
    return Device{.realm = RealmId{Uuid::from_bytes(payload.substr(0, id_bytes))},
                  .user = UserId{Uuid::from_bytes(payload.substr(id_bytes, id_bytes))},
                  .password_set_at = from_micros(read_big_endian(payload.substr(2 * id_bytes))),
                  .nonce = std::string(payload.substr(2 * id_bytes + big_endian_bytes))};
}

}  // namespace postrider::access
