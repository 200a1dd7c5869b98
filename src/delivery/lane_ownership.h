#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "delivery/ports.h"
#include "model/ids.h"
#include "store/store.h"

namespace postrider::delivery {

/// Which lanes are this node's to attempt. One node alone has all of them, for good; of several,
/// each has those that the cluster gave it, in an *epoch* that ends when another node takes the
/// lane over, and attempts nothing after its lease.
/// Thread-safety: the engine's thread.
class LaneOwnership {
 public:
    virtual ~LaneOwnership() = default;

    /// Whether anything may be attempted: a node that was stopped or cut off for long may have lost
    /// its lanes without knowing it.
    virtual bool may_attempt(Monotonic now) const = 0;
    /// Whether a webhook's lane is this node's. Not when it is being released.
    virtual bool has(const WebhookId& webhook) const = 0;
    /// Of the lane as this node has it, also while it is being released; else 0.
    virtual std::int64_t epoch(const WebhookId& webhook) const = 0;

    /// An attempt of a lane began, and its outcome is in the store. A lane that is being released
    /// is released when its last attempt ended.
    virtual void began(const WebhookId& webhook) = 0;
    virtual void ended(const WebhookId& webhook) = 0;
    /// Deliveries of a lane that this node does not have were committed here.
    virtual void tell_owner(const WebhookId& webhook) = 0;
    /// A lane turned out to be another node's.
    virtual void lost() = 0;

    /// What the cluster's word changes for the scheduler.
    struct Change {
        std::vector<WebhookId> gone;         ///< this node's no more, or in another epoch now
        std::vector<store::OwnedLane> come;  ///< new, or in another epoch
    };
    /// `lanes` are this node's, and no others.
    virtual Change own(const std::vector<store::OwnedLane>& lanes) = 0;
    /// They are to be given away. Answers those that this node has, which attempt nothing more.
    virtual std::vector<WebhookId> release(const std::vector<store::OwnedLane>& lanes) = 0;
    virtual void lease(Monotonic until) = 0;
};

/// Without a cluster (nullptr) every lane is this node's. Lifetime: `cluster` outlives it.
std::unique_ptr<LaneOwnership> make_lane_ownership(const Ownership* cluster);

}  // namespace postrider::delivery
