#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace postrider::net {

/// What a request brings to its TLS handshake beside the sender's own, as PEM. Immutable.
struct ClientTls {
    std::string authorities;  ///< trusted instead of the sender's; "" for those
    std::string certificate;  ///< shown to a receiver that asks; its issuers follow it; "" for none
    std::string key;          ///< of `certificate`
    std::string digest;       ///< of all three: connections and TLS sessions are kept apart by it
};
std::shared_ptr<const ClientTls> make_client_tls(std::string authorities, std::string certificate,
                                                 std::string key);

// What people give as PEM. Each reader answers with the blocks alone, in one form: text between
// them, and how lines end, make no difference. Errors: invalid_argument, the end of a sentence.

/// Certificates to trust. Bounds: limits::tls_authorities_bytes_max, tls_authorities_max.
Result<std::string> read_authorities(std::string_view pem);
/// A certificate and those that issued it, in this order. Bounds: limits::tls_chain_*_max.
Result<std::string> read_certificate_chain(std::string_view pem);
/// A key without a passphrase: RSA of 2048 to 4096 bits, ECDSA on P-256, P-384 or P-521, or
/// Ed25519; others would cost too much time in each handshake, or are not safe.
Result<std::string> read_private_key(std::string_view pem);
/// Whether `key` is that of the first certificate, and the system's OpenSSL takes both. Requires:
/// both were read.
Result<void> check_pair(const std::string& certificate, const std::string& key);

/// What people want to know of a certificate.
struct CertificateFacts {
    std::string subject;  ///< "CN=shop,O=Example", printable ASCII; at most 256 bytes
    Timestamp expires_at;
};
/// Of the first one. Requires: it was read.
CertificateFacts facts_of(const std::string& certificate);

}  // namespace postrider::net
