#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "net/connection.h"

namespace postrider::net {

/// The connections that carry no request. The last one used goes out first, so that a burst's extra
/// connections grow old and are closed. Bounds: limits::idle_connections_*, connection_*_max.
/// Thread-safety: the loop's thread.
class ConnectionPool {
 public:
    /// A connection of this key that was opened under the same rules, is neither old nor closed,
    /// and whose peer `policy` passes now; nullptr when there is none.
    std::unique_ptr<Connection> take(const std::string& key,
                                     const std::shared_ptr<const EgressPolicy>& policy,
                                     Monotonic now);
    /// Keeps it for the next request. Requires: nothing of the last one is outstanding.
    void give(std::unique_ptr<Connection> connection, Monotonic now);
    /// Closes what is too old, and what the peer has closed.
    void sweep(Monotonic now);
    void clear();
    std::size_t size() const { return idle_.size(); }

 private:
    struct Idle {
        std::unique_ptr<Connection> connection;
        Monotonic since;
    };
    using List = std::list<Idle>;  ///< the one longest unused first
    void remove(List::iterator idle);

    List idle_;
    std::unordered_map<std::string, std::vector<List::iterator>> by_key_;
};

}  // namespace postrider::net
