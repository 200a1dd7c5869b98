#include "audit/record.h"

#include <vector>

#include "store/import_tables.h"
#include "store/tables.h"

namespace postrider::audit {

namespace {

/// The detail with the session that the change came through.
std::string with_session(const std::string& detail, const std::string& session) {
    if (session.empty()) return detail;
    const std::string member = R"({"session":")" + session + '"';
    return detail == "{}" ? member + "}" : member + "," + detail.substr(1);
}

store::AuditRow row_of(store::Transaction& tx, const Actor& actor, const Change& change) {
    return {.realm = change.realm,
            .id = tx.mint(),
            .actor_kind = actor.kind,
            .actor_id = actor.id,
            .action = change.action,
            .resource_id = change.resource_id,
            .detail = with_session(change.detail, actor.session)};
}

}  // namespace

Result<void> record(store::Transaction& tx, const Actor& actor, const Change& change) {
    return store::audit_table::insert(tx, row_of(tx, actor, change));
}

Result<void> record_all(store::Transaction& tx, const Actor& actor,
                        std::span<const Change> changes) {
    std::vector<store::AuditRow> rows;
    rows.reserve(changes.size());
    for (const Change& change : changes) rows.push_back(row_of(tx, actor, change));
    return store::import_tables::insert_audit(tx, rows);
}

}  // namespace postrider::audit
