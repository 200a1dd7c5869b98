#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/cluster.h"
#include "store/store.h"

namespace postrider::access {
class ApiKeys;
}
namespace postrider::delivery {
class Engine;
}
namespace postrider::directory {
class Directory;
}
namespace postrider::webhooks {
class TargetRebuilds;
class Webhooks;
}  // namespace postrider::webhooks

namespace postrider::app {

/// This server as one node of several: passes on to its parts what the cluster says, and reads
/// again what other nodes have changed, one reading after the other, so that an older one never
/// comes after a newer. Thread-safety: any thread.
class Node final : public store::ClusterListener {
 public:
    Node(store::Store& store, webhooks::Webhooks& webhooks, webhooks::TargetRebuilds& rebuilds,
         directory::Directory& directory, access::ApiKeys& keys, delivery::Engine& engine)
        : store_(store),
          webhooks_(webhooks),
          rebuilds_(rebuilds),
          directory_(directory),
          keys_(keys),
          engine_(engine) {}

    void lease_renewed(Monotonic until) override;
    void lanes_owned(std::vector<store::OwnedLane> lanes) override;
    void release_lanes(std::vector<store::OwnedLane> lanes) override;
    void deliveries_elsewhere(std::vector<WebhookId> webhooks, Timestamp due_since) override;
    void take_in(std::vector<store::Announcement> what, std::function<void(bool)> done) override;

 private:
    /// What was asked together.
    struct Batch {
        std::vector<store::Announcement> what;
        std::vector<std::function<void(bool)>> done;
    };
    void read_next();
    void finish(Batch batch, const Result<void>& read);
    Result<void> read(store::sql::Connection& sql, const std::vector<store::Announcement>& what);
    Result<void> read_one(store::sql::Connection& sql, const store::Announcement& one);
    Result<void> read_everything(store::sql::Connection& sql);

    store::Store& store_;
    webhooks::Webhooks& webhooks_;
    webhooks::TargetRebuilds& rebuilds_;
    directory::Directory& directory_;
    access::ApiKeys& keys_;
    delivery::Engine& engine_;
    Mutex mutex_;
    Batch waiting_ GUARDED_BY(mutex_);
    bool is_reading_ GUARDED_BY(mutex_) = false;
};

}  // namespace postrider::app
