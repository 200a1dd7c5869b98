#include "webhooks/recover.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/record.h"
#include "events/catalogue.h"
#include "events/filter.h"
#include "model/limits.h"
#include "store/event_copies_table.h"
#include "store/id_range.h"
#include "store/tables.h"
#include "webhooks/retry.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {
namespace {

using store::OperationRow;
using store::Transaction;
using Lack = RecoveryStep::Lack;

/// A dry run looks at so many times limits::recover_step_deliveries events at most, some 200 ms.
constexpr int dry_run_steps_max = 20;

/// What the operation's row keeps: which webhook, and the ids of its events.
struct Params {
    WebhookId webhook;
    Uuid since;  ///< inclusive
    Uuid until;  ///< exclusive
};

/// Where it is: everything up to `after` is counted, or done.
struct Cursor {
    bool is_counting = true;
    Uuid after;
};

/// The id just below, so that a range above it begins with `id`.
Uuid id_before(Uuid id) {
    for (auto byte = id.bytes.rbegin(); byte != id.bytes.rend(); ++byte) {
        if ((*byte)-- != 0) break;
    }
    return id;
}

std::string to_text(const Params& params) {
    return json::serialize(json::Object{{"webhook_id", params.webhook.to_string()},
                                        {"since_id", params.since.to_string()},
                                        {"until_id", params.until.to_string()}});
}

std::string to_text(const Cursor& cursor) {
    return json::serialize(json::Object{{"phase", cursor.is_counting ? "count" : "recover"},
                                        {"after", cursor.after.to_string()}});
}

std::optional<Uuid> uuid_of(const json::Value& value, std::string_view name) {
    const auto* member = value.find(name);
    const auto* text = member == nullptr ? nullptr : member->as_string();
    return text == nullptr ? std::nullopt : Uuid::parse(*text);
}

Result<Params> parse_params(const OperationRow& row) {
    const auto value = json::parse(row.params);
    if (!value) return unreadable_operation(row, "params");
    const auto webhook = uuid_of(*value, "webhook_id");
    const auto since = uuid_of(*value, "since_id");
    const auto until = uuid_of(*value, "until_id");
    if (!webhook || !since || !until) return unreadable_operation(row, "params");
    return Params{.webhook = {*webhook}, .since = *since, .until = *until};
}

Result<Cursor> parse_cursor(const OperationRow& row) {
    const auto value = json::parse(row.cursor);
    if (!value) return unreadable_operation(row, "position");
    const auto after = uuid_of(*value, "after");
    const auto* phase = value->find("phase");
    if (!after || phase == nullptr) return unreadable_operation(row, "position");
    return Cursor{.is_counting = *phase == json::Value("count"), .after = *after};
}

bool is_lost(const store::DeliveryView& view) {
    return view.row.state == DeliveryState::failed || view.row.state == DeliveryState::cancelled;
}

/// Why the webhook cannot get anything; "" when it can.
std::string problem_of(const std::optional<store::WebhookRow>& row) {
    if (!row || row->deleted_at) return "The webhook was deleted.";
    return row->enabled ? "" : "The webhook was disabled.";
}

/// Whether the webhook's filter, as it is now, wants an event.
Result<bool> lets_through(store::sql::Connection& sql, const RealmId& realm,
                          const std::optional<events::Filter>& filter, const EventId& id) {
    if (!filter) return true;
    POSTRIDER_ASSIGN(const auto event, store::events_table::find(sql, realm, id));
    if (!event) return false;
    // What cannot be read is left to its delivery, which fails with the reason.
    const auto refused = events::refusal(*filter, *event);
    return !refused || !*refused;
}

/// The filter of the webhook as it is now.
Result<std::optional<events::Filter>> filter_of(const store::WebhookRow& row) {
    const auto text = events::filter_in(row.controls);
    if (text.empty()) return std::nullopt;
    auto filter = events::Filter::parse(text);
    if (filter) return std::optional(*std::move(filter));
    return fail(
        ErrorCode::corrupt,
        fmt::format("the filter of webhook {} cannot be read: save it again", row.id.to_string()));
}

/// What the webhook lacks of one event, if anything.
Result<std::optional<Lack>> lack_of(store::sql::Connection& sql, const store::WebhookRow& webhook,
                                    const std::vector<std::string>& patterns,
                                    const std::optional<events::Filter>& filter,
                                    const store::events_table::Head& head) {
    POSTRIDER_ASSIGN(const auto delivery,
                     store::deliveries_table::find_of(sql, webhook.realm, head.id, webhook.id));
    if (delivery) {
        if (!is_lost(*delivery)) return std::nullopt;
        return Lack{head.id, delivery->row.id};
    }
    if (!events::matches_any(patterns, head.type)) return std::nullopt;
    if (events::is_operational(head.type)) {
        POSTRIDER_ASSIGN(const auto event, store::events_table::find(sql, webhook.realm, head.id));
        if (!event || event->resource_id.uuid == webhook.id.uuid) return std::nullopt;
    }
    if (!events::asks_for_all_realms(webhook.controls)) {
        POSTRIDER_ASSIGN(const bool is_of_another,
                         store::event_copies_table::is_copy(sql, webhook.realm, head.id));
        if (is_of_another) return std::nullopt;
    }
    POSTRIDER_ASSIGN(const bool is_wanted, lets_through(sql, webhook.realm, filter, head.id));
    if (!is_wanted) return std::nullopt;
    return Lack{head.id, std::nullopt};
}

/// What the webhook lacks of the next events above the cursor's. A step that writes has no more
/// than others write in one transaction, so that they do not wait for it.
Result<RecoveryStep> look(store::sql::Connection& sql, const RealmId& realm, const Params& params,
                          const Cursor& cursor, std::size_t events_max) {
    const std::size_t lacks_max =
        cursor.is_counting ? limits::recover_step_deliveries : limits::fan_out_part_deliveries;
    RecoveryStep step{.webhook = params.webhook,
                      .is_counting = cursor.is_counting,
                      .lacks = {},
                      .last = cursor.after,
                      .is_complete = true,
                      .problem = {}};
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, params.webhook));
    step.problem = problem_of(row);
    if (!step.problem.empty()) return step;
    POSTRIDER_ASSIGN(const auto patterns, parse_words(row->events));
    POSTRIDER_ASSIGN(const auto filter, filter_of(*row));
    POSTRIDER_ASSIGN(const auto heads, store::events_table::ascending(sql, realm, cursor.after,
                                                                      params.until, events_max));
    step.is_complete = heads.read() < events_max;
    for (const auto& head : heads) {
        auto lack = lack_of(sql, *row, patterns, filter, head);
        if (!lack) {
            if (lack.error().code != ErrorCode::corrupt) return std::unexpected(lack.error());
            store::log_unreadable(lack.error());
        } else if (*lack) {
            step.lacks.push_back(**lack);
        }
        step.last = head.id.uuid;
        if (step.lacks.size() >= lacks_max || sql.is_half_used()) {
            step.is_complete = step.is_complete && &head == &heads.back();
            break;
        }
    }
    return step;
}

/// Gives the webhook what it lacks; how many deliveries are pending by it.
Result<std::int64_t> supply(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                            const std::vector<Lack>& lacks) {
    std::int64_t done = 0;
    for (const auto& lack : lacks) {
        // Again as of this transaction: an attempt may have ended since they were looked at.
        const auto found = store::deliveries_table::find_of(tx.sql(), realm, lack.event, webhook);
        if (!found) {
            if (found.error().code != ErrorCode::corrupt) return std::unexpected(found.error());
            store::log_unreadable(found.error());
            continue;
        }
        if (const auto& delivery = *found) {
            if (!is_lost(*delivery)) continue;
            POSTRIDER_TRY(store::deliveries_table::revive(tx, realm, delivery->row.id, tx.now()));
        } else {
            // Retention may have removed it.
            POSTRIDER_ASSIGN(const bool is_there,
                             store::events_table::exists(tx.sql(), realm, lack.event));
            if (!is_there) continue;
            store::DeliveryRow row;
            row.realm = realm;
            row.id = tx.mint_id<DeliveryId>();
            row.webhook = webhook;
            row.event = lack.event;
            row.due_at = row.pending_since = tx.now();
            POSTRIDER_TRY(store::deliveries_table::insert(tx, row));
        }
        ++done;
    }
    return done;
}

void end(Transaction& tx, OperationRow& row, OperationState state, std::string detail = {}) {
    row.state = state;
    row.detail = std::move(detail);
    row.finished_at = tx.now();
}

std::unexpected<Error> no_such_webhook(const WebhookId& id) {
    return fail(ErrorCode::not_found, fmt::format("there is no webhook \"{}\"", id.to_string()));
}

std::unexpected<Error> disabled() {
    return fail(ErrorCode::conflict,
                "the webhook is disabled: enable it first, then recover what it missed");
}

std::unexpected<Error> no_such_operation(const OperationId& id) {
    return fail(ErrorCode::not_found, fmt::format("there is no operation \"{}\"", id.to_string()));
}

}  // namespace

std::unexpected<Error> unreadable_operation(const OperationRow& row, std::string_view column) {
    return fail(ErrorCode::corrupt,
                fmt::format("a row of operations cannot be read: its column {} says nothing to "
                            "this version; its key begins with {}, {}",
                            column, row.realm.to_string(), row.id.to_string()));
}

Result<RecoveryStep> look_at_recovery(store::sql::Connection& sql, const OperationRow& row,
                                      std::size_t events_max) {
    POSTRIDER_ASSIGN(const auto params, parse_params(row));
    POSTRIDER_ASSIGN(const auto cursor, parse_cursor(row));
    return look(sql, row.realm, params, cursor, events_max);
}

Result<std::vector<WebhookId>> do_recovery(Transaction& tx, OperationRow& row,
                                           const RecoveryStep& step) {
    std::vector<WebhookId> due;
    POSTRIDER_ASSIGN(const auto params, parse_params(row));
    POSTRIDER_ASSIGN(const auto webhook,
                     store::webhooks_table::find(tx.sql(), row.realm, step.webhook));
    Cursor next{.is_counting = step.is_counting, .after = step.last};
    if (auto problem = problem_of(webhook); !problem.empty()) {
        end(tx, row, OperationState::failed, std::move(problem));
    } else if (!step.problem.empty()) {
        return due;  // it was enabled since: look again
    } else if (step.is_counting) {
        row.total += static_cast<std::int64_t>(step.lacks.size());
        if (step.is_complete) next = {.is_counting = false, .after = id_before(params.since)};
    } else {
        POSTRIDER_ASSIGN(const auto done, supply(tx, row.realm, step.webhook, step.lacks));
        row.done += done;
        if (step.is_complete) {
            end(tx, row, OperationState::done);
            row.total = row.done;  // something may have changed since it was counted
        }
        if (done > 0) due.push_back(step.webhook);
    }
    row.cursor = to_text(next);
    return due;
}

Result<Lacking> count_recovery(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& webhook, const Span& span) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, webhook));
    if (!row || row->deleted_at) return no_such_webhook(webhook);
    const Params params{.webhook = webhook,
                        .since = store::first_id_at(span.since),
                        .until = span.until ? store::first_id_at(*span.until) : store::last_id()};
    Cursor cursor{.is_counting = true, .after = id_before(params.since)};
    Lacking lacking;
    for (int step = 0; step < dry_run_steps_max && !sql.is_half_used(); ++step) {
        POSTRIDER_ASSIGN(const auto found,
                         look(sql, realm, params, cursor, limits::recover_step_deliveries));
        if (!found.problem.empty()) return disabled();
        for (const Lack& each : found.lacks) ++(each.delivery ? lacking.lost : lacking.missed);
        if (found.is_complete) return lacking;
        cursor.after = found.last;
    }
    lacking.is_more = true;
    return lacking;
}

Result<OperationRow> start_recovery(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                                    const Span& span, const Actor& actor) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, webhook));
    if (!row || row->deleted_at) {
        return no_such_webhook(webhook);
    }
    if (!row->enabled) return disabled();
    POSTRIDER_ASSIGN(const auto running, store::operations_table::running(tx.sql(), realm));
    for (const auto& other : running) {
        if (!other.row || other.row->kind != recover_kind) continue;
        const auto params = parse_params(*other.row);
        if (!params || params->webhook != webhook) continue;  // what cannot be read will fail
        return fail(ErrorCode::conflict,
                    fmt::format("operation {} recovers this webhook already: wait for its end, or "
                                "cancel it",
                                other.row->id.to_string()));
    }
    OperationRow operation;
    operation.realm = realm;
    operation.id = tx.mint_id<OperationId>();
    operation.kind = recover_kind;
    operation.created_at = tx.now();
    // Without an end it is an id above every event of now, whatever the clock says.
    const Params params{.webhook = webhook,
                        .since = store::first_id_at(span.since),
                        .until = span.until ? store::first_id_at(*span.until) : operation.id.uuid};
    operation.params = to_text(params);
    operation.cursor = to_text(Cursor{.is_counting = true, .after = id_before(params.since)});
    POSTRIDER_TRY(store::operations_table::insert(tx, operation));
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm,
         .action = "webhook.recover",
         .resource_id = webhook.to_string(),
         .detail = json::serialize(json::Object{{"operation_id", operation.id.to_string()}})}));
    return operation;
}

Result<OperationRow> cancel_operation(Transaction& tx, const RealmId& realm, const OperationId& id,
                                      const Actor& actor) {
    POSTRIDER_ASSIGN(auto row, store::operations_table::find(tx.sql(), realm, id));
    if (!row) return no_such_operation(id);
    if (row->state != OperationState::running) {
        return fail(ErrorCode::conflict,
                    fmt::format("the operation has ended: it is {}", to_string(row->state)));
    }
    end(tx, *row, OperationState::cancelled);
    POSTRIDER_TRY(store::operations_table::update(tx, *row));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = realm, .action = "operation.cancel", .resource_id = id.to_string()}));
    return std::move(*row);
}

namespace {

/// What people see of a cursor, whichever kind of operation it is of.
struct Whereabouts {
    std::string_view phase = {};  ///< "" when it has ended, or cannot be read
    std::optional<Timestamp> looked_until = {};
};

Whereabouts whereabouts_of(const OperationRow& row) {
    const auto cursor = json::parse(row.cursor);
    if (row.state != OperationState::running || !cursor) return {};
    const auto* phase = cursor->find("phase");
    const auto after = uuid_of(*cursor, "after");
    const auto at = after ? after : uuid_of(*cursor, "before");
    if (phase == nullptr || !at) return {};
    // A retry begins above everything that there is.
    return {.phase = *phase == json::Value("count") ? "counting" : "working",
            .looked_until = std::min(at->time(), row.created_at)};
}

}  // namespace

void write_operation(json::Writer& writer, const OperationRow& row) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("kind", row.kind);
    writer.member("state", to_string(row.state));
    if (!row.detail.empty()) writer.member("detail", row.detail);
    writer.member("done", row.done);
    writer.member("total", row.total);
    const auto whereabouts = whereabouts_of(row);
    if (whereabouts.phase.empty()) {
        writer.member_null("phase");
    } else {
        writer.member("phase", whereabouts.phase);
    }
    if (whereabouts.looked_until) {
        writer.member("looked_until", format_rfc3339(*whereabouts.looked_until));
    } else {
        writer.member_null("looked_until");
    }
    const auto params = json::parse(row.params);
    const auto* webhook = params ? params->find("webhook_id") : nullptr;
    if (webhook != nullptr && webhook->as_string() != nullptr) {
        writer.member("webhook_id", *webhook->as_string());
    } else {
        writer.member_null("webhook_id");
    }
    writer.member("created_at", format_rfc3339(row.created_at));
    if (row.finished_at) {
        writer.member("finished_at", format_rfc3339(*row.finished_at));
    } else {
        writer.member_null("finished_at");
    }
    writer.end_object();
}

}  // namespace postrider::webhooks
