#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "net/ip_address.h"

struct ares_channeldata;

namespace postrider::net {

/// What the name servers said about one name and one family.
struct AresAnswer {
    enum class Status { ok, no_name, no_address, timeout, failed, cancelled };
    Status status = Status::failed;
    std::vector<IpAddress> addresses;
    Duration ttl{0};
    std::string detail;  ///< c-ares's words when the status says too little
};

/// A c-ares channel driven by Asio: its sockets by readiness, its timeouts by a timer.
/// Thread-safety: the loop's thread.
class AresChannel {
 public:
    using Done = std::function<void(AresAnswer)>;

    AresChannel(boost::asio::io_context& context, const std::string& servers);
    /// Answers what is under way as `cancelled`.
    ~AresChannel();
    AresChannel(const AresChannel&) = delete;
    AresChannel& operator=(const AresChannel&) = delete;

    /// Why nothing can be asked; empty when all is well.
    const std::string& broken() const { return broken_; }
    /// `family` is AF_INET or AF_INET6. `done` may be called before this returns.
    void ask(const std::string& host, int family, Done done);

 private:
    struct Socket;
    void on_socket_state(int fd, int readable, int writable);
    void wait(const std::shared_ptr<Socket>& socket);
    void on_ready(const std::shared_ptr<Socket>& socket, int read_fd, int write_fd);
    void set_timer();

    boost::asio::io_context& context_;
    ares_channeldata* channel_ = nullptr;
    std::string broken_;
    std::unordered_map<int, std::shared_ptr<Socket>> sockets_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<AresChannel*> self_;  ///< a handler on its way may outlive this
};

}  // namespace postrider::net
