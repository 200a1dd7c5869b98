#include "directory/ledger.h"

#include "audit/record.h"
#include "events/publisher.h"
#include "events/told_by.h"
#include "store/tables.h"

namespace postrider::directory {

Result<EventId> Ledger::write(store::Transaction& tx, const Actor& actor, const Entry& entry) {
    EventId event;
    if (!entry.type.empty() && events_ == Events::all) {
        POSTRIDER_ASSIGN(const auto realm, events::name_of_realm(tx.sql(), entry.realm));
        POSTRIDER_ASSIGN(const auto who, events::name_of_actor(tx.sql(), actor, entry.realm));
        POSTRIDER_ASSIGN(const auto published,
                         publisher_.publish(tx, entry.realm,
                                            {.type = std::string(entry.type),
                                             .resource_id = ResourceId{entry.resource},
                                             .data = events::with_actor(entry.data, who, realm),
                                             .timestamp = {}},
                                            EventOrigin::directory));
        event = published.id;
    }
    POSTRIDER_TRY(audit::record(tx, actor,
                                {.realm = entry.realm,
                                 .action = std::string(entry.action),
                                 .resource_id = entry.resource.to_string(),
                                 .detail = entry.detail}));
    return event;
}

Result<void> Ledger::write_all(store::Transaction& tx, const Actor& actor, const RealmId& realm,
                               std::span<const Entry> entries) {
    POSTRIDER_ASSIGN(const auto name, events::name_of_realm(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto who, events::name_of_actor(tx.sql(), actor, realm));
    std::vector<NewEvent> events;
    std::vector<audit::Change> changes;
    for (const Entry& entry : entries) {
        if (!entry.type.empty() && events_ == Events::all) {
            events.push_back({.type = std::string(entry.type),
                              .resource_id = ResourceId{entry.resource},
                              .data = events::with_actor(entry.data, who, name),
                              .timestamp = {}});
        }
        changes.push_back({.realm = realm,
                           .action = std::string(entry.action),
                           .resource_id = entry.resource.to_string(),
                           .detail = entry.detail});
    }
    POSTRIDER_TRY(publisher_.publish_all(tx, realm, events, EventOrigin::directory));
    return audit::record_all(tx, actor, changes);
}

void write_words(json::Writer& writer, std::string_view name,
                 const std::vector<std::string>& words) {
    writer.key(name);
    writer.begin_array();
    for (const std::string& word : words) writer.string(word);
    writer.end_array();
}

std::string changed_detail(const std::vector<std::string>& changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_words(writer, "changed", changed);
    writer.end_object();
    return out;
}

Result<store::RealmRow> require_realm(store::sql::Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(auto row, store::realms_table::find(sql, realm));
    if (!row) return fail(ErrorCode::not_found, "this realm does not exist");
    return std::move(*row);
}

}  // namespace postrider::directory
