#include "directory/origin.h"

#include "base/encoding.h"
#include "net/ip_address.h"

namespace postrider::directory {

Origin origin_of(const std::string& address) {
    const auto parsed = net::IpAddress::parse(address);
    if (!parsed || !parsed->is_v6) return {.network = address, .group = address};
    const auto first = [&](std::size_t bytes) {
        return hex_encode({reinterpret_cast<const char*>(parsed->bytes.data()), bytes});
    };
    return {.network = first(8), .group = first(6)};
}

}  // namespace postrider::directory
