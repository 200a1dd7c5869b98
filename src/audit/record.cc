#include "audit/record.h"

#include "store/tables.h"

namespace postrider::audit {

namespace {

/// The detail with the session that the change came through.
std::string with_session(const std::string& detail, const std::string& session) {
    if (session.empty()) return detail;
    const std::string member = R"({"session":")" + session + '"';
    return detail == "{}" ? member + "}" : member + "," + detail.substr(1);
}

}  // namespace

Result<void> record(store::Transaction& tx, const Actor& actor, const Change& change) {
    return store::audit_table::insert(tx, {.realm = change.realm,
                                           .id = tx.mint(),
                                           .actor_kind = actor.kind,
                                           .actor_id = actor.id,
                                           .action = change.action,
                                           .resource_id = change.resource_id,
                                           .detail = with_session(change.detail, actor.session)});
}

}  // namespace postrider::audit
