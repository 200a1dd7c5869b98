#include "net/connection.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "model/limits.h"

namespace postrider::net {
namespace {

using Status = IoResult::Status;

socklen_t fill_address(sockaddr_storage& storage, const IpAddress& address, std::uint16_t port) {
    if (address.is_v6) {
        auto& to = reinterpret_cast<sockaddr_in6&>(storage);
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(port);
        std::memcpy(&to.sin6_addr, address.bytes.data(), 16);
        return sizeof to;
    }
    auto& to = reinterpret_cast<sockaddr_in&>(storage);
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    std::memcpy(&to.sin_addr, address.bytes.data(), 4);
    return sizeof to;
}

IoResult failed_with(int error) { return {Status::failed, 0, error}; }

bool is_again(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

std::string peer_name(const IpAddress& address, std::uint16_t port) {
    return address.is_v6 ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

Connection::Connection(boost::asio::io_context& context, std::string key,
                       std::shared_ptr<const EgressPolicy> policy)
    : descriptor_(context), key_(std::move(key)), policy_(std::move(policy)) {}

Connection::~Connection() {
    // The closing alert; also, OpenSSL holds a session whose connection just broke off for unsafe.
    if (is_tls_intact_) {
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ssl_.reset();
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

IoResult Connection::connect(const IpAddress& address, std::uint16_t port, Monotonic now) {
    peer_ = address;
    peer_text_ = peer_name(address, port);
    opened_at_ = now;
    fd_ = socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return failed_with(errno);
    boost::system::error_code error;
    descriptor_.assign(fd_, error);
    if (error) {
        close(fd_);
        return failed_with(ENFILE);  // the kernel's bound on watched descriptors
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_storage to{};
    const auto size = fill_address(to, address, port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), size) == 0) return {};
    return errno == EINPROGRESS ? IoResult{Status::wants_write, 0, 0} : failed_with(errno);
}

void Connection::set_far_end(const IpAddress& address, std::uint16_t port) {
    peer_ = address;
    peer_text_ = peer_name(address, port);
}

IoResult Connection::finish_connect() {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    return error == 0 ? IoResult{} : failed_with(error);
}

bool Connection::start_tls(TlsContext& context, const TlsContext::Order& order) {
    ssl_ = context.make(order, key_, fd_);
    return ssl_ != nullptr;
}

IoResult Connection::tls_result(int returned) {
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return {Status::wants_read, 0, 0};
        case SSL_ERROR_WANT_WRITE:
            return {Status::wants_write, 0, 0};
        case SSL_ERROR_ZERO_RETURN:
            return {Status::closed, 0, 0};
        case SSL_ERROR_SYSCALL:
            is_tls_intact_ = false;
            return failed_with(errno);
        default:
            is_tls_intact_ = false;
            return failed_with(0);
    }
}

IoResult Connection::handshake() {
    ERR_clear_error();
    errno = 0;
    const int returned = SSL_do_handshake(ssl_.get());
    is_tls_intact_ = returned == 1;
    return returned == 1 ? IoResult{} : tls_result(returned);
}

IoResult Connection::read(std::span<char> into) {
    if (is_tls()) {
        ERR_clear_error();
        errno = 0;
        const int count = SSL_read(ssl_.get(), into.data(), static_cast<int>(into.size()));
        return count > 0 ? IoResult{Status::done, static_cast<std::size_t>(count), 0}
                         : tls_result(count);
    }
    const auto count = recv(fd_, into.data(), into.size(), 0);
    if (count > 0) return {Status::done, static_cast<std::size_t>(count), 0};
    if (count == 0) return {Status::closed, 0, 0};
    return is_again(errno) ? IoResult{Status::wants_read, 0, 0} : failed_with(errno);
}

IoResult Connection::write(std::string_view head, std::string_view body, std::size_t offset) {
    if (is_tls()) return write_tls(head, body, offset);
    const auto from_head = std::min(offset, head.size());
    const auto from_body = offset - from_head;
    iovec parts[] = {{const_cast<char*>(head.data()) + from_head, head.size() - from_head},
                     {const_cast<char*>(body.data()) + from_body, body.size() - from_body}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const auto count = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (count >= 0) return {Status::done, static_cast<std::size_t>(count), 0};
    return is_again(errno) ? IoResult{Status::wants_write, 0, 0} : failed_with(errno);
}

/// One record at a time; the head and the begin of the body share the first. A repeated call makes
/// the same bytes from the same offset, as OpenSSL requires.
IoResult Connection::write_tls(std::string_view head, std::string_view body, std::size_t offset) {
    std::string joined;
    std::string_view piece;
    if (offset < head.size()) {
        joined = head.substr(offset);
        if (joined.size() < limits::tls_write_bytes_max) {
            joined += body.substr(0, limits::tls_write_bytes_max - joined.size());
        }
        piece = joined;
    } else {
        piece = body.substr(offset - head.size(), limits::tls_write_bytes_max);
    }
    ERR_clear_error();
    errno = 0;
    const int count = SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    return count > 0 ? IoResult{Status::done, static_cast<std::size_t>(count), 0}
                     : tls_result(count);
}

bool Connection::is_quiet() const {
    if (is_tls() && SSL_has_pending(ssl_.get()) != 0) return false;
    char byte;
    const auto count = recv(fd_, &byte, 1, MSG_PEEK);
    return count < 0 && is_again(errno);
}

}  // namespace postrider::net
