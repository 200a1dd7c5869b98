#include "net/ares_channel.h"

#include <ares.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>
#include <utility>

#include "model/limits.h"

namespace postrider::net {
namespace {

AresAnswer::Status status_of(int code) {
    switch (code) {
        case ARES_SUCCESS:
            return AresAnswer::Status::ok;
        case ARES_ENOTFOUND:
            return AresAnswer::Status::no_name;
        case ARES_ENODATA:
            return AresAnswer::Status::no_address;
        case ARES_ETIMEOUT:
            return AresAnswer::Status::timeout;
        case ARES_EDESTRUCTION:
        case ARES_ECANCELLED:
            return AresAnswer::Status::cancelled;
        default:
            return AresAnswer::Status::failed;
    }
}

void add_node(AresAnswer& answer, const ares_addrinfo_node& node) {
    if (answer.addresses.size() >= limits::lookup_addresses_max) return;
    IpAddress address;
    if (node.ai_family == AF_INET) {
        const auto* from = reinterpret_cast<const sockaddr_in*>(node.ai_addr);
        std::memcpy(address.bytes.data(), &from->sin_addr, 4);
    } else if (node.ai_family == AF_INET6) {
        const auto* from = reinterpret_cast<const sockaddr_in6*>(node.ai_addr);
        std::memcpy(address.bytes.data(), &from->sin6_addr, 16);
        address.is_v6 = true;
    } else {
        return;
    }
    const Duration ttl = std::chrono::seconds(std::max(node.ai_ttl, 0));
    answer.ttl = answer.addresses.empty() ? ttl : std::min(answer.ttl, ttl);
    if (std::ranges::find(answer.addresses, address) == answer.addresses.end()) {
        answer.addresses.push_back(address);
    }
}

void on_answer(void* argument, int code, int /*timeouts*/, ares_addrinfo* info) {
    const std::unique_ptr<AresChannel::Done> done(static_cast<AresChannel::Done*>(argument));
    AresAnswer answer;
    answer.status = status_of(code);
    if (code != ARES_SUCCESS) answer.detail = ares_strerror(code);
    if (info != nullptr) {
        for (const auto* node = info->nodes; node != nullptr; node = node->ai_next) {
            add_node(answer, *node);
        }
        ares_freeaddrinfo(info);
    }
    if (code == ARES_SUCCESS && answer.addresses.empty()) {
        answer.status = AresAnswer::Status::no_address;
    }
    (*done)(std::move(answer));
}

}  // namespace

struct AresChannel::Socket {
    /// When the kernel has no room to watch it, its query runs into c-ares's timeout.
    Socket(boost::asio::io_context& context, int fd) : descriptor(context) {
        boost::system::error_code error;
        descriptor.assign(fd, error);
        is_open = !error;
    }
    boost::asio::posix::stream_descriptor descriptor;
    bool is_open = false;
    bool wants_read = false, wants_write = false;
    bool waits_read = false, waits_write = false;
};

AresChannel::AresChannel(boost::asio::io_context& context, const std::string& servers)
    : context_(context), timer_(context), self_(std::make_shared<AresChannel*>(this)) {
    ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    char lookups[] = "b";  // name servers only: the hosts file is read by HostsFile
    options.timeout = static_cast<int>(limits::lookup_try_timeout / 1ms);
    options.tries = limits::lookup_tries;
    options.lookups = lookups;
    options.sock_state_cb_data = this;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
        static_cast<AresChannel*>(self)->on_socket_state(fd, readable, writable);
    };
    int code = ares_init_options(
        &channel_, &options,
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (code != ARES_SUCCESS) {
        channel_ = nullptr;
        broken_ = std::string("the resolver could not start: ") + ares_strerror(code);
        return;
    }
    if (servers.empty()) return;
    code = ares_set_servers_ports_csv(channel_, servers.c_str());
    if (code != ARES_SUCCESS) {
        broken_ = "the list of name servers cannot be understood: " + servers;
    }
}

AresChannel::~AresChannel() {
    *self_ = nullptr;
    if (channel_ != nullptr) ares_destroy(channel_);
    ares_library_cleanup();
}

void AresChannel::ask(const std::string& host, int family, Done done) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    // c-ares would sort with a probing socket per address, of a list that a hostile server wrote.
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, new Done(std::move(done)));
    set_timer();
}

void AresChannel::on_socket_state(int fd, int readable, int writable) {
    auto& socket = sockets_[fd];
    if (readable == 0 && writable == 0) {
        // c-ares closes the descriptor itself, after this.
        if (socket != nullptr) {
            if (socket->is_open) socket->descriptor.release();
            socket->is_open = false;
        }
        sockets_.erase(fd);
        return;
    }
    if (*self_ == nullptr) return;
    if (socket == nullptr) socket = std::make_shared<Socket>(context_, fd);
    socket->wants_read = readable != 0;
    socket->wants_write = writable != 0;
    if (socket->is_open) wait(socket);
}

void AresChannel::wait(const std::shared_ptr<Socket>& socket) {
    using boost::asio::posix::stream_descriptor;
    if (socket->wants_read && !socket->waits_read) {
        socket->waits_read = true;
        socket->descriptor.async_wait(stream_descriptor::wait_read,
                                      [this, self = self_, socket](const auto& /*error*/) {
                                          socket->waits_read = false;
                                          if (*self == nullptr || !socket->is_open) return;
                                          const int fd = socket->descriptor.native_handle();
                                          on_ready(socket, fd, ARES_SOCKET_BAD);
                                      });
    }
    if (socket->wants_write && !socket->waits_write) {
        socket->waits_write = true;
        socket->descriptor.async_wait(stream_descriptor::wait_write,
                                      [this, self = self_, socket](const auto& /*error*/) {
                                          socket->waits_write = false;
                                          if (*self == nullptr || !socket->is_open) return;
                                          const int fd = socket->descriptor.native_handle();
                                          on_ready(socket, ARES_SOCKET_BAD, fd);
                                      });
    }
}

void AresChannel::on_ready(const std::shared_ptr<Socket>& socket, int read_fd, int write_fd) {
    const auto self = self_;
    ares_process_fd(channel_, read_fd, write_fd);
    if (*self == nullptr) return;
    if (socket->is_open) wait(socket);
    set_timer();
}

void AresChannel::set_timer() {
    timeval remaining{};
    if (ares_timeout(channel_, nullptr, &remaining) == nullptr) {
        timer_.cancel();
        return;
    }
    timer_.expires_after(std::chrono::seconds(remaining.tv_sec) +
                         std::chrono::microseconds(remaining.tv_usec));
    timer_.async_wait([this, self = self_](const boost::system::error_code& error) {
        if (error || *self == nullptr) return;
        ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        if (*self != nullptr) set_timer();
    });
}

}  // namespace postrider::net
