#pragma once

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace postrider::net {

/// One accepted connection of a Receiver, blocking, perhaps with TLS.
class Peer {
 public:
    Peer(int fd, SSL_CTX* tls) : fd_(fd) {
        if (tls == nullptr) return;
        ssl_ = SSL_new(tls);
        SSL_set_fd(ssl_, fd);
        is_ready_ = SSL_accept(ssl_) == 1;
    }
    ~Peer() {
        if (ssl_ != nullptr && is_ready_) SSL_shutdown(ssl_);
        SSL_free(ssl_);
        close(fd_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    bool is_ready() const { return is_ready_; }
    bool was_resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }

    /// The common name in the certificate that it showed; "" when it showed none.
    std::string client_name() const {
        X509* certificate = ssl_ != nullptr ? SSL_get0_peer_certificate(ssl_) : nullptr;
        if (certificate == nullptr) return "";
        char name[64] = "";
        X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                                  sizeof name);
        return name;
    }

    /// The next request, head and body; nullopt when the peer has closed.
    std::optional<std::string> read_request() {
        std::size_t wanted = std::string::npos;
        while (true) {
            const auto end = buffer_.find("\r\n\r\n");
            if (end != std::string::npos && wanted == std::string::npos) {
                const auto length = buffer_.find("Content-Length: ");
                wanted = end + 4 + std::stoul(buffer_.substr(length + 16));
            }
            if (buffer_.size() >= wanted) {
                auto request = buffer_.substr(0, wanted);
                buffer_.erase(0, wanted);
                return request;
            }
            if (!read_more()) return std::nullopt;
        }
    }
    /// What stands before an empty line, with that line: a request without a body.
    std::optional<std::string> read_head() {
        while (buffer_.find("\r\n\r\n") == std::string::npos) {
            if (!read_more()) return std::nullopt;
        }
        const auto end = buffer_.find("\r\n\r\n") + 4;
        auto head = buffer_.substr(0, end);
        buffer_.erase(0, end);
        return head;
    }
    /// From here on it is TLS. False when the handshake failed.
    bool start_tls(SSL_CTX* tls) {
        ssl_ = SSL_new(tls);
        SSL_set_fd(ssl_, fd_);
        is_ready_ = SSL_accept(ssl_) == 1;
        return is_ready_;
    }
    bool read_more() {
        char bytes[16384];
        const auto count = ssl_ != nullptr ? SSL_read(ssl_, bytes, sizeof bytes)
                                           : static_cast<int>(recv(fd_, bytes, sizeof bytes, 0));
        if (count <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    bool write(std::string_view text) {
        while (!text.empty()) {
            const auto count =
                ssl_ != nullptr
                    ? SSL_write(ssl_, text.data(), static_cast<int>(text.size()))
                    : static_cast<int>(send(fd_, text.data(), text.size(), MSG_NOSIGNAL));
            if (count <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    /// Stays silent until the other side closes.
    void wait_for_close() {
        while (read_more()) buffer_.clear();
    }
    /// Whether the other side closed, or sent, within the time.
    bool hears_within(int milliseconds) {
        pollfd wait{fd_, POLLIN, 0};
        return poll(&wait, 1, milliseconds) > 0;
    }
    /// Sends a FIN and can still read.
    void finish_writing() { shutdown(fd_, SHUT_WR); }
    /// Closes with a RST.
    void reset() {
        const linger hard{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }

 private:
    int fd_;
    SSL* ssl_ = nullptr;
    bool is_ready_ = true;
    std::string buffer_;
};

/// A server on loopback for tests: every connection runs the script on its own thread.
class Receiver {
 public:
    using Script = std::function<void(Peer&)>;

    explicit Receiver(Script script, SSL_CTX* tls = nullptr, const char* address = "127.0.0.1")
        : script_(std::move(script)), tls_(tls) {
        const bool is_v6 = std::string_view(address).find(':') != std::string_view::npos;
        fd_ = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_storage storage{};
        if (is_v6) {
            auto& to = reinterpret_cast<sockaddr_in6&>(storage);
            to.sin6_family = AF_INET6;
            inet_pton(AF_INET6, address, &to.sin6_addr);
        } else {
            auto& to = reinterpret_cast<sockaddr_in&>(storage);
            to.sin_family = AF_INET;
            inet_pton(AF_INET, address, &to.sin_addr);
        }
        socklen_t size = is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
        bind(fd_, reinterpret_cast<sockaddr*>(&storage), size);
        listen(fd_, 128);
        getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &size);
        port_ = ntohs(is_v6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                            : reinterpret_cast<sockaddr_in&>(storage).sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~Receiver() {
        is_stopping_ = true;
        shutdown(fd_, SHUT_RDWR);
        acceptor_.join();
        close(fd_);
        {
            MutexLock lock(mutex_);
            for (auto& worker : workers_) {
                if (worker.fd >= 0) shutdown(worker.fd, SHUT_RDWR);
            }
        }
        for (auto& worker : workers_) worker.thread.join();
    }
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    int port() const { return port_; }
    int connections() const { return connections_; }
    std::string url(const std::string& path = "/hook") const {
        return (tls_ == nullptr ? "http://127.0.0.1:" : "https://127.0.0.1:") +
               std::to_string(port_) + path;
    }

 private:
    struct Worker {
        std::thread thread;
        int fd = -1;
    };

    void accept_all() {
        while (true) {
            const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            ++connections_;
            MutexLock lock(mutex_);
            auto& worker = workers_.emplace_back();
            worker.fd = fd;
            worker.thread = std::thread([this, fd, &worker] {
                // OpenSSL's sockets raise SIGPIPE: here it is blocked, but not for the sender.
                sigset_t pipe;
                sigemptyset(&pipe);
                sigaddset(&pipe, SIGPIPE);
                pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
                auto peer = std::make_unique<Peer>(fd, tls_);
                if (peer->is_ready()) script_(*peer);
                MutexLock inner(mutex_);
                worker.fd = -1;
                peer.reset();  // under the lock, so that nobody shuts down another's descriptor
            });
        }
    }

    Script script_;
    SSL_CTX* tls_;
    int fd_ = -1;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<bool> is_stopping_ = false;
    Mutex mutex_;
    std::list<Worker> workers_;
    std::thread acceptor_;
};

}  // namespace postrider::net
