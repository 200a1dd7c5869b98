#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"
#include "model/ids.h"

namespace postrider::store {

using CommitNumber = std::uint64_t;
class Transaction;

/// Something that every node keeps in memory, and that a transaction has changed.
enum class Subject : char {
    webhook = 'w',
    realm = 'r',
    api_key = 'k',
    everything = 'e',  ///< too many to name
};
struct Announcement {
    Subject subject = Subject::everything;
    RealmId realm;
    Uuid id;
};

/// A lane that is a node's, until somebody raises its epoch.
struct OwnedLane {
    RealmId realm;
    WebhookId webhook;
    std::int64_t epoch = 0;
};

enum class NodeRole {
    all,
    api,      ///< takes publishes and changes, delivers nothing
    deliver,  ///< delivers; its listener serves health and metrics alone
};
std::string_view to_string(NodeRole role);

/// What a node is told by its cluster. Thread-safety: the cluster's thread; must not block.
class ClusterListener {
 public:
    virtual ~ClusterListener() = default;
    /// Its lanes are surely its own until then; later it attempts nothing.
    virtual void lease_renewed(Monotonic until) = 0;
    /// All the lanes that are this node's now; what it had beside them is another's.
    virtual void lanes_owned(std::vector<OwnedLane> lanes) = 0;
    /// Attempt nothing more of them; when what is in flight is recorded: Cluster::released().
    virtual void release_lanes(std::vector<OwnedLane> lanes) = 0;
    /// Deliveries of these lanes were committed that memory was not offered, due at `due_since` or
    /// later.
    virtual void deliveries_elsewhere(std::vector<WebhookId> webhooks, Timestamp due_since) = 0;
    /// Read these again; `done(true)` when nothing goes by the old ones any more, `done(false)`
    /// when they could not be read. From any thread.
    virtual void take_in(std::vector<Announcement> what, std::function<void(bool)> done) = 0;
};

/// The nodes that share one store: who is there, whose lane is whose, and what must be read again.
/// docs/decisions/0012. Thread-safety: any thread.
class Cluster {
 public:
    virtual ~Cluster() = default;

    /// Becomes one of the nodes; waits until everything was taken in once. Call it once.
    /// Lifetime: `listener` outlives leave(). Errors: unavailable.
    virtual Result<void> join(ClusterListener& listener, NodeRole role, std::string address) = 0;
    /// Gives its lanes to the others, each when nothing of it is in flight. Does not wait.
    virtual void retire() = 0;
    /// After everything in flight was recorded. Gives up what is left.
    virtual void leave() = 0;

    /// Deliveries of a lane that is not this node's were committed here.
    virtual void hint(const WebhookId& webhook) = 0;
    /// After ClusterListener::release_lanes().
    virtual void released(const OwnedLane& lane) = 0;
    /// Another node has a lane that this one believed its own.
    virtual void lane_lost() = 0;
    /// Which of the lanes are still this node's; they stay so until `tx` ends.
    virtual Result<std::vector<bool>> hold(Transaction& tx, std::span<const OwnedLane> lanes) = 0;

    /// Whether this node does what one of them is to do. More than one may believe it for a moment.
    virtual bool is_steward() const = 0;
    /// A number that only snapshots that begin after this call have seen.
    virtual CommitNumber mark() = 0;

    struct Counts {
        std::size_t nodes = 0;
        std::size_t lanes = 0;  ///< this node's
        std::uint64_t taken_over = 0;
    };
    virtual Counts counts() const = 0;
};

}  // namespace postrider::store
