#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/change_waits.h"
#include "store/cluster.h"
#include "store/cluster_message.h"
#include "store/commit_order.h"
#include "store/event_news.h"
#include "store/postgresql_lanes.h"
#include "store/postgresql_link.h"

namespace postrider::store {

/// A node among those of a PostgreSQL database, on a connection and a thread of its own.
///
/// Nodes tell the database every limits::node_heartbeat_interval that they are there, by its clock.
/// Who has not for limits::node_lease is dead: the others take its lanes over, one row each. A node
/// counts its own lease from before it told, and shorter, so that it stops first.
/// What a lost connection may have missed of their messages is read again as a whole, before the
/// lease goes on.
/// Thread-safety: any thread.
class PostgresqlCluster final : public Cluster {
 public:
    /// The ids that this node mints: the others must not fall behind them.
    struct Ids {
        std::function<Uuid()> last;
        std::function<void(const Uuid&)> raise;
    };
    /// `news`: nullptr where nobody waits for events. Lifetime: outlives the cluster.
    PostgresqlCluster(PostgresqlLink link, std::string channel, const Uuid& node,
                      CommitOrder& order, const Clock& clock, Ids ids, EventNews* news);
    ~PostgresqlCluster() override;
    PostgresqlCluster(const PostgresqlCluster&) = delete;
    PostgresqlCluster& operator=(const PostgresqlCluster&) = delete;

    Result<void> join(ClusterListener& listener, NodeRole role, std::string address) override;
    void retire() override;
    void leave() override;
    void hint(const WebhookId& webhook) override;
    void released(const OwnedLane& lane) override;
    void lane_lost() override;
    Result<std::vector<bool>> hold(Transaction& tx, std::span<const OwnedLane> lanes) override {
        return lanes_.hold(tx, lanes);
    }
    bool is_steward() const override { return is_steward_; }
    CommitNumber mark() override;
    Counts counts() const override;

    /// For the writer: what a transaction has to say with its commit.
    struct Spoken {
        std::uint64_t number = 0;  ///< 0: nobody waits for it
        std::string statement;     ///< to run in the transaction; "" for nothing
    };
    /// `is_awaited`: committed() or forget() follows.
    Spoken speak(const std::vector<Announcement>& what, bool is_awaited);
    /// It was committed: `done` when every node has taken it in.
    void committed(std::uint64_t number, std::function<void()> done);
    void forget(std::uint64_t number) { waits_.forget(number); }
    /// The database has not answered a heartbeat for a lease: whoever asks for something need not
    /// wait until a connection has found out.
    bool is_silent() const;

 private:
    /// What other threads have left for this one.
    struct Mail {
        std::unordered_set<WebhookId> hints;
        std::vector<OwnedLane> released;
        std::vector<message::Changes> taken_in;
        std::uint64_t synced = 0;       ///< the last sync that has ended
        std::uint64_t sync_failed = 0;  ///< the last one that could not read
        bool look_at_lanes = false;
        bool retire = false;
        bool stop = false;
    };

    void wake() const;
    void run();
    void wait();
    void turn(const Mail& mail);
    Result<sql::PostgresqlConnection*> connect();
    Result<void> begin(sql::PostgresqlConnection& sql);
    Result<void> attend(sql::PostgresqlConnection& sql, const Mail& mail);
    Result<void> sync(sql::PostgresqlConnection& sql);
    bool is_blind() const;
    Result<void> say_alive(sql::PostgresqlConnection& sql);
    Result<void> hear(sql::PostgresqlConnection& sql);
    void hear_one(const message::Deliveries& told);
    void hear_one(const message::Changes& told);
    void hear_one(const message::Acknowledged& told);
    void hear_one(const message::Lanes& told);
    void hear_one(const message::Listening& told);
    void hear_one(const message::Events& told);
    Result<void> heartbeat(sql::PostgresqlConnection& sql);
    Result<void> read_nodes(sql::PostgresqlConnection& sql);
    Result<void> acknowledge(sql::PostgresqlConnection& sql,
                             const std::vector<message::Changes>& taken_in);
    Result<void> tell_hints(sql::PostgresqlConnection& sql,
                            const std::unordered_set<WebhookId>& hints);
    Result<void> tell_news(sql::PostgresqlConnection& sql);
    Result<void> end_waits(sql::PostgresqlConnection& sql);
    Result<void> look_at_lanes(sql::PostgresqlConnection& sql);
    Result<void> read_lanes(sql::PostgresqlConnection& sql);
    Result<void> hand_over(sql::PostgresqlConnection& sql, std::span<const OwnedLane> lanes);
    Result<void> sweep(sql::PostgresqlConnection& sql, Timestamp due_before);
    Result<void> say_goodbye(sql::PostgresqlConnection& sql);
    std::string notification(const Message& message) const;
    Result<void> tell(sql::PostgresqlConnection& sql, const Message& message) const;
    void tell_owned();

    PostgresqlLink link_;
    const Uuid node_;
    CommitOrder& order_;
    const Clock& clock_;
    const Ids ids_;
    const std::string channel_;
    PostgresqlLanes lanes_;  // but for hold() the cluster's thread's
    ChangeWaits waits_;
    EventNews* const news_;
    const int wake_fd_;

    // The cluster's thread's.
    ClusterListener* listener_ = nullptr;
    NodeRole role_ = NodeRole::all;
    std::string address_;
    std::vector<Uuid> nodes_;  // the live ones, in order
    Monotonic lease_until_{};
    Monotonic heartbeat_at_{};
    Monotonic sync_asked_at_{};
    std::optional<Monotonic> failing_since_;  // that it could not read
    Monotonic looked_at_{};
    Monotonic swept_at_{};
    std::uint64_t sync_ = 0;
    bool is_listening_ = false;
    bool is_synced_ = false;
    bool is_to_sync_ = false;
    bool look_at_lanes_ = false;
    bool is_leaving_ = false;
    bool has_lanes_to_tell_ = false;
    Uuid noted_;
    Monotonic noted_at_{};

    std::atomic<Monotonic> answered_at_{};  // nil: it is not asked
    std::atomic<bool> is_steward_{false};
    std::atomic<std::size_t> node_count_{0};

    mutable Mutex mutex_;
    Condition joined_changed_;
    Mail mail_ GUARDED_BY(mutex_);
    bool is_joined_ GUARDED_BY(mutex_) = false;  // from the first sync until it leaves
    Error last_error_ GUARDED_BY(mutex_);
    std::thread thread_;
};

}  // namespace postrider::store
