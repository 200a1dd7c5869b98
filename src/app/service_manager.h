#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "config/config.h"

namespace postrider::app {

/// Tells the service manager that started this process how it is: datagrams to the socket that
/// NOTIFY_SOCKET names. Without one nothing is sent. The manager's library would be a dependency
/// for four words. Source: sd_notify(3), "Notes" has the protocol. Thread-safety: one thread.
class ServiceManager {
 public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, once.
    explicit ServiceManager(const config::Environment& environment);
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// The start, or a reload, has come to its end. `status`: a line for people.
    void ready(std::string_view status);
    void reloading(Monotonic now);
    void stopping();
    /// For the watchdog, which kills a process that says nothing for longer than it allows.
    void alive();
    /// How often alive() must be said, with two spare; zero: nobody waits for it.
    Duration alive_interval() const { return watchdog_ / 3; }

 private:
    void tell(const std::string& message) const;

    std::string address_;  ///< of the socket, "@" as NUL; empty: there is none
    Duration watchdog_{};
    int socket_ = -1;
};

}  // namespace postrider::app
