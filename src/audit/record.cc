#include "audit/record.h"

#include "store/tables.h"

namespace postrider::audit {

Result<void> record(store::Transaction& tx, const Actor& actor, const Change& change) {
    return store::audit_table::insert(tx, {.realm = change.realm,
                                           .id = tx.mint(),
                                           .actor_kind = actor.kind,
                                           .actor_id = actor.id,
                                           .action = change.action,
                                           .resource_id = change.resource_id,
                                           .detail = change.detail});
}

}  // namespace postrider::audit
