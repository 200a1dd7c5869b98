#include "http/connection_table.h"

#include "http/connection.h"
#include "model/limits.h"

namespace postrider::http {
namespace {

/// The first of those that give way first.
Connection* first_of(const std::list<Connection*>& order) {
    Connection* found = nullptr;
    auto best = Connection::Standing::busy;
    for (Connection* connection : order) {
        const auto standing = connection->standing();
        if (standing >= best) continue;
        found = connection;
        best = standing;
        if (best == Connection::Standing::idle) break;  // none goes before it
    }
    return found;
}

}  // namespace

void ConnectionTable::resize(Network& network, const std::function<void()>& change) {
    by_size_.erase({network.order.size(), &network});
    change();
    if (!network.order.empty()) by_size_.insert({network.order.size(), &network});
}

Shares::Answer ConnectionTable::add(std::uint64_t id, std::shared_ptr<Connection> connection,
                                    const std::string& network) {
    Entry entry;
    entry.hold =
        Shares::Hold(shares_, network.empty() ? Shares::Holders{} : Shares::Holders{network});
    const auto answer = entry.hold.take(1);
    if (answer != Shares::Answer::taken) return answer;
    entry.place = order_.insert(order_.end(), connection.get());
    if (!network.empty()) {
        auto& known = networks_[network];
        if (!known) known = std::make_unique<Network>(Network{.name = network, .order = {}});
        entry.network = known.get();
        resize(*known, [&] {
            entry.place_in_network = known->order.insert(known->order.end(), connection.get());
        });
    }
    entry.connection = std::move(connection);
    connections_.emplace(id, std::move(entry));
    return answer;
}

void ConnectionTable::add_refused(std::uint64_t id, std::shared_ptr<Connection> connection) {
    if (refused_.size() >= limits::refused_connections_max) refused_.front()->close();
    Entry entry;
    entry.place = refused_.insert(refused_.end(), connection.get());
    entry.connection = std::move(connection);
    connections_.emplace(id, std::move(entry));
}

void ConnectionTable::remove(std::uint64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Entry& entry = found->second;
    (entry.hold.amount() > 0 ? order_ : refused_).erase(entry.place);
    if (Network* network = entry.network) {
        resize(*network, [&] { network->order.erase(entry.place_in_network); });
        if (network->order.empty()) networks_.erase(std::string(network->name));
    }
    connections_.erase(found);
}

void ConnectionTable::refresh(std::uint64_t id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || found->second.hold.amount() == 0) return;
    Entry& entry = found->second;
    order_.splice(order_.end(), order_, entry.place);
    if (entry.network != nullptr) {
        Order& order = entry.network->order;
        order.splice(order.end(), order, entry.place_in_network);
    }
}

std::shared_ptr<Connection> ConnectionTable::find(std::uint64_t id) const {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.connection;
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::where(
    const std::function<bool(const Connection&)>& wanted) const {
    std::vector<std::shared_ptr<Connection>> result;
    for (const auto& [id, entry] : connections_) {
        if (wanted(*entry.connection)) result.push_back(entry.connection);
    }
    return result;
}

std::shared_ptr<Connection> ConnectionTable::give_way(const std::string& network,
                                                      Shares::Answer answer) const {
    Connection* goes = nullptr;
    if (answer == Shares::Answer::over_share) {
        const auto found = networks_.find(network);
        if (found != networks_.end()) goes = first_of(found->second->order);
    } else {
        if (!by_size_.empty() && by_size_.rbegin()->first > 1) {
            goes = first_of(by_size_.rbegin()->second->order);
        }
        if (goes == nullptr) goes = first_of(order_);
    }
    return goes == nullptr ? nullptr : goes->shared_from_this();
}

}  // namespace postrider::http
