#include "net/connection_pool.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace postrider::net {
namespace {

bool is_fresh(const Connection& connection, Monotonic since, Monotonic now) {
    return now - connection.opened_at() < limits::connection_age_max &&
           now - since < limits::connection_unused_max;
}

bool is_same(const std::shared_ptr<const EgressPolicy>& a,
             const std::shared_ptr<const EgressPolicy>& b) {
    return a == b || *a == *b;
}

}  // namespace

std::unique_ptr<Connection> ConnectionPool::take(const std::string& key,
                                                 const std::shared_ptr<const EgressPolicy>& policy,
                                                 Monotonic now) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    auto& places = found->second;
    for (auto place = places.rbegin(); place != places.rend();) {
        const auto idle = *place;
        if (!is_same(idle->connection->policy(), policy)) {
            ++place;
            continue;
        }
        place = std::make_reverse_iterator(places.erase(std::next(place).base()));
        auto connection = std::move(idle->connection);
        const auto since = idle->since;
        idle_.erase(idle);
        if (is_fresh(*connection, since, now) &&
            policy->passes(connection->peer(), connection->is_tls()) && connection->is_quiet()) {
            return connection;
        }
    }
    return nullptr;
}

void ConnectionPool::give(std::unique_ptr<Connection> connection, Monotonic now) {
    if (now - connection->opened_at() >= limits::connection_age_max) return;
    auto& places = by_key_[connection->key()];
    if (places.size() >= limits::idle_connections_per_origin_max) return;
    idle_.push_back({std::move(connection), now});
    places.push_back(std::prev(idle_.end()));
    if (idle_.size() > limits::idle_connections_max) remove(idle_.begin());
}

void ConnectionPool::remove(List::iterator idle) {
    std::erase(by_key_[idle->connection->key()], idle);
    idle_.erase(idle);
}

void ConnectionPool::sweep(Monotonic now) {
    for (auto idle = idle_.begin(); idle != idle_.end();) {
        const auto next = std::next(idle);
        if (!is_fresh(*idle->connection, idle->since, now) || !idle->connection->is_quiet()) {
            remove(idle);
        }
        idle = next;
    }
    std::erase_if(by_key_, [](const auto& entry) { return entry.second.empty(); });
}

void ConnectionPool::clear() {
    by_key_.clear();
    idle_.clear();
}

}  // namespace postrider::net
