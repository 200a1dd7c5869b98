#pragma once

#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cli/probe.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/url.h"

namespace postrider::cli {

/// Sends what a probe makes as deliveries are sent, to addresses that were looked up once.
/// Thread-safety: one thread; it has a loop on another one.
class ProbeSender {
 public:
    ProbeSender(net::Url url, std::string ca_file);
    ~ProbeSender();
    ProbeSender(const ProbeSender&) = delete;
    ProbeSender& operator=(const ProbeSender&) = delete;

    /// Where the URL's host is. Errors: unavailable, one sentence.
    Result<std::vector<net::IpAddress>> look_up();
    /// From now on requests go to these and nowhere else, whatever the host's name comes to mean.
    void confine_to(std::vector<net::IpAddress> addresses);
    /// Requires: confine_to() was called; there is a request.
    std::vector<ProbeAnswer> send_all(std::span<const ProbeRequest> requests);

 private:
    net::SendRequest to_send(const ProbeRequest& request) const;

    std::shared_ptr<const net::Url> url_;
    std::string ca_file_;
    std::shared_ptr<const net::EgressPolicy> policy_;
    const SystemClock clock_;
    net::EventLoop loop_{clock_};
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<net::HttpSender> sender_;
    std::thread thread_;
};

/// Whether it is this machine, reached by itself.
bool is_loopback(const net::IpAddress& address);

}  // namespace postrider::cli
