#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "net/client_tls.h"
#include "net/http_sender.h"
#include "net/openssl_pointers.h"
#include "net/tls_offer.h"
#include "net/url.h"

namespace postrider::net {

/// The client's side of TLS: 1.2 or newer unless a caller offers less, certificates always verified
/// against the host, sessions resumed by a key that callers choose. Thread-safety: one thread.
/// Lifetime: outlives every SSL it makes.
class TlsContext {
 public:
    /// `ca_file`: a PEM bundle to trust instead of the system's; empty: the system's.
    explicit TlsContext(std::string ca_file);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// Why no TLS is possible at all, such as an unreadable `ca_file`; empty when it is. The first
    /// call reads the authorities (30 to 90 ms for the system's), so that a start does not wait for
    /// it.
    const std::string& broken();
    struct Order {
        const Url& url;
        TlsOffer offer = TlsOffer::current;
        const ClientTls* client = nullptr;  ///< nullptr: the sender's authorities, no certificate
    };
    /// A client for the order on a connected, non-blocking socket; nullptr when memory has run out,
    /// the system's OpenSSL has no such TLS, or does not take the client's certificate. `key`
    /// names the session to resume (of an outdated offer: none) and outlives the SSL. Requires:
    /// broken() was asked and is empty, or the order has authorities of its own.
    std::unique_ptr<SSL, SslDeleter> make(const Order& order, const std::string& key, int fd);
    /// After TLS failed, in the handshake or later: why, in words; and its session is not tried
    /// again.
    std::string explain_failure(SSL* ssl, const std::string& key);
    /// Certificates must have these from now on; none: the system's, read at the next call of
    /// broken().
    void set_authorities(const Authorities& authorities);
    /// Whether the authorities are still those that `ssl` was made with.
    bool is_current(const SSL* ssl) const;

 private:
    static int on_new_session(SSL* ssl, SSL_SESSION* session);
    void load_authorities();

    std::unique_ptr<BIO_METHOD, SslDeleter> socket_method_;
    std::unique_ptr<SSL_CTX, SslDeleter> context_;
    std::unordered_map<std::string, std::unique_ptr<SSL_SESSION, SslDeleter>> sessions_;
    std::string ca_file_;
    bool is_loaded_ = false;
    std::string broken_;
    std::uintptr_t authorities_number_ = 0;  ///< which ones these are: it goes up with each change
};

}  // namespace postrider::net
