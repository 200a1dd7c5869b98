#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "directory/authority.h"
#include "model/actor.h"
#include "model/version_condition.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::events {
class Publisher;
}

namespace postrider::directory {

/// Which resource a change is of, and which versions it may have (If-Match).
template <typename IdType>
struct Address {
    RealmId realm;
    IdType id;
    VersionCondition version = {};
};

/// One change, as it is told and kept.
struct Entry {
    Clearance clearance;  ///< that the caller may change the resource
    RealmId realm;
    Uuid resource;          ///< the event's resource_id
    std::string_view type;  ///< of the event; "" fires none
    std::string data;
    std::string_view action;  ///< of the audit log
    std::string detail = "{}";
};

/// What every change of the directory ends with: its one event and its line in the audit log, in
/// the change's transaction. Thread-safety: the writer's thread.
class Ledger {
 public:
    /// Whether changes are told. Without: for an import that asks so; the audit log has them.
    enum class Events { all, none };
    explicit Ledger(events::Publisher& publisher, Events events = Events::all)
        : publisher_(publisher), events_(events) {}
    /// Returns the id of its event; nil when it fires none.
    Result<EventId> write(store::Transaction& tx, const Actor& actor, const Entry& entry);
    /// The same of many changes of one realm, in their order, at once.
    Result<void> write_all(store::Transaction& tx, const Actor& actor, const RealmId& realm,
                           std::span<const Entry> entries);

 private:
    events::Publisher& publisher_;
    const Events events_;
};

/// {"changed":["email"]}, for the audit log.
std::string changed_detail(const std::vector<std::string>& changed);
void write_words(json::Writer& writer, std::string_view name,
                 const std::vector<std::string>& words);
/// The realm, for its settings. Errors: not_found, also when it is being deleted.
Result<store::RealmRow> require_realm(store::sql::Connection& sql, const RealmId& realm);

}  // namespace postrider::directory
