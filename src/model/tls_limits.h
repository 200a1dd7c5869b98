#pragma once

#include <cstddef>

/// The bounds of what webhooks bring to TLS (net/client_tls.h). It is parsed in each handshake, on
/// the engine's thread: 16 KiB of certificates take some 0.5 ms, less than the handshake itself.
namespace postrider::limits {

inline constexpr std::size_t tls_authorities_bytes_max = 16 * 1024;
inline constexpr std::size_t tls_authorities_max = 16;
inline constexpr std::size_t tls_chain_bytes_max = 16 * 1024;
inline constexpr std::size_t tls_chain_certificates_max = 8;
inline constexpr std::size_t tls_key_bytes_max = 8 * 1024;  ///< RSA of 4096 bits has 3.3 KiB

/// Of an RSA key. A signature takes time with the third power of them: 4 ms for 4096.
inline constexpr int tls_rsa_bits_min = 2048;
inline constexpr int tls_rsa_bits_max = 4096;

/// Of a certificate's subject, as it is shown.
inline constexpr std::size_t tls_subject_bytes_max = 256;

/// An egress proxy's user name and password.
inline constexpr std::size_t proxy_credentials_bytes_max = 1024;

}  // namespace postrider::limits
