#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/shares.h"

namespace postrider::http {

class Connection;

/// The connections of a server, and who gives way when there is no room for one more: a network
/// (client_address.h) may hold no more of them than are left for everybody else.
/// Thread-safety: the server's thread.
class ConnectionTable {
 public:
    explicit ConnectionTable(std::size_t connections_max)
        : shares_(std::make_shared<Shares>(connections_max)) {}

    /// Whether one more of this network has room; an empty name is not counted by network.
    /// Otherwise see give_way().
    Shares::Answer add(std::uint64_t id, std::shared_ptr<Connection> connection,
                       const std::string& network);
    /// One that is told that there is no room, and is in nobody's way until it has heard it.
    void add_refused(std::uint64_t id, std::shared_ptr<Connection> connection);
    void remove(std::uint64_t id);
    /// Its last request has just been answered: it is the last to give way.
    void refresh(std::uint64_t id);

    std::shared_ptr<Connection> find(std::uint64_t id) const;
    std::size_t size() const { return connections_.size(); }
    bool is_empty() const { return connections_.empty(); }
    std::vector<std::shared_ptr<Connection>> where(
        const std::function<bool(const Connection&)>& wanted) const;

    /// Who is to go for a newcomer of `network` that was answered so: of that network when it has
    /// its share; else of the network that has the most, else whoever it is. First who waits
    /// between requests, then who has been answered and only has not gone yet, then who is in the
    /// middle of a head, then of a body; of these the oldest. nullptr: all have requests in
    /// progress.
    std::shared_ptr<Connection> give_way(const std::string& network, Shares::Answer answer) const;

 private:
    using Order = std::list<Connection*>;  ///< the longest without an answer first
    struct Network {
        std::string name;
        Order order;
    };
    struct Entry {
        std::shared_ptr<Connection> connection;
        Shares::Hold hold;
        Order::iterator place;
        Network* network = nullptr;  ///< none: not counted
        Order::iterator place_in_network;
    };
    /// The size first: the largest stand at the end.
    using BySize = std::set<std::pair<std::size_t, Network*>>;

    void resize(Network& network, const std::function<void()>& change);

    const std::shared_ptr<Shares> shares_;
    std::unordered_map<std::uint64_t, Entry> connections_;
    std::unordered_map<std::string, std::unique_ptr<Network>> networks_;
    BySize by_size_;
    Order order_;
    Order refused_;
};

}  // namespace postrider::http
