#pragma once

#include <atomic>
#include <span>
#include <unordered_map>
#include <vector>

#include "store/cluster.h"
#include "store/sql/postgresql_connection.h"
#include "store/store.h"

namespace postrider::store {

/// The lanes of one node, as the table `lanes` has them: each row with its owner, and an epoch that
/// grows whenever it changes hands. What changes hands does so on stable storage.
/// Thread-safety: one thread; hold(), count() and taken_over() from any.
class PostgresqlLanes {
 public:
    explicit PostgresqlLanes(const Uuid& node) : node_(node) {}

    /// The nodes that deliver, in order. Returns whether they are others than before.
    bool share_among(std::vector<Uuid> nodes);
    /// What the table says is this node's.
    Result<void> read(sql::PostgresqlConnection& sql);
    /// Takes those that should be this node's and are no live node's. Returns whether there were
    /// any: read() then, for another may have been faster.
    Result<bool> take(sql::PostgresqlConnection& sql);
    /// That of a webhook that was just made, if it should be this node's. Returns whether it is
    /// now.
    Result<bool> adopt(sql::PostgresqlConnection& sql, const RealmId& realm,
                       const WebhookId& webhook);
    /// Those that should be another's, each once.
    std::vector<OwnedLane> start_releasing();
    /// To those who should have them; read() then.
    Result<void> hand_over(sql::PostgresqlConnection& sql, std::span<const OwnedLane> lanes);

    struct Due {
        std::vector<WebhookId> webhooks;
        Timestamp since;  ///< the oldest
    };
    /// Those with something that was due before.
    Result<Due> due(sql::PostgresqlConnection& sql, Timestamp before) const;
    /// Which are this node's still; they stay so until `tx` ends.
    Result<std::vector<bool>> hold(Transaction& tx, std::span<const OwnedLane> lanes) const;

    bool contains(const WebhookId& webhook) const { return own_.contains(webhook); }
    std::vector<OwnedLane> all() const;
    std::size_t count() const { return count_; }
    std::uint64_t taken_over() const { return taken_over_; }

 private:
    struct Own {
        RealmId realm;
        std::int64_t epoch = 0;
        bool is_releasing = false;
    };
    bool is_preferred(const WebhookId& webhook) const;

    const Uuid node_;
    std::vector<Uuid> delivering_;
    std::unordered_map<WebhookId, Own> own_;
    std::atomic<std::size_t> count_{0};
    std::atomic<std::uint64_t> taken_over_{0};
};

}  // namespace postrider::store
