#include "directory/directory.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "audit/record.h"
#include "directory/old_reset_tokens.h"
#include "directory/realm.h"
#include "events/publisher.h"
#include "events/told_by.h"
#include "model/limits.h"
#include "store/realm_store.h"
#include "store/tables.h"
#include "store/wait.h"
#include "webhooks/webhooks.h"

namespace postrider::directory {

namespace {

Result<std::vector<store::RealmRow>> load_all(store::sql::Connection& sql) {
    std::vector<store::RealmRow> all;
    std::optional<RealmId> before;
    while (true) {
        POSTRIDER_ASSIGN(auto page, store::realms_table::list(sql, before, limits::page_size_max));
        all.insert(all.end(), page.begin(), page.end());
        if (page.read() < limits::page_size_max || !page.last) return all;
        before = RealmId{*page.last};
    }
}

/// The first start: nobody can be subscribed, so it fires nothing.
/// Several nodes may start on an empty database.
Result<store::RealmRow> make_master(store::Transaction& tx) {
    POSTRIDER_ASSIGN(auto made, store::realms_table::find_by_name(tx.sql(), master_name));
    if (made) return std::move(*made);
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

constexpr std::string_view administrator_made = "administrator";

/// Once in the life of a store: the role that may do everything, and the user `admin` who has it
/// and no password yet. Like `master` itself it fires nothing.
Result<bool> make_administrator(store::Transaction& tx, const RealmId& master) {
    POSTRIDER_ASSIGN(const auto made, store::state_table::get(tx.sql(), administrator_made));
    if (made) return false;
    const Actor actor = Actor::system("start");
    const store::RoleRow role{.realm = master,
                              .id = tx.mint_id<RoleId>(),
                              .client = {},
                              .name = "administrator",
                              .description = "May do everything, in every realm",
                              .permissions = to_json(access::PermissionSet::all()),
                              .created_at = tx.now(),
                              .updated_at = tx.now()};
    const store::UserRow user{.realm = master,
                              .id = tx.mint_id<UserId>(),
                              .username = std::string(administrator_name),
                              .email = {},
                              .first_name = {},
                              .last_name = {},
                              .attributes = "{}",
                              .created_at = tx.now(),
                              .updated_at = tx.now()};
    POSTRIDER_TRY(store::roles_table::insert(tx, role));
    POSTRIDER_TRY(store::users_table::insert(tx, user));
    POSTRIDER_TRY(store::user_roles_table::insert(tx, master, user.id, role.id));
    POSTRIDER_TRY(store::state_table::put(tx, administrator_made, user.id.to_string()));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = master, .action = "role.create", .resource_id = role.id.to_string()}));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = master, .action = "user.create", .resource_id = user.id.to_string()}));
    return true;
}

/// The data of realm.deleted: what it was, and how much of each kind goes with it.
std::string deleted_realm_data(const store::RealmRow& row,
                               const store::realms_table::Counts& counts) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_realm_members(writer, row);
    writer.key("contained");
    writer.begin_object();
    writer.member("users", counts.users);
    writer.member("roles", counts.roles);
    writer.member("clients", counts.clients);
    writer.member("redirect_uris", counts.redirect_uris);
    writer.member("webhooks", counts.webhooks);
    writer.member("event_types", counts.event_types);
    writer.member("api_keys", counts.api_keys);
    writer.end_object();
    writer.end_object();
    return out;
}

}  // namespace

Result<void> Directory::start() {
    const auto loaded =
        store::read_now<bool>(store_, [this](store::sql::Connection& sql) -> Result<bool> {
            POSTRIDER_TRY(reload_all(sql));
            return true;
        });
    POSTRIDER_TRY(loaded);
    if (!index_.find(master_name)) {
        POSTRIDER_ASSIGN(auto master, store::write_now<store::RealmRow>(store_, make_master));
        auto entry = entry_of(master);
        index_.put(entry);
    }
    POSTRIDER_TRY(retire_settings());
    POSTRIDER_TRY(clear_old_reset_tokens(store_));
    // Read first: a start on a full disk writes nothing.
    POSTRIDER_ASSIGN(const bool is_made,
                     store::read_now<bool>(store_, [](store::sql::Connection& sql) -> Result<bool> {
                         POSTRIDER_ASSIGN(const auto made,
                                          store::state_table::get(sql, administrator_made));
                         return made.has_value();
                     }));
    if (is_made) return {};
    POSTRIDER_TRY(
        store::write_now<bool>(store_, [master = index_.master()](store::Transaction& tx) {
            return make_administrator(tx, master);
        }));
    return {};
}

/// reset_token_in_event sent tokens to every webhook that had the event: nobody can say which one
/// was meant, so it ends, and its realm's log and the server's say so. On a full disk it does at
/// the next start: nothing reads it any more.
Result<void> Directory::retire_settings() {
    using Rows = std::vector<store::RealmRow>;
    POSTRIDER_ASSIGN(auto rows, store::read_now<Rows>(store_, load_all));
    for (store::RealmRow& row : rows) {
        POSTRIDER_ASSIGN(const auto retired, retire_old_settings(row));
        if (retired.empty()) continue;
        const auto written =
            store::write_now<bool>(store_, [id = row.id](store::Transaction& tx) -> Result<bool> {
                POSTRIDER_ASSIGN(auto now, require_realm(tx.sql(), id));
                POSTRIDER_ASSIGN(const auto names, retire_old_settings(now));
                if (names.empty()) return false;
                now.version += 1;
                now.updated_at = tx.now();
                POSTRIDER_TRY(store::realms_table::hold_config_version(tx, id));
                POSTRIDER_TRY(store::realms_table::update(tx, now));
                POSTRIDER_TRY(audit::record(tx, Actor::system("upgrade"),
                                            {.realm = id,
                                             .action = "realm.update_settings",
                                             .resource_id = id.to_string(),
                                             .detail = changed_detail(names)}));
                return true;
            });
        if (!written && written.error().code == ErrorCode::resource_exhausted) return {};
        POSTRIDER_TRY(written);
        for (const std::string& name : retired) retired_settings_.push_back(row.name + ": " + name);
    }
    return {};
}

RealmIndex::Entry Directory::entry_of(const store::RealmRow& row) const {
    const auto settings = settings_of(row, options_.settings);
    // With settings that cannot be read it is there all the same, and nothing of its log is hidden.
    const std::int64_t days = settings ? settings->retention_days : limits::retention_days_max;
    if (!settings) {
        store::log_unreadable(fail(settings.error().code, "the settings of the realm " + row.name +
                                                              " cannot be read: save them anew")
                                  .error());
    }
    return {row.id, row.name, days * 24h};
}

Result<bool> Directory::reload(store::sql::Connection& sql, const RealmId& id) {
    POSTRIDER_ASSIGN(const auto row, store::realms_table::find(sql, id));
    if (row) {
        auto entry = entry_of(*row);
        index_.put(entry);
    } else {
        index_.remove(id);
    }
    return row.has_value();
}

Result<void> Directory::reload_all(store::sql::Connection& sql) {
    POSTRIDER_ASSIGN(const auto rows, load_all(sql));
    std::vector<RealmIndex::Entry> entries;
    entries.reserve(rows.size());
    for (const store::RealmRow& row : rows) {
        auto entry = entry_of(row);
        entries.push_back(std::move(entry));
    }
    index_.replace(entries);
    return {};
}

Result<PublishedEvent> Directory::publish(store::Transaction& tx, const Actor& actor,
                                          const store::RealmRow& row, std::string type,
                                          std::string data) {
    POSTRIDER_ASSIGN(const auto who, events::name_of_actor(tx.sql(), actor, row.id));
    const NewEvent event{.type = std::move(type),
                         .resource_id = ResourceId{row.id.uuid},
                         .data = events::with_actor(std::move(data), who, {row.id, row.name}),
                         .timestamp = tx.now()};
    POSTRIDER_ASSIGN(const PublishedEvent published,
                     publisher_.publish(tx, row.id, event, EventOrigin::directory));
    const RealmId master = index_.master();
    if (row.id != master) {
        POSTRIDER_TRY(
            publisher_.publish_copy(tx, master, published, event.data, EventOrigin::directory));
    }
    return published;
}

Result<store::RealmRow> Directory::create_in(store::Transaction& tx, const Actor& actor,
                                             const NewRealm& realm) {
    POSTRIDER_ASSIGN(auto existing, store::realms_table::find_by_name(tx.sql(), realm.name));
    if (existing) return taken("name", "a realm named \"" + realm.name + "\" exists already");
    const store::RealmRow row{.id = tx.mint_id<RealmId>(),
                              .name = realm.name,
                              .display_name = realm.display_name,
                              .settings = "{}",
                              .created_at = tx.now(),
                              .updated_at = tx.now()};
    POSTRIDER_TRY(store::realms_table::insert(tx, row));
    POSTRIDER_TRY(publish(tx, actor, row, "realm.created", realm_event_data(row)));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = row.id, .action = "realm.create", .resource_id = row.id.to_string()}));
    auto entry = entry_of(row);
    tx.after_commit([this, entry] { index_.put(entry); });
    tx.announce({store::Subject::realm, row.id, {}});
    return row;
}

Result<store::RealmRow> Directory::update_in(store::Transaction& tx, const Actor& actor,
                                             const RealmId& id, const RealmChange& change,
                                             const VersionCondition& expected_version) {
    POSTRIDER_ASSIGN(auto found, store::realms_table::find(tx.sql(), id));
    if (!found) return fail(ErrorCode::not_found, "there is no realm " + id.to_string());
    store::RealmRow row = std::move(*found);
    if (!expected_version.holds_for(row.version)) {
        return fail(ErrorCode::failed_precondition,
                    "the realm has changed since it was read; read it again");
    }
    if (!change.display_name || *change.display_name == row.display_name) return row;
    row.display_name = *change.display_name;
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::realms_table::hold_config_version(tx, row.id));  // before its row
    POSTRIDER_TRY(store::realms_table::update(tx, row));
    POSTRIDER_TRY(publish(tx, actor, row, "realm.updated",
                          realm_event_data(row, std::vector<std::string>{"display_name"})));
    POSTRIDER_TRY(audit::record(tx, actor,
                                {.realm = row.id,
                                 .action = "realm.update",
                                 .resource_id = row.id.to_string(),
                                 .detail = R"({"changed":["display_name"]})"}));
    return row;
}

Result<void> Directory::delete_realm(store::Transaction& tx, const Caller& caller,
                                     const Address<RealmId>& address) {
    POSTRIDER_ASSIGN(const auto row, require_realm(tx.sql(), address.id));
    POSTRIDER_TRY(check_version(address.version, row.version));
    if (row.name == master_name) {
        return fail(ErrorCode::conflict, "the realm master administers the others and stays");
    }
    POSTRIDER_TRY(clear_realm(tx.sql(), caller, row.id, tx.now()));
    POSTRIDER_ASSIGN(const auto counts, store::realms_table::count_rows(tx.sql(), row.id));
    // First the event: a deletion matches as before the change.
    POSTRIDER_ASSIGN(const auto event, publish(tx, caller.actor, row, "realm.deleted",
                                               deleted_realm_data(row, counts)));
    POSTRIDER_TRY(webhooks_.realm_deleted(tx, row.id, event.id));
    POSTRIDER_TRY(store::realms_table::bury(tx, row.id, tx.now()));
    // Its own log goes with it, so master's has it.
    POSTRIDER_TRY(audit::record(tx, caller.actor,
                                {.realm = index_.master(),
                                 .action = "realm.delete",
                                 .resource_id = row.id.to_string(),
                                 .detail = "{\"name\":\"" + row.name + "\"}"}));
    tx.announce({store::Subject::realm, row.id, {}});
    tx.after_commit([this, id = row.id] {
        index_.remove(id);
        if (options_.realm_deleted) options_.realm_deleted(id);
    });
    return {};
}

Result<Directory::Keys> Directory::settle_keys(store::Transaction& tx, const Caller& caller,
                                               const std::vector<UserId>& users, KeyFate fate) {
    POSTRIDER_ASSIGN(auto keys, keys_made_by(tx.sql(), users));
    if (fate == KeyFate::revoke) POSTRIDER_TRY(api_keys_.revoke_all(tx, caller, keys));
    return keys;
}

Result<Directory::Keys> Directory::remove_user(store::Transaction& tx, const Caller& caller,
                                               const Address<UserId>& address, KeyFate fate) {
    POSTRIDER_TRY(users_.remove(tx, caller, address));
    return settle_keys(tx, caller, {address.id}, fate);
}

Result<Directory::Keys> Directory::remove_users(store::Transaction& tx, const Caller& caller,
                                                const RealmId& realm,
                                                const std::vector<UserId>& ids, KeyFate fate) {
    POSTRIDER_TRY(users_.remove_many(tx, caller, realm, ids));
    return settle_keys(tx, caller, ids, fate);
}

Result<Directory::Keys> Directory::unassign_role(store::Transaction& tx, const Caller& caller,
                                                 const Address<UserId>& address, const RoleId& role,
                                                 KeyFate fate) {
    POSTRIDER_TRY(users_.unassign(tx, caller, address, role));
    return settle_keys(tx, caller, {address.id}, fate);
}

Result<std::optional<RealmId>> Directory::purge_step(store::Transaction& tx, const RealmId& after) {
    POSTRIDER_ASSIGN(auto buried,
                     store::realms_table::buried(tx.sql(), limits::realms_purged_at_once));
    // In turns: one of which nothing can go now, or only slowly, holds up no other.
    std::ranges::sort(buried);
    std::ranges::rotate(buried, std::ranges::upper_bound(buried, after));
    for (const RealmId& id : buried) {
        POSTRIDER_ASSIGN(const auto removed,
                         store::realms_table::purge(tx, id, limits::realm_purge_rows));
        if (removed > 0) return id;
    }
    return std::nullopt;
}

Result<VersionedSettings> Directory::settings(store::sql::Connection& sql,
                                              const RealmId& realm) const {
    POSTRIDER_ASSIGN(const auto row, require_realm(sql, realm));
    POSTRIDER_ASSIGN(auto found, settings_of(row, options_.settings));
    return VersionedSettings{std::move(found), row.version};
}

Result<VersionedSettings> Directory::save_settings(store::Transaction& tx, const Actor& actor,
                                                   store::RealmRow row,
                                                   const std::vector<std::string>& changed) {
    POSTRIDER_ASSIGN(auto after, settings_of(row, options_.settings));
    row.version += 1;
    row.updated_at = tx.now();
    POSTRIDER_TRY(store::realms_table::hold_config_version(tx, row.id));  // before its row
    POSTRIDER_ASSIGN(const auto before, require_realm(tx.sql(), row.id));
    POSTRIDER_TRY(store::realms_table::update(tx, row));
    auto entry = entry_of(row);
    tx.after_commit([this, entry] { index_.put(entry); });
    tx.announce({store::Subject::realm, row.id, {}});
    webhooks_.realm_changed(tx, before, row);
    POSTRIDER_TRY(
        publish(tx, actor, row, "realm.settings.updated", settings_json(after, &changed)));
    POSTRIDER_TRY(audit::record(tx, actor,
                                {.realm = row.id,
                                 .action = "realm.update_settings",
                                 .resource_id = row.id.to_string(),
                                 .detail = changed_detail(changed)}));
    return VersionedSettings{std::move(after), row.version};
}

namespace {

/// Whether the realm's settings leave it as it is how a webhook is sent.
bool is_sent_alike(const webhooks::Webhook& webhook, const Settings& before,
                   const Settings& after) {
    return (webhook.timeout || before.timeout == after.timeout) &&
           (webhook.retry_schedule || before.retry_schedule == after.retry_schedule) &&
           before.allowed_networks == after.allowed_networks;
}

}  // namespace

Result<VersionedSettings> Directory::update_settings(store::Transaction& tx, const Caller& caller,
                                                     const Address<RealmId>& address,
                                                     const SettingsChange& change) {
    POSTRIDER_ASSIGN(auto row, require_realm(tx.sql(), address.id));
    POSTRIDER_TRY(check_version(address.version, row.version));
    POSTRIDER_ASSIGN(const auto before, settings_of(row, options_.settings));
    POSTRIDER_ASSIGN(auto changed, apply(change, caller, row, options_.settings));
    POSTRIDER_ASSIGN(auto after, settings_of(row, options_.settings));
    const auto& chosen = before.password_reset_webhook;
    const bool is_weaker = chosen && !caller.held.has_all(chosen->set_by);
    if (is_weaker && chosen == after.password_reset_webhook) {
        const auto webhook = webhooks_.find(tx.sql(), row.id, chosen->id);
        if (webhook && !is_sent_alike(*webhook, before, after)) {
            SettingsChange end;
            end.password_reset_webhook.reset();
            POSTRIDER_TRY(apply(end, caller, row, options_.settings));
            after.password_reset_webhook.reset();
            changed.push_back("password_reset_webhook");
        }
    }
    if (changed.empty()) return VersionedSettings{std::move(after), row.version};
    if (before.password_reset_webhook != after.password_reset_webhook) {
        if (after.password_reset_webhook) {
            POSTRIDER_TRY(
                check_reset_webhook(tx.sql(), caller, row.id, *after.password_reset_webhook));
        }
        if (before.password_reset_webhook) {
            POSTRIDER_TRY(store::sealed_resets_table::remove_of_webhook(
                tx, row.id, before.password_reset_webhook->id));
        }
    }
    return save_settings(tx, caller.actor, std::move(row), changed);
}

Result<std::optional<ResetWebhook>> Directory::reset_webhook(store::sql::Connection& sql,
                                                             const RealmId& realm,
                                                             const WebhookId& webhook) const {
    POSTRIDER_ASSIGN(const auto row, require_realm(sql, realm));
    POSTRIDER_ASSIGN(const auto settings, settings_of(row, options_.settings));
    const auto& chosen = settings.password_reset_webhook;
    if (!chosen || chosen->id != webhook) return std::nullopt;
    return chosen;
}

Result<void> Directory::end_reset_webhook(store::Transaction& tx, const Actor& actor,
                                          const RealmId& realm) {
    POSTRIDER_ASSIGN(auto row, require_realm(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto before, settings_of(row, options_.settings));
    SettingsChange change;
    change.password_reset_webhook.reset();
    POSTRIDER_ASSIGN(const auto changed, apply(change, {actor, {}}, row, options_.settings));
    POSTRIDER_TRY(store::sealed_resets_table::remove_of_webhook(tx, realm,
                                                                before.password_reset_webhook->id));
    POSTRIDER_TRY(save_settings(tx, actor, std::move(row), changed));
    return {};
}

namespace {

/// All that decides whether, when, where and how something is sent.
auto sending(const webhooks::Webhook& webhook) {
    return std::tie(webhook.url, webhook.enabled, webhook.events, webhook.controls, webhook.timeout,
                    webhook.retry_schedule, webhook.signing);
}

}  // namespace

Result<webhooks::Saved> Directory::update_webhook(store::Transaction& tx, const Caller& caller,
                                                  const webhooks::Address& address,
                                                  const webhooks::Change& change) {
    if (address.realm == index_.master() && !caller.held.has(access::Permission::manage_realms)) {
        // Whoever may not ask for the events of all realms may not lead them elsewhere either.
        POSTRIDER_ASSIGN(const auto before, webhooks_.find(tx.sql(), address.realm, address.id));
        if (before.controls.takes_all_realms()) {
            return fail(ErrorCode::permission_denied,
                        "a webhook of all realms needs the permission manage_realms");
        }
    }
    POSTRIDER_ASSIGN(const auto chosen, reset_webhook(tx.sql(), address.realm, address.id));
    if (!chosen || caller.held.has_all(chosen->set_by)) {
        return webhooks_.update(tx, address, change, caller.actor);
    }
    POSTRIDER_ASSIGN(const auto before, webhooks_.reveal(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(auto saved, webhooks_.update(tx, address, change, caller.actor));
    POSTRIDER_ASSIGN(const auto after, webhooks_.reveal(tx.sql(), address.realm, address.id));
    const bool is_sent_alike =
        before.headers == after.headers && sending(before.webhook) == sending(after.webhook);
    if (!is_sent_alike) POSTRIDER_TRY(end_reset_webhook(tx, caller.actor, address.realm));
    return saved;
}

Result<webhooks::Webhooks::Rotated> Directory::rotate_webhook_secret(
    store::Transaction& tx, const Caller& caller, const webhooks::Address& address,
    const webhooks::Rotation& rotation) {
    POSTRIDER_ASSIGN(const auto chosen, reset_webhook(tx.sql(), address.realm, address.id));
    POSTRIDER_ASSIGN(auto rotated, webhooks_.rotate_secret(tx, address, rotation, caller.actor));
    if (chosen && !caller.held.has_all(chosen->set_by)) {
        POSTRIDER_TRY(end_reset_webhook(tx, caller.actor, address.realm));
    }
    return rotated;
}

Result<void> Directory::remove_webhook(store::Transaction& tx, const Caller& caller,
                                       const webhooks::Address& address) {
    POSTRIDER_ASSIGN(const auto chosen, reset_webhook(tx.sql(), address.realm, address.id));
    POSTRIDER_TRY(webhooks_.remove(tx, address, caller.actor));
    if (chosen) POSTRIDER_TRY(end_reset_webhook(tx, caller.actor, address.realm));
    return {};
}

void Directory::create_realm(const store::RealmStore& store, Actor actor, NewRealm realm,
                             RealmDone done) {
    auto checked = check_realm_name(realm.name);
    if (checked) checked = check_display_name(realm.display_name);
    if (!checked) return done(std::unexpected(std::move(checked).error()));
    store::write<store::RealmRow>(
        store,
        [this, actor = std::move(actor), realm = std::move(realm)](store::Transaction& tx) {
            return create_in(tx, actor, realm);
        },
        std::move(done));
}

void Directory::update_realm(const store::RealmStore& store, Actor actor, RealmId id,
                             RealmChange change, const VersionCondition& expected_version,
                             RealmDone done) {
    if (change.display_name) {
        if (auto checked = check_display_name(*change.display_name); !checked) {
            return done(std::unexpected(std::move(checked).error()));
        }
    }
    store::write<store::RealmRow>(
        store,
        [this, actor = std::move(actor), id, change = std::move(change), expected_version](
            store::Transaction& tx) { return update_in(tx, actor, id, change, expected_version); },
        std::move(done));
}

}  // namespace postrider::directory
