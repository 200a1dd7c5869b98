#include "webhooks/webhooks.h"

#include <fmt/format.h>

#include <map>

#include "audit/record.h"
#include "events/filter.h"
#include "events/told_by.h"
#include "model/operational_limits.h"
#include "model/webhook_limits.h"
#include "store/breakers_table.h"
#include "store/cancellations_table.h"
#include "store/counters_table.h"
#include "store/fan_outs_table.h"
#include "store/store_error.h"
#include "store/tables.h"
#include "store/versions_table.h"
#include "store/wait.h"
#include "store/webhook_visits.h"

namespace postrider::webhooks {
namespace {

using store::Transaction;
using store::WebhookRow;

constexpr std::string_view master_realm = "master";

std::unexpected<Error> not_found(const WebhookId& id) {
    return fail(ErrorCode::not_found, fmt::format("there is no webhook \"{}\"", id.to_string()));
}

/// The row of a webhook that is not deleted.
Result<WebhookRow> find_row(store::sql::Connection& sql, const RealmId& realm,
                            const WebhookId& id) {
    POSTRIDER_ASSIGN(auto row, store::webhooks_table::find(sql, realm, id));
    if (!row || row->deleted_at) return not_found(id);
    return std::move(*row);
}

Result<std::vector<std::string>> own_types(store::sql::Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(const auto rows, store::event_types_table::all(sql, realm));
    std::vector<std::string> names;
    for (const auto& row : rows) names.push_back(row.name);
    return names;
}

/// From the next event on, the webhook is matched as the row says.
Result<void> begin_version(Transaction& tx, const WebhookRow& row) {
    const Uuid since = tx.mint();
    POSTRIDER_TRY(
        store::webhook_versions_table::append(tx, {.realm = row.realm,
                                                   .webhook = row.id,
                                                   .since = since,
                                                   .enabled = row.enabled,
                                                   .reason = row.disabled_reason,
                                                   .events = row.events,
                                                   .filter = events::filter_in(row.controls),
                                                   .ordered = row.ordered}));
    if (events::asks_for_all_realms(row.controls)) {
        POSTRIDER_TRY(store::webhook_versions_table::set_all_realms(tx, row.realm, row.id, since));
    }
    return store::realms_table::raise_config_version(tx, row.realm);
}

/// Why what is pending of it is cancelled; "": it waits until the webhook can be read again.
std::string_view cancel_reason(DisabledReason reason) {
    switch (reason) {
        case DisabledReason::none:
        case DisabledReason::corrupt:
            return "";
        case DisabledReason::by_hand:
            return "The webhook was disabled.";
        case DisabledReason::gone:
            return "The webhook was disabled: its receiver answered 410 Gone.";
        case DisabledReason::failing:
            return "The webhook was disabled: nothing but failures for too long.";
        case DisabledReason::deleted:
            return "The webhook was deleted.";
    }
    return "";
}

/// What the audit log keeps of a change: names of fields, never values.
std::string audit_detail(std::string_view name, const std::vector<std::string>& words) {
    return fmt::format("{{\"{}\":{}}}", name, to_json(words));
}

/// An empty row stands for a realm that is being deleted, whose last event uses the server's own
/// conditions, and for one whose row cannot be read.
Result<store::RealmRow> realm_or_none(store::sql::Connection& sql, const RealmId& realm) {
    auto found = store::realms_table::find(sql, realm);
    if (found) return std::move(*found).value_or(store::RealmRow{});
    if (found.error().code == ErrorCode::corrupt) return store::RealmRow{};
    return std::unexpected(std::move(found).error());
}

constexpr std::string_view look_it_up =
    "ask for no value that can be looked up, and each of those is held against each event; add a "
    "condition that a member equals a value, such as {\"data\": {\"customer\": \"c1\"}}";

}  // namespace

Webhooks::Webhooks(const vault::Vault& vault, events::Publisher& publisher,
                   Cancellations& cancellations, TargetRebuilds& rebuilds, TargetSink& sink,
                   Random& random, Defaults defaults)
    : builder_(vault, std::move(defaults)),
      publisher_(publisher),
      operational_(publisher),
      cancellations_(cancellations),
      rebuilds_(rebuilds),
      sink_(sink),
      random_(random) {
    cancellations_.set_part([this](Transaction& tx, const store::CancellationRow& row,
                                   Timestamp since) { return cancel_part(tx, row, since); });
    rebuilds_.set_up(
        [this](store::sql::Connection& sql, const RealmId& realm, std::optional<WebhookId> last) {
            return rebuild_part(sql, realm, last);
        },
        [this](SharedTarget target) { sink_.target_rebuilt(std::move(target)); });
}

Result<RealmConditions> Webhooks::conditions_of(store::sql::Connection& sql,
                                                const RealmId& realm) const {
    POSTRIDER_ASSIGN(const auto row, store::realms_table::find(sql, realm));
    if (!row) return fail(ErrorCode::not_found, "this realm does not exist");
    return builder_.conditions(*row);
}

void Webhooks::tell_sink(Transaction& tx, SharedTarget target) {
    tx.announce({store::Subject::webhook, target->realm, target->webhook.uuid});
    tx.after_commit([this, target = std::move(target)] { tell_now(target); });
}

void Webhooks::tell_now(SharedTarget target) {
    memory_.put(*target);
    sink_.target_changed(std::move(target));
}

void Webhooks::remove_now(const WebhookId& webhook) {
    memory_.remove(webhook);
    sink_.target_removed(webhook);
}

Result<void> Webhooks::reload(store::sql::Connection& sql, const RealmId& realm,
                              const WebhookId& id) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, id));
    if (!row) {
        remove_now(id);
        return {};
    }
    POSTRIDER_ASSIGN(const auto found, realm_or_none(sql, realm));
    tell_now(builder_.build(*row, builder_.conditions_or_defaults(found)));
    return {};
}

Result<void> Webhooks::reload_all(store::sql::Connection& sql) {
    return reload_all(sql, [](const WebhookRow&) {});
}

Result<void> Webhooks::reload_all(store::sql::Connection& sql,
                                  const std::function<void(const WebhookRow&)>& visit) {
    POSTRIDER_ASSIGN(const auto realms, store::webhooks_table::realms(sql));
    std::map<RealmId, RealmConditions> conditions;
    for (const RealmId& realm : realms) {
        POSTRIDER_ASSIGN(const auto row, realm_or_none(sql, realm));
        conditions.emplace(realm, builder_.conditions_or_defaults(row));
    }
    return store::webhooks_table::visit_all(sql, [&](const WebhookRow& row) {
        const auto known = conditions.find(row.realm);
        if (known == conditions.end()) return;  // its realm's id cannot be read
        tell_now(builder_.build(row, known->second));
        visit(row);
    });
}

Result<void> Webhooks::load_targets(store::Store& store) {
    using Tombstones = std::vector<std::pair<RealmId, WebhookId>>;
    POSTRIDER_ASSIGN(const auto tombstones,
                     store::read_now<Tombstones>(
                         store, [this](store::sql::Connection& sql) -> Result<Tombstones> {
                             Tombstones found;
                             POSTRIDER_TRY(reload_all(sql, [&](const WebhookRow& row) {
                                 if (row.deleted_at) found.emplace_back(row.realm, row.id);
                             }));
                             return found;
                         }));
    for (const auto& each : tombstones) {
        auto purged = store::write_now<bool>(store, [this, &each](Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(purge_if_final(tx, each.first, each.second));
            return true;
        });
        if (purged) continue;
        if (store::is_of_the_store(purged.error())) return std::unexpected(purged.error());
        store::log_unreadable(purged.error());  // the others are not kept for it
    }
    return {};
}

/// The event of a change, with who made it.
Result<PublishedEvent> Webhooks::tell(Transaction& tx, const Actor& actor, const RealmId& realm,
                                      Told told) {
    POSTRIDER_ASSIGN(const auto name, events::name_of_realm(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto who, events::name_of_actor(tx.sql(), actor, realm));
    return publisher_.publish(tx, realm,
                              {.type = std::move(told.type),
                               .resource_id = ResourceId{told.webhook.uuid},
                               .data = events::with_actor(std::move(told.data), who, name),
                               .timestamp = {}},
                              EventOrigin::directory);
}

Result<Saved> Webhooks::create(Transaction& tx, const RealmId& realm, const Change& change,
                               const Actor& actor) {
    POSTRIDER_ASSIGN(const auto conditions, conditions_of(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto types, own_types(tx.sql(), realm));
    POSTRIDER_ASSIGN(auto draft, make_draft(change, nullptr,
                                            {.policy = *conditions.policy,
                                             .own_types = types,
                                             .is_master = conditions.name == master_realm},
                                            random_));
    POSTRIDER_ASSIGN(const auto count, store::webhooks_table::count(tx.sql(), realm));
    if (static_cast<std::size_t>(count) >= limits::webhooks_per_realm_max) {
        return fail(ErrorCode::conflict,
                    fmt::format("the realm has {} webhooks, and more are not possible: delete one "
                                "that is no longer needed",
                                count));
    }
    auto& webhook = draft.webhook;
    webhook.realm = realm;
    webhook.id = tx.mint_id<WebhookId>();
    webhook.created_at = webhook.updated_at = tx.now();
    WebhookRow row;
    into_row(webhook, row);
    builder_.seal_headers(row, draft.headers);
    builder_.seal_secret(row, draft.secret);
    builder_.seal_credential(row, draft.credential);
    builder_.seal_tls(row, draft.tls);
    if (change.keys) seal_previous(row, *change.keys, tx.now());
    auto target = builder_.build(row, conditions);
    POSTRIDER_TRY(memory_.check(*target));
    POSTRIDER_TRY(store::webhooks_table::insert(tx, row));
    POSTRIDER_TRY(begin_version(tx, row));
    POSTRIDER_TRY(check_filter(tx, webhook));
    // Before the event: the engine knows the webhook when its first delivery is offered.
    tell_sink(tx, std::move(target));
    POSTRIDER_TRY(tell(tx, actor, realm, {"webhook.created", webhook.id, event_data(webhook)}));
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm, .action = "webhook.create", .resource_id = webhook.id.to_string()}));
    return Saved{webhook, show_secret(webhook.signing, draft.secret, {}, {})};
}

/// The secret that still signs beside the new one, as where the webhook comes from.
void Webhooks::seal_previous(WebhookRow& row, const GivenKeys& keys, Timestamp now) const {
    if (keys.previous.empty() || !keys.previous_expires_at) return;
    if (*keys.previous_expires_at <= now) return;
    builder_.seal_previous_secret(row, keys.previous);
    row.previous_expires_at = std::min(*keys.previous_expires_at, now + limits::secret_overlap_max);
}

Result<Webhooks::Loaded> Webhooks::load(Transaction& tx, const Address& address) {
    Loaded loaded;
    POSTRIDER_ASSIGN(loaded.row, find_row(tx.sql(), address.realm, address.id));
    if (!address.version.holds_for(loaded.row.version)) {
        return fail(ErrorCode::failed_precondition,
                    fmt::format("it has changed since it was read: its ETag is now \"{}\"; read it "
                                "again",
                                loaded.row.version));
    }
    POSTRIDER_ASSIGN(loaded.conditions, conditions_of(tx.sql(), address.realm));
    loaded.existing.webhook = from_row(loaded.row);
    POSTRIDER_ASSIGN(loaded.existing.headers, builder_.open_headers(loaded.row));
    POSTRIDER_ASSIGN(loaded.existing.secret, builder_.open_secret(loaded.row));
    POSTRIDER_ASSIGN(loaded.existing.credential, builder_.open_credential(loaded.row));
    POSTRIDER_ASSIGN(loaded.existing.tls, builder_.open_tls(loaded.row));
    return loaded;
}

void Webhooks::set_secrets(Transaction& tx, Loaded& loaded, const Draft& draft,
                           Duration overlap) const {
    auto& row = loaded.row;
    if (draft.secret != loaded.existing.secret) builder_.seal_secret(row, draft.secret);
    if (draft.old_secret == OldSecret::overlaps && overlap > Duration{0}) {
        builder_.seal_previous_secret(row, loaded.existing.secret);
        row.previous_expires_at = tx.now() + overlap;
        return;
    }
    const bool has_expired = row.previous_expires_at && *row.previous_expires_at <= tx.now();
    if (draft.old_secret != OldSecret::untouched || has_expired) {
        row.previous_secret.clear();
        row.previous_expires_at.reset();
    }
}

Result<void> Webhooks::check_filter(Transaction& tx, const Webhook& webhook) {
    const auto& controls = webhook.controls;
    if (!webhook.enabled || !(controls.filter || controls.takes_all_realms())) return {};
    POSTRIDER_ASSIGN(const auto matcher, publisher_.current(tx, webhook.realm));
    if (controls.takes_all_realms() &&
        matcher->all_realms_count() > limits::all_realms_webhooks_max) {
        return fail_field("#/realms",
                          fmt::format("is one too many: {} other webhooks take the events of all "
                                      "realms; let one of them pass several on",
                                      limits::all_realms_webhooks_max));
    }
    if (!controls.filter) return {};
    if (matcher->conditions() > limits::realm_conditions_max) {
        return fail_field("#/filter",
                          fmt::format("is too much: the filters of a realm's webhooks have at most "
                                      "{} conditions and values together",
                                      limits::realm_conditions_max));
    }
    const auto held = matcher->held_with(webhook.id);
    if (held.filters > limits::slow_filters_max) {
        return fail_field(
            "#/filter", fmt::format("is one too many: of an event type of it, {} other filters {}",
                                    limits::slow_filters_max, look_it_up));
    }
    if (held.conditions <= limits::filter_conditions_beside_max) return {};
    return fail_field(
        "#/filter",
        fmt::format("is too much: of an event type of it, filters with more than {} conditions "
                    "together {}",
                    limits::filter_conditions_beside_max, look_it_up));
}

/// Requires: draft.changed is not empty.
Result<void> Webhooks::save(Transaction& tx, Loaded& loaded, Draft& draft, const Actor& actor,
                            std::string_view action, std::optional<Duration> overlap) {
    auto& webhook = draft.webhook;
    auto& row = loaded.row;
    webhook.version += 1;
    webhook.updated_at = tx.now();
    into_row(webhook, row);
    if (draft.has_changed("headers")) builder_.seal_headers(row, draft.headers);
    if (draft.has_changed("authentication")) builder_.seal_credential(row, draft.credential);
    if (draft.has_changed("tls")) builder_.seal_tls(row, draft.tls);
    set_secrets(tx, loaded, draft, overlap.value_or(loaded.conditions.secret_overlap));
    auto target = builder_.build(row, loaded.conditions);
    POSTRIDER_TRY(memory_.check(*target));
    POSTRIDER_TRY(store::webhooks_table::update(tx, row));

    const bool was_switched = draft.has_changed("enabled");
    if (was_switched || draft.has_changed("events") || draft.has_changed("filter") ||
        draft.has_changed("ordering") || draft.has_changed("realms")) {
        POSTRIDER_TRY(begin_version(tx, row));
        POSTRIDER_TRY(check_filter(tx, webhook));
    }
    if (was_switched && !row.enabled) POSTRIDER_TRY(cancel_all(tx, row));
    if (was_switched && row.enabled) {
        POSTRIDER_TRY(store::cancellations_table::end_at(tx, row.realm, row.id, tx.mint()));
    }
    if ((was_switched && row.enabled) || draft.has_changed("url") ||
        draft.has_changed("authentication") || draft.has_changed("tls")) {
        POSTRIDER_TRY(store::webhook_health_table::clear(tx, row.realm, row.id));
        POSTRIDER_TRY(store::breakers_table::remove(tx, row.realm, row.id));
    }
    tell_sink(tx, std::move(target));
    POSTRIDER_TRY(tell(tx, actor, row.realm,
                       {"webhook.updated", row.id, event_data(webhook, &draft.changed)}));
    return audit::record(tx, actor,
                         {.realm = row.realm,
                          .action = std::string(action),
                          .resource_id = row.id.to_string(),
                          .detail = audit_detail("changed", draft.changed)});
}

Result<Saved> Webhooks::update(Transaction& tx, const Address& address, const Change& change,
                               const Actor& actor) {
    POSTRIDER_ASSIGN(auto loaded, load(tx, address));
    std::vector<std::string> types;
    if (change.events) {
        POSTRIDER_ASSIGN(types, own_types(tx.sql(), address.realm));
    }
    POSTRIDER_ASSIGN(auto draft, make_draft(change, &loaded.existing,
                                            {.policy = *loaded.conditions.policy,
                                             .own_types = types,
                                             .is_master = loaded.conditions.name == master_realm},
                                            random_));
    if (draft.changed.empty()) return Saved{loaded.existing.webhook, {}};
    POSTRIDER_TRY(save(tx, loaded, draft, actor, "webhook.update"));
    Saved saved{draft.webhook, {}};
    saved.was_disabled = draft.has_changed("enabled") && !draft.webhook.enabled;
    if (draft.shows_secret) {
        saved.secret = show_secret(draft.webhook.signing, draft.secret, {}, {});
    }
    return saved;
}

Result<Webhooks::Rotated> Webhooks::rotate_secret(Transaction& tx, const Address& address,
                                                  const Rotation& rotation, const Actor& actor) {
    POSTRIDER_ASSIGN(auto loaded, load(tx, address));
    POSTRIDER_ASSIGN(auto draft, make_rotated(rotation, loaded.existing, random_));
    if (!draft.changed.empty()) {
        POSTRIDER_TRY(save(tx, loaded, draft, actor, "webhook.rotate_secret", rotation.overlap));
    }
    POSTRIDER_ASSIGN(const auto previous, builder_.open_previous_secret(loaded.row));
    return Rotated{draft.webhook.version, show_secret(draft.webhook.signing, draft.secret, previous,
                                                      loaded.row.previous_expires_at)};
}

Result<void> Webhooks::remove(Transaction& tx, const Address& address, const Actor& actor) {
    POSTRIDER_ASSIGN(auto loaded, load(tx, address));
    auto& row = loaded.row;
    // First the event: a deletion matches as before the change.
    POSTRIDER_ASSIGN(const auto event,
                     tell(tx, actor, row.realm,
                          {"webhook.deleted", row.id, event_data(loaded.existing.webhook)}));
    row.enabled = false;
    row.disabled_reason = DisabledReason::deleted;
    row.deleted_at = tx.now();
    row.updated_at = tx.now();
    row.version += 1;
    POSTRIDER_TRY(store::webhooks_table::update(tx, row));
    POSTRIDER_TRY(
        store::counters_table::keep_name(tx, row.realm, row.id, row.name, *row.deleted_at));
    POSTRIDER_TRY(begin_version(tx, row));
    POSTRIDER_TRY(cancel_all(tx, row, event.id));
    tell_sink(tx, builder_.build(row, loaded.conditions));
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = row.realm, .action = "webhook.delete", .resource_id = row.id.to_string()}));
    return purge_if_final(tx, row.realm, row.id);
}

Result<bool> Webhooks::disable(Transaction& tx, const RealmId& realm, const WebhookId& id,
                               DisabledReason reason, const Actor& actor) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, id));
    if (!row || row->deleted_at || !row->enabled) return false;
    // Also where the realm's settings cannot be read: outcomes of others are recorded with it.
    POSTRIDER_ASSIGN(const auto found, realm_or_none(tx.sql(), realm));
    Loaded loaded{
        .row = *row, .existing = {}, .conditions = builder_.conditions_or_defaults(found)};
    loaded.existing.webhook = from_row(*row);
    Draft draft{.webhook = loaded.existing.webhook,
                .headers = {},
                .secret = {},
                .changed = {"enabled", "disabled_reason"}};
    draft.webhook.enabled = false;
    draft.webhook.disabled_reason = reason;
    POSTRIDER_TRY(save(tx, loaded, draft, actor, "webhook.disable"));
    POSTRIDER_TRY(operational_.disabled(tx, realm, id, reason));
    return true;
}

Result<void> Webhooks::purge_if_final(Transaction& tx, const RealmId& realm, const WebhookId& id) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, id));
    if (!row || !row->deleted_at) return {};
    POSTRIDER_ASSIGN(const bool is_pending,
                     store::deliveries_table::has_pending(tx.sql(), realm, id));
    if (is_pending) return {};
    POSTRIDER_TRY(store::webhooks_table::purge(tx, realm, id));
    tx.after_commit([this, id] { remove_now(id); });
    tx.announce({store::Subject::webhook, realm, id.uuid});
    return {};
}

void Webhooks::realm_changed(Transaction& tx, const store::RealmRow& before,
                             const store::RealmRow& after) {
    if (builder_.conditions_or_defaults(after) == builder_.conditions_or_defaults(before)) return;
    tx.after_commit([this, realm = after.id] { rebuilds_.proceed(realm); });
    tx.answer_after([this, realm = after.id](std::function<void()> then) {
        rebuilds_.when_done(realm, std::move(then));
    });
}

Result<TargetRebuilds::Part> Webhooks::rebuild_part(store::sql::Connection& sql,
                                                    const RealmId& realm,
                                                    std::optional<WebhookId> last) const {
    constexpr std::size_t most = limits::targets_built_at_once;
    POSTRIDER_ASSIGN(const auto found, realm_or_none(sql, realm));
    const auto conditions = builder_.conditions_or_defaults(found);
    POSTRIDER_ASSIGN(const auto rows, store::webhooks_table::list(sql, realm, last, most));
    TargetRebuilds::Part part;
    for (const auto& row : rows) part.targets.push_back(builder_.build(row, conditions));
    if (rows.read() == most && rows.last) part.last = WebhookId{*rows.last};
    return part;
}

Result<void> Webhooks::realm_deleted(Transaction& tx, const RealmId& realm, const EventId& last) {
    const store::CancellationRow all{.realm = realm,
                                     .id = tx.mint(),
                                     .webhook = {},
                                     .reason = std::string(cancel_reason(DisabledReason::deleted)),
                                     .at = tx.now(),
                                     .except = last,
                                     .before = {}};
    POSTRIDER_TRY(store::cancellations_table::insert(tx, all));
    wait_for_cancellations(tx, realm);
    return store::realms_table::raise_config_version(tx, realm);
}

Result<void> Webhooks::bury(Transaction& tx, WebhookRow row, const RealmConditions& conditions,
                            const store::CancellationRow& all) {
    row.enabled = false;
    row.disabled_reason = DisabledReason::deleted;
    row.deleted_at = all.at;
    row.updated_at = all.at;
    row.version += 1;
    POSTRIDER_TRY(store::webhooks_table::update(tx, row));
    POSTRIDER_TRY(cancel_first(tx, row, all.except));
    tell_sink(tx, builder_.build(row, conditions));
    return purge_if_final(tx, row.realm, row.id);
}

/// Of a deleted realm: some of its webhooks become tombstones.
Result<Cancellations::Done> Webhooks::bury_some(Transaction& tx,
                                                const store::CancellationRow& all) {
    // A webhook that goes before its delivery of the deletion is written would not get it.
    POSTRIDER_ASSIGN(const auto parts, store::fan_outs_table::count(tx.sql(), all.realm, 1));
    if (parts > 0) return Cancellations::Done{.since = {}, .waits = true};
    const auto conditions = builder_.conditions_or_defaults(store::RealmRow{});
    POSTRIDER_ASSIGN(auto rows, store::webhooks_table::list(tx.sql(), all.realm, {},
                                                            limits::cancel_part_webhooks));
    if (rows.unreadable > 0) {
        // They stay in the list, and must not hide those after them.
        POSTRIDER_ASSIGN(rows, store::webhooks_table::list(tx.sql(), all.realm, {},
                                                           limits::webhooks_per_realm_max));
    }
    if (rows.empty()) {
        POSTRIDER_TRY(store::cancellations_table::remove(tx, all.realm, all.id));
        return Cancellations::Done{.is_finished = true, .since = {}};
    }
    if (rows.size() > limits::cancel_part_webhooks) rows.resize(limits::cancel_part_webhooks);
    for (auto& row : rows) POSTRIDER_TRY(bury(tx, std::move(row), conditions, all));
    return Cancellations::Done{};
}

/// Whether there is more, which is then noted.
Result<bool> Webhooks::cancel_first(Transaction& tx, const WebhookRow& row,
                                    std::optional<EventId> except) {
    const auto reason = cancel_reason(row.disabled_reason);
    if (reason.empty()) return false;
    const store::CancellationRow cancellation{.realm = row.realm,
                                              .id = tx.mint(),
                                              .webhook = row.id,
                                              .reason = std::string(reason),
                                              .at = tx.now(),
                                              .except = except,
                                              .before = {}};
    POSTRIDER_ASSIGN(const auto part,
                     store::cancellations_table::cancel(tx, cancellation, Timestamp{},
                                                        limits::cancel_part_deliveries));
    if (part.count < limits::cancel_part_deliveries) return false;
    POSTRIDER_TRY(store::cancellations_table::insert(tx, cancellation));
    return true;
}

Result<void> Webhooks::cancel_all(Transaction& tx, const WebhookRow& row,
                                  std::optional<EventId> except) {
    POSTRIDER_ASSIGN(const bool has_more, cancel_first(tx, row, except));
    if (has_more) wait_for_cancellations(tx, row.realm);
    return {};
}

void Webhooks::wait_for_cancellations(Transaction& tx, const RealmId& realm) {
    tx.after_commit([this, realm] { cancellations_.proceed(realm); });
    tx.answer_after([this, realm](std::function<void()> then) {
        cancellations_.when_done(realm, std::move(then));
    });
}

Result<Cancellations::Done> Webhooks::cancel_part(Transaction& tx,
                                                  const store::CancellationRow& row,
                                                  Timestamp since) {
    if (row.webhook.is_nil()) return bury_some(tx, row);
    POSTRIDER_ASSIGN(const auto part, store::cancellations_table::cancel(
                                          tx, row, since, limits::cancel_part_deliveries));
    if (part.count > 0) return Cancellations::Done{.since = part.last_due_at};
    // Once more from the beginning: an attempt that was under way may have left a retry there.
    if (since != Timestamp{}) return Cancellations::Done{};
    POSTRIDER_TRY(store::cancellations_table::remove(tx, row.realm, row.id));
    POSTRIDER_TRY(purge_if_final(tx, row.realm, row.webhook));
    return Cancellations::Done{.is_finished = true, .since = {}};
}

Result<Webhook> Webhooks::find(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& id) const {
    POSTRIDER_ASSIGN(const auto row, find_row(sql, realm, id));
    return from_row(row);
}

Result<Webhooks::Revealed> Webhooks::reveal(store::sql::Connection& sql, const RealmId& realm,
                                            const WebhookId& id) const {
    POSTRIDER_ASSIGN(const auto row, find_row(sql, realm, id));
    Revealed revealed;
    revealed.webhook = from_row(row);
    POSTRIDER_ASSIGN(revealed.headers, builder_.open_headers(row));
    if (auto& authentication = revealed.webhook.controls.authentication) {
        POSTRIDER_ASSIGN(authentication->secret, builder_.open_credential(row));
    }
    if (auto& tls = revealed.webhook.controls.tls) {
        POSTRIDER_ASSIGN(auto texts, builder_.open_tls(row));
        texts.subject = std::move(tls->subject);
        texts.expires_at = tls->expires_at;
        tls = std::move(texts);
    }
    return revealed;
}

Result<ShownSecret> Webhooks::secret(store::sql::Connection& sql, const RealmId& realm,
                                     const WebhookId& id, Timestamp now) const {
    POSTRIDER_ASSIGN(const auto row, find_row(sql, realm, id));
    const auto webhook = from_row(row);
    POSTRIDER_ASSIGN(const auto current, builder_.open_secret(row));
    SecretSet previous;
    if (row.previous_expires_at && *row.previous_expires_at > now) {
        POSTRIDER_ASSIGN(previous, builder_.open_previous_secret(row));
    }
    return show_secret(webhook.signing, current, previous, row.previous_expires_at);
}

Result<std::string> Webhooks::keys(store::sql::Connection& sql, const RealmId& realm,
                                   const WebhookId& id, Timestamp now) const {
    POSTRIDER_ASSIGN(const auto row, find_row(sql, realm, id));
    GivenKeys keys;
    POSTRIDER_ASSIGN(keys.now, builder_.open_secret(row));
    if (row.previous_expires_at && *row.previous_expires_at > now) {
        POSTRIDER_ASSIGN(keys.previous, builder_.open_previous_secret(row));
        keys.previous_expires_at = row.previous_expires_at;
    }
    return keys_json(keys);
}

}  // namespace postrider::webhooks
