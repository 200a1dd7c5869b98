#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/time.h"
#include "model/ids.h"
#include "net/ip_address.h"

namespace postrider::net {

class EventLoop;

enum class LookupStatus {
    ok,
    failed,   ///< no such name, no address, a server's refusal
    timeout,  ///< no answer by the deadline
    busy,     ///< too many look-ups in flight, in all or of this realm: an internal outcome
};

struct Lookup {
    LookupStatus status = LookupStatus::failed;
    std::vector<IpAddress> addresses;  ///< IPv4 and IPv6, in the order to try
    std::string detail;                ///< one sentence when it is not ok
};

struct ResolverOptions {
    std::string servers;  ///< "192.0.2.1:53,[2001:db8::1]:53"; empty: /etc/resolv.conf
    std::string hosts_file = "/etc/hosts";  ///< asked before the servers
};

/// Resolves names by c-ares on the event loop; nothing here blocks the loop.
///
/// Look-ups of one name at one time are one query. Answers are kept for their TTL, clamped to
/// limits::lookup_ttl_min and _max; failures for lookup_ttl_min. A look-up that times out for its
/// caller goes on in the background until c-ares gives up, and counts as in flight until then.
/// `localhost` and what ends in it is loopback, and nobody is asked (RFC 6761).
/// Thread-safety: the loop's thread only. Lifetime: the loop outlives the resolver.
class Resolver {
 public:
    using Done = std::function<void(Lookup)>;
    virtual ~Resolver() = default;
    /// Calls `done` exactly once, on the loop's thread, possibly before it returns (cache).
    virtual void resolve(const RealmId& realm, const std::string& host, Monotonic deadline,
                         Done done) = 0;
    /// Queries that c-ares still works on.
    virtual std::size_t in_flight() const = 0;
    /// Ends every look-up with `failed`; later ones too.
    virtual void stop() = 0;
};

/// Servers that cannot be understood make every look-up fail, with a detail that says so.
std::unique_ptr<Resolver> make_resolver(EventLoop& loop, ResolverOptions options);

/// From now on these are asked, as ResolverOptions::servers has them; what the former ones answered
/// is forgotten, and what they were asked is not joined. Requires: made by make_resolver().
/// Thread-safety: the loop's thread.
void set_servers(Resolver& resolver, const std::string& servers);

}  // namespace postrider::net
