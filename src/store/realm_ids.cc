#include "store/realm_ids.h"

#include "store/list.h"

namespace postrider::store {

Result<std::vector<RealmId>> read_realm_ids(sql::Rows rows) {
    std::vector<RealmId> found;
    while (rows.next()) {
        const auto realm = rows.id<RealmId>(0);
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
        } else {
            found.push_back(realm);
        }
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace postrider::store
