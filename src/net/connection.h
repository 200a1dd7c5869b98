#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "net/egress_policy.h"
#include "net/ip_address.h"
#include "net/tls_context.h"

namespace postrider::net {

/// What a non-blocking call came to.
struct IoResult {
    enum class Status { done, wants_read, wants_write, closed, failed };
    Status status = Status::done;
    std::size_t bytes = 0;
    int error = 0;  ///< errno, of `failed`; 0 when TLS failed
};

/// One outgoing TCP connection, perhaps with TLS. It does one system call or TLS step at a time;
/// the caller waits for readiness in between. Thread-safety: the loop's thread.
class Connection {
 public:
    /// `key`: requests with the same one may use it, one after the other (SendAttempt's pool_key).
    Connection(boost::asio::io_context& context, std::string key,
               std::shared_ptr<const EgressPolicy> policy);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Starts to connect: done, wants_write, or failed. Requires: the policy passes `address`.
    IoResult connect(const IpAddress& address, std::uint16_t port, Monotonic now);
    /// It is a tunnel through what it connects to: this is the peer. Requires: the policy passes
    /// `address`.
    void set_far_end(const IpAddress& address, std::uint16_t port);
    /// Once it is writable: done or failed.
    IoResult finish_connect();
    /// Requires: connected. False as TlsContext::make() says.
    bool start_tls(TlsContext& context, const TlsContext::Order& order);
    IoResult handshake();
    /// Why the handshake, or TLS after it, failed.
    std::string explain_failure(TlsContext& context) {
        return context.explain_failure(ssl_.get(), key_);
    }

    IoResult read(std::span<char> into);
    /// Writes what follows the first `offset` bytes of head and body, as much as goes at once.
    IoResult write(std::string_view head, std::string_view body, std::size_t offset);
    /// Whether an unused connection is as it was left: the peer neither closed it nor sent more.
    bool is_quiet() const;

    template <typename Handler>
    void wait_read(Handler handler) {
        descriptor_.async_wait(Descriptor::wait_read, std::move(handler));
    }
    template <typename Handler>
    void wait_write(Handler handler) {
        descriptor_.async_wait(Descriptor::wait_write, std::move(handler));
    }

    bool is_tls() const { return ssl_ != nullptr; }
    /// Whether a handshake of today would go by the same authorities.
    bool is_trusted_by(const TlsContext& context) const {
        return !is_tls() || context.is_current(ssl_.get());
    }
    const std::string& key() const { return key_; }
    const std::shared_ptr<const EgressPolicy>& policy() const { return policy_; }
    const IpAddress& peer() const { return peer_; }
    const std::string& peer_text() const { return peer_text_; }
    Monotonic opened_at() const { return opened_at_; }

 private:
    using Descriptor = boost::asio::posix::stream_descriptor;
    IoResult write_tls(std::string_view head, std::string_view body, std::size_t offset);
    IoResult tls_result(int returned);

    Descriptor descriptor_;
    int fd_ = -1;
    std::unique_ptr<SSL, SslDeleter> ssl_;
    bool is_tls_intact_ = false;  ///< the handshake is done and no error came: say goodbye
    std::string key_;
    std::shared_ptr<const EgressPolicy> policy_;
    IpAddress peer_;
    std::string peer_text_;
    Monotonic opened_at_{};
};

/// "192.0.2.1:443", "[2001:db8::1]:443".
std::string peer_name(const IpAddress& address, std::uint16_t port);

}  // namespace postrider::net
