#pragma once

namespace postrider::net {

/// What a client offers in the handshake.
enum class TlsOffer {
    current,   ///< TLS 1.2 and newer
    outdated,  ///< TLS 1.0 and 1.1 alone, which a receiver refuses (RFC 8996); to test that it does
};

}  // namespace postrider::net
