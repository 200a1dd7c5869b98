#include "directory/directory.h"

#include <vector>

#include "audit/record.h"
#include "directory/realm.h"
#include "events/publisher.h"
#include "model/limits.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::directory {

namespace {

Result<std::vector<store::RealmRow>> load_all(store::sql::Connection& sql) {
    std::vector<store::RealmRow> all;
    std::optional<RealmId> before;
    while (true) {
        POSTRIDER_ASSIGN(auto page, store::realms_table::list(sql, before, limits::page_size_max));
        all.insert(all.end(), page.begin(), page.end());
        if (page.size() < limits::page_size_max) return all;
        before = page.back().id;
    }
}

/// The first start: nobody can be subscribed, so it fires nothing.
Result<store::RealmRow> make_master(store::Transaction& tx) {
    store::RealmRow row{.id = tx.mint_id<RealmId>(),
                        .name = std::string(master_name),
                        .display_name = "Master",
                        .settings = "{}",
                        .created_at = tx.now(),
                        .updated_at = tx.now()};
    POSTRIDER_TRY(store::realms_table::insert(tx, row));
    POSTRIDER_TRY(audit::record(
        tx, Actor::system("start"),
        {.realm = row.id, .action = "realm.create", .resource_id = row.id.to_string()}));
    return row;
}

std::unexpected<Error> name_taken(const std::string& name) {
    Error error{ErrorCode::conflict, "a realm named \"" + name + "\" exists already", {}, nullptr};
    error.fields.push_back({"#/name", {}, {}, "is taken; choose another name"});
    return std::unexpected(std::move(error));
}

}  // namespace

Result<void> Directory::start() {
    POSTRIDER_ASSIGN(auto rows, store::read_now<std::vector<store::RealmRow>>(store_, load_all));
    for (const store::RealmRow& row : rows) index_.put({row.id, row.name});
    if (index_.find(master_name)) return {};
    POSTRIDER_ASSIGN(auto master, store::write_now<store::RealmRow>(store_, make_master));
    index_.put({master.id, master.name});
    return {};
}

Result<void> Directory::publish(store::Transaction& tx, const store::RealmRow& row,
                                std::string type, std::string data) {
    const NewEvent event{.type = std::move(type),
                         .resource_id = ResourceId{row.id.uuid},
                         .data = std::move(data),
                         .timestamp = tx.now()};
    POSTRIDER_ASSIGN(const PublishedEvent published,
                     publisher_.publish(tx, row.id, event, EventOrigin::directory));
    const RealmId master = index_.master();
    if (row.id == master) return {};
    return publisher_.publish_copy(tx, master, published, event.data, EventOrigin::directory);
}

Result<store::RealmRow> Directory::create_in(store::Transaction& tx, const Actor& actor,
                                             const NewRealm& realm) {
    POSTRIDER_ASSIGN(auto existing, store::realms_table::find_by_name(tx.sql(), realm.name));
    if (existing) return name_taken(realm.name);
    const store::RealmRow row{.id = tx.mint_id<RealmId>(),
                              .name = realm.name,
                              .display_name = realm.display_name,
                              .settings = "{}",
                              .created_at = tx.now(),
                              .updated_at = tx.now()};
    POSTRIDER_TRY(store::realms_table::insert(tx, row));
    POSTRIDER_TRY(publish(tx, row, "realm.created", realm_event_data(row)));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = row.id, .action = "realm.create", .resource_id = row.id.to_string()}));
    tx.after_commit([this, row] { index_.put({row.id, row.name}); });
    return row;
}

Result<store::RealmRow> Directory::update_in(store::Transaction& tx, const Actor& actor,
                                             const RealmId& id, const RealmChange& change,
                                             std::optional<std::int64_t> expected_version) {
    POSTRIDER_ASSIGN(auto found, store::realms_table::find(tx.sql(), id));
    if (!found) return fail(ErrorCode::not_found, "there is no realm " + id.to_string());
    store::RealmRow row = std::move(*found);
    if (expected_version && *expected_version != row.version) {
        return fail(ErrorCode::failed_precondition,
                    "the realm has changed since it was read; read it again");
    }
    if (!change.display_name || *change.display_name == row.display_name) return row;
    row.display_name = *change.display_name;
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::realms_table::update(tx, row));
    POSTRIDER_TRY(publish(tx, row, "realm.updated",
                          realm_event_data(row, std::vector<std::string>{"display_name"})));
    POSTRIDER_TRY(audit::record(tx, actor,
                                {.realm = row.id,
                                 .action = "realm.update",
                                 .resource_id = row.id.to_string(),
                                 .detail = R"({"changed":["display_name"]})"}));
    return row;
}

void Directory::create_realm(Actor actor, NewRealm realm, RealmDone done) {
    auto checked = check_realm_name(realm.name);
    if (checked) checked = check_display_name(realm.display_name);
    if (!checked) return done(std::unexpected(std::move(checked).error()));
    store::write<store::RealmRow>(
        store_,
        [this, actor = std::move(actor), realm = std::move(realm)](store::Transaction& tx) {
            return create_in(tx, actor, realm);
        },
        std::move(done));
}

void Directory::update_realm(Actor actor, RealmId id, RealmChange change,
                             std::optional<std::int64_t> expected_version, RealmDone done) {
    if (change.display_name) {
        if (auto checked = check_display_name(*change.display_name); !checked) {
            return done(std::unexpected(std::move(checked).error()));
        }
    }
    store::write<store::RealmRow>(
        store_,
        [this, actor = std::move(actor), id, change = std::move(change), expected_version](
            store::Transaction& tx) { return update_in(tx, actor, id, change, expected_version); },
        std::move(done));
}

}  // namespace postrider::directory
