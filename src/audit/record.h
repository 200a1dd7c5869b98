#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "model/actor.h"
#include "store/store.h"

namespace postrider::audit {

/// One change, as the audit log keeps it.
struct Change {
    RealmId realm;       ///< where it happened
    std::string action;  ///< "webhook.create": resource and verb; persistent
    std::string resource_id;
    std::string detail = "{}";  ///< JSON object, nothing secret
};

/// Writes who changed what, in the change's own transaction.
Result<void> record(store::Transaction& tx, const Actor& actor, const Change& change);
/// The same of many, in their order, at once.
Result<void> record_all(store::Transaction& tx, const Actor& actor,
                        std::span<const Change> changes);

}  // namespace postrider::audit
