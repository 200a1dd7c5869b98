#pragma once

#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "model/ids.h"

namespace postrider::store {

/// That events of a realm were committed on one node and somebody waits for them on another. A node
/// says for which realms somebody waits there; the others tell it of their commits in these, and of
/// no others. From the moment on at which a node learns who listens it tells of every commit, and
/// it answers with one more at once: so nothing between is missed. What is lost with a connection
/// or a node is made up for by looking once at every realm.
/// Where there is one node nobody is attached, and nothing is told.
/// Thread-safety: any thread.
class EventNews {
 public:
    /// Called with the realms in which there may be something new; with none: in any.
    /// Must not block. Requires: set before the store is opened.
    using Heard = std::function<void(const std::vector<RealmId>&)>;
    void on_heard(Heard heard);

    /// Somebody waits here.
    void listen(const RealmId& realm);
    void stop_listening(const RealmId& realm);
    /// Events of a realm were committed here. Cheap where nobody listens.
    void committed(const RealmId& realm);

    // For the cluster.

    /// `wake` makes the cluster's thread ask take(); must not block. nullptr: it ends.
    void attach(std::function<void()> wake);
    struct Told {
        std::vector<RealmId> listening;  ///< "somebody waits here"
        std::vector<RealmId> events;     ///< "there are new ones"
        bool is_empty() const { return listening.empty() && events.empty(); }
    };
    /// What the other nodes are to be told now.
    Told take(Monotonic now);
    /// That could not be told: it is taken again.
    void put_back(Told told);
    /// Another node listens.
    void others_listen(const std::vector<RealmId>& realms, Monotonic now);
    /// Another node has committed.
    void hear(const std::vector<RealmId>& realms);
    /// A connection was lost, or a node has gone: messages too, perhaps.
    void hear_all();

 private:
    void wake();

    Mutex mutex_;
    Heard heard_ GUARDED_BY(mutex_);
    std::function<void()> wake_ GUARDED_BY(mutex_);
    std::set<RealmId> listening_ GUARDED_BY(mutex_);
    std::set<RealmId> to_say_ GUARDED_BY(mutex_);  ///< of `listening_`
    std::optional<Monotonic> said_at_ GUARDED_BY(mutex_);
    std::unordered_map<RealmId, Monotonic> others_ GUARDED_BY(mutex_);  ///< until when
    std::set<RealmId> events_ GUARDED_BY(mutex_);
};

}  // namespace postrider::store
