#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/principal.h"
#include "base/clock.h"
#include "base/random.h"
#include "http/server.h"
#include "model/limits.h"
#include "store/store.h"

namespace postrider::access {
class ApiKeys;
}
namespace postrider::delivery {
class Engine;
}
namespace postrider::directory {
class Directory;
class Logins;
class ResetRequests;
}  // namespace postrider::directory
namespace postrider::events {
class Publisher;
}
namespace postrider::feed {
class Feed;
}
namespace postrider::net {
class EventLoop;
class Resolver;
struct EgressPolicy;
}  // namespace postrider::net
namespace postrider::webhooks {
class Recoveries;
class Webhooks;
}  // namespace postrider::webhooks

namespace postrider::api {

struct Settings {
    std::size_t payload_bytes_max = limits::payload_bytes_max_default;
    std::string version;  ///< "0.1.0"
    /// "http://127.0.0.1:8080": the only source of absolute URLs and of the Origin check, never
    /// Host.
    std::function<std::string()> origin;
};

/// What handlers work with; made by the composition root. Lifetime: outlives the HTTP server.
struct Context {
    /// For what belongs to no realm. A handler uses Call::store.
    store::Store& whole_store;
    events::Publisher& publisher;
    feed::Feed& feed;
    webhooks::Webhooks& webhooks;
    webhooks::Recoveries& recoveries;  ///< proceed() after the commit of a new one
    delivery::Engine& engine;
    access::ApiKeys& access;
    directory::Directory& directory;
    directory::Logins& logins;
    directory::ResetRequests& reset_requests;
    const Clock& clock;
    Random& random;  ///< any thread
    /// Look-ups for webhooks/check: post to the loop, resolve there.
    net::EventLoop& resolver_loop;
    net::Resolver& resolver;
    std::shared_ptr<const net::EgressPolicy> egress_policy;
    std::function<std::string()> metrics_text;  ///< Prometheus' exposition format
    Settings settings;
};

/// A route file is one function like this, in routes.h; its handlers are made by handle() (call.h),
/// which authenticates, resolves {realm} and checks the operation's permission (operations.h).
using RouteList = std::vector<http::Route>;

}  // namespace postrider::api
