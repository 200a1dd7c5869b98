#include "app/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include "app/beat.h"

namespace postrider::app {
namespace {

using Variables = std::map<std::string, std::string>;

config::Environment environment(Variables variables) {
    return [variables = std::move(variables)](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
}

/// The other end of the socket, in the abstract name space: nothing is left of it.
class Manager {
 public:
    Manager() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + 1, name_.data(), name_.size());
        const auto length =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    }
    ~Manager() { ::close(socket_); }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    std::string name() const { return "@" + name_; }
    /// The next message; empty: there is none.
    std::string next() const {
        char buffer[512];
        const auto count = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
        return count <= 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
    }

 private:
    std::string name_ = "postrider_test_" + std::to_string(::getpid());
    int socket_ = ::socket(AF_UNIX, SOCK_DGRAM, 0);
};

TEST(service_manager, says_how_it_is) {
    Manager manager;
    ServiceManager service(environment({{"NOTIFY_SOCKET", manager.name()},
                                        {"WATCHDOG_USEC", "30000000"},
                                        {"WATCHDOG_PID", std::to_string(::getpid())}}));
    EXPECT_EQ(service.alive_interval(), 10s);
    service.ready("It listens.");
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=It listens.");
    service.alive();
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    service.reloading(Monotonic{1500ms});
    EXPECT_EQ(manager.next(), "RELOADING=1\nMONOTONIC_USEC=1500000");
    service.stopping();
    EXPECT_TRUE(manager.next().starts_with("STOPPING=1\n"));
}

TEST(service_manager, without_a_watchdog_nothing_is_said_to_it) {
    Manager manager;
    ServiceManager service(environment(
        {{"NOTIFY_SOCKET", manager.name()}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}));
    EXPECT_EQ(service.alive_interval(), 0s);
    service.alive();
    EXPECT_EQ(manager.next(), "");
}

TEST(service_manager, without_a_socket_it_is_silent) {
    for (const char* path : {"", "relative", "vsock:2:9999"}) {
        ServiceManager service(environment({{"NOTIFY_SOCKET", path}, {"WATCHDOG_USEC", "9000"}}));
        EXPECT_EQ(service.alive_interval(), 0s) << path;
        service.ready("");
    }
    ServiceManager gone(environment({{"NOTIFY_SOCKET", "/nowhere/at/all"}}));
    gone.ready("");
}

TEST(beat, a_thread_that_hangs_is_seen_until_it_turns_again) {
    std::function<void()> task;
    Beat beat([&](std::function<void()> posted) { task = std::move(posted); });
    EXPECT_TRUE(beat.answered()) << "nothing was asked yet";
    EXPECT_FALSE(beat.answered());
    task();
    EXPECT_TRUE(beat.answered());
    EXPECT_FALSE(beat.answered());
}

}  // namespace
}  // namespace postrider::app
