#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

struct ssl_ctx_st;
struct ssl_st;

namespace postrider::http {

struct TlsFiles {
    std::string certificate;  ///< PEM: the server's own certificate first, then its chain
    std::string key;          ///< PEM, without a passphrase
    bool operator==(const TlsFiles&) const = default;
};

/// A certificate chain with its key, ready to serve: TLS 1.2 or newer. Immutable. Thread-safety:
/// any thread.
class TlsIdentity {
 public:
    /// Errors: unavailable, one sentence that names the file and the way out. An expired
    /// certificate is no error here, see valid_to().
    static Result<std::shared_ptr<const TlsIdentity>> load(const TlsFiles& files);
    explicit TlsIdentity(ssl_ctx_st* context);  ///< takes it
    ~TlsIdentity();
    TlsIdentity(const TlsIdentity&) = delete;
    TlsIdentity& operator=(const TlsIdentity&) = delete;

    Timestamp valid_from() const;
    Timestamp valid_to() const;
    ssl_ctx_st* context() const { return context_; }

 private:
    ssl_ctx_st* const context_;
};

/// The server's side of TLS on one connected, non-blocking socket. Never blocks: it says what the
/// socket must be ready for. It keeps what it needs of its identity. Thread-safety: one thread.
class TlsSession {
 public:
    enum class Need {
        nothing,     ///< done, as far as told
        readable,    ///< again when the socket is
        writable,    ///< again when the socket is
        closed,      ///< the peer has ended it, or broke the protocol: nothing more can be done
        plain_http,  ///< of the handshake: the peer speaks HTTP without TLS
    };
    struct Progress {
        Need need = Need::nothing;
        std::size_t bytes = 0;  ///< more than 0 when nothing is needed
    };

    /// `descriptor` outlives it.
    TlsSession(const TlsIdentity& identity, int descriptor);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    Need shake_hands();
    Progress read(std::span<char> room);
    /// A part of `bytes` may be taken. After a Need the same bytes come again, at any address.
    Progress write(std::string_view bytes);
    /// Whether read() may have something though the socket is not readable.
    bool has_buffered() const;
    /// Says that nothing more comes, if that can be said now.
    void shut_down();

 private:
    Need explain(int result);

    ssl_st* const ssl_;
    bool is_broken_ = false;
};

}  // namespace postrider::http
