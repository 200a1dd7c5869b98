#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/openssl_pointers.h"

namespace postrider::net {

/// A block of PEM, as it stands between its lines.
struct PemBlock {
    std::string label;  ///< "CERTIFICATE"
    std::string der;
    bool is_encrypted = false;  ///< by its header (RFC 1421); `der` is then no DER
};
/// All blocks of a text, at most `count_max`. Never asks for a passphrase.
/// Errors: invalid_argument, the end of a sentence.
Result<std::vector<PemBlock>> read_pem(std::string_view text, std::size_t count_max);
/// The same as text, with 64 columns.
std::string to_pem(const PemBlock& block);

/// nullptr when it is none, or something follows it.
SslPointer<X509> certificate_of(const std::string& der);
SslPointer<EVP_PKEY> key_of(const std::string& der);

// What was read is used in a handshake (client_tls.cc).

/// Shows this certificate to a peer that asks. Answers why it cannot, the end of a sentence about
/// the key; "" when it can.
std::string use_certificate(SSL* ssl, const std::string& certificate, const std::string& key);
/// Trusts these authorities and no others. False when memory has run out.
bool trust_authorities(SSL* ssl, const std::string& authorities);

}  // namespace postrider::net
