#include "app/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>

namespace postrider::app {
namespace {

std::int64_t number(const char* text) {
    std::int64_t value = 0;
    if (text != nullptr) std::from_chars(text, text + std::strlen(text), value);
    return value;
}

}  // namespace

ServiceManager::ServiceManager(const config::Environment& environment) {
    const char* path = environment("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
    address_ = path;
    if (address_.size() >= sizeof(sockaddr_un::sun_path)) {
        address_.clear();
        return;
    }
    if (address_[0] == '@') address_[0] = '\0';
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char* process = environment("WATCHDOG_PID");
    if (process == nullptr || number(process) == ::getpid()) {
        watchdog_ = std::chrono::microseconds(number(environment("WATCHDOG_USEC")));
    }
}

ServiceManager::~ServiceManager() {
    if (socket_ >= 0) ::close(socket_);
}

void ServiceManager::ready(std::string_view status) {
    tell(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::reloading(Monotonic now) {
    using std::chrono::duration_cast;
    const auto since = duration_cast<std::chrono::microseconds>(now.time_since_epoch());
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", since.count()));
}

void ServiceManager::stopping() { tell("STOPPING=1\nSTATUS=Attempts in flight end."); }

void ServiceManager::alive() {
    if (watchdog_ > Duration{}) tell("WATCHDOG=1");
}

void ServiceManager::tell(const std::string& message) const {
    if (address_.empty() || socket_ < 0) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    // A manager that takes nothing is no reason to stop.
    static_cast<void>(::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&to), length));
}

}  // namespace postrider::app
