#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "directory/realm_index.h"
#include "model/actor.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::events {
class Publisher;
}

namespace postrider::directory {

struct NewRealm {
    std::string name;
    std::string display_name;
};

struct RealmChange {
    std::optional<std::string> display_name;
};

/// Realms. Each mutation writes its row, its event and its audit row in one transaction; an event
/// about a realm is written in that realm and in `master`, with one id and the same bytes.
/// Thread-safety: any thread; callbacks come on the store's threads.
class Directory {
 public:
    using RealmDone = std::function<void(Result<store::RealmRow>)>;

    /// Lifetime: both outlive the directory.
    Directory(store::Store& store, events::Publisher& publisher)
        : store_(store), publisher_(publisher) {}

    /// Makes `master` when it is not there and loads the index. Blocks: for the start.
    Result<void> start();
    const RealmIndex& realms() const { return index_; }

    /// Errors: invalid_argument naming the field; conflict (the name is taken).
    void create_realm(Actor actor, NewRealm realm, RealmDone done);
    /// Errors: invalid_argument, not_found, failed_precondition (`expected_version` is not its).
    /// A change that changes nothing writes nothing.
    void update_realm(Actor actor, RealmId id, RealmChange change,
                      std::optional<std::int64_t> expected_version, RealmDone done);

 private:
    Result<void> publish(store::Transaction& tx, const store::RealmRow& row, std::string type,
                         std::string data);
    Result<store::RealmRow> create_in(store::Transaction& tx, const Actor& actor,
                                      const NewRealm& realm);
    Result<store::RealmRow> update_in(store::Transaction& tx, const Actor& actor, const RealmId& id,
                                      const RealmChange& change,
                                      std::optional<std::int64_t> expected_version);

    store::Store& store_;
    events::Publisher& publisher_;
    RealmIndex index_;
};

}  // namespace postrider::directory
