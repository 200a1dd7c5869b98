#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/config.h"
#include "config/shown.h"
#include "http/server.h"

namespace postrider::net {
struct EgressPolicy;
struct EgressProxy;
}  // namespace postrider::net

namespace postrider::app {

/// The whole server: the composition root, and the only place that knows every part.
class Server {
 public:
    virtual ~Server() = default;
    /// Starts delivering, then listening. Errors: unavailable, one sentence.
    virtual Result<void> start() = 0;
    /// Accepts nothing more, lets requests and attempts in progress end until `deadline`, closes
    /// the store. What was not delivered is delivered after the next start.
    virtual void stop(Monotonic deadline) = 0;
    virtual std::uint16_t port() const = 0;
    /// Where /metrics alone is served; 0: nowhere.
    virtual std::uint16_t metrics_port() const = 0;
    /// Reads certificate and key again when their files have changed, or when `asked` by somebody.
    /// What cannot be used is told in the log, and the old ones stay. Thread-safety: the caller of
    /// start().
    virtual void refresh_certificate(bool asked) = 0;
    /// Takes what it can of a configuration that was read again, but for the log's options, and
    /// says what has changed and what needs a start. nullopt: nothing changed; why is in the log
    /// and the metrics. Thread-safety: the caller of start().
    virtual std::optional<config::Reload> reload(const Result<config::Config>& fresh) = 0;
    /// Whether the threads of the API and of delivering have done what they were asked at the last
    /// call; asks them again. Thread-safety: the caller of start().
    virtual bool is_responsive() = 0;
    /// After the first start: where the administrator's password can be set, a URL; else empty.
    virtual std::string first_link() const = 0;
    virtual const std::vector<http::Route>& routes() const = 0;
};

/// Which addresses webhooks may be sent to. Errors: invalid_argument, one sentence.
Result<std::shared_ptr<const net::EgressPolicy>> make_policy(const config::Config& config);

/// What everything to receivers is sent through; nullopt: nothing. Errors: invalid_argument,
/// unavailable (its credentials cannot be read), one sentence.
Result<std::optional<net::EgressProxy>> make_proxy(const config::Config& config);

/// Makes the folder, opens vault and store, loads what is kept in memory. Nothing listens and
/// nothing is sent yet. Errors: one sentence each, for the one who started it.
Result<std::unique_ptr<Server>> make_server(const config::Config& config);

}  // namespace postrider::app
