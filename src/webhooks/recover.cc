#include "webhooks/recover.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "audit/record.h"
#include "events/catalogue.h"
#include "events/filter.h"
#include "model/limits.h"
#include "store/id_range.h"
#include "store/tables.h"
#include "webhooks/retry.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {
namespace {

using store::OperationRow;
using store::Transaction;

constexpr std::string_view recover_kind = "recover";

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

Result<Uuid> uuid_of(const json::Value& value, std::string_view name) {
    const auto* member = value.find(name);
    const auto* text = member == nullptr ? nullptr : member->as_string();
    const auto uuid = text == nullptr ? std::nullopt : Uuid::parse(*text);
    if (!uuid) return fail(ErrorCode::corrupt, "a stored operation cannot be read");
    return *uuid;
}

Result<Params> parse_params(const OperationRow& row) {
    auto value = json::parse(row.params);
    if (!value) return fail(ErrorCode::corrupt, "a stored operation cannot be read");
    Params params;
    POSTRIDER_ASSIGN(params.webhook.uuid, uuid_of(*value, "webhook_id"));
    POSTRIDER_ASSIGN(params.since, uuid_of(*value, "since_id"));
    POSTRIDER_ASSIGN(params.until, uuid_of(*value, "until_id"));
    return params;
}

Result<Cursor> parse_cursor(const OperationRow& row) {
    auto value = json::parse(row.cursor);
    if (!value) return fail(ErrorCode::corrupt, "a stored operation cannot be read");
    Cursor cursor;
    POSTRIDER_ASSIGN(cursor.after, uuid_of(*value, "after"));
    const auto* phase = value->find("phase");
    cursor.is_counting = phase != nullptr && *phase == json::Value("count");
    return cursor;
}

/// A delivery to take back, or an event that is to get one.
struct Lack {
    EventId event;
    std::optional<DeliveryId> delivery;
};

struct Found {
    std::vector<Lack> lacks;
    Uuid last;             ///< the last event that was looked at
    bool complete = true;  ///< there is none after it
    std::string problem;   ///< as problem_of()
};

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

/// What the webhook lacks of the next events above the cursor's. A step that writes has no more
/// than others write in one transaction, so that they do not wait for it.
Result<Found> look(store::sql::Connection& sql, const RealmId& realm, const Params& params,
                   const Cursor& cursor) {
    const Uuid& after = cursor.after;
    const std::size_t lacks_max =
        cursor.is_counting ? limits::recover_step_deliveries : limits::fan_out_part_deliveries;
    Found found{.lacks = {}, .last = after, .complete = true, .problem = {}};
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, params.webhook));
    found.problem = problem_of(row);
    if (!found.problem.empty()) return found;
    POSTRIDER_ASSIGN(const auto patterns, parse_words(row->events));
    std::optional<events::Filter> filter;
    if (const auto text = events::filter_in(row->controls); !text.empty()) {
        POSTRIDER_ASSIGN(filter, events::Filter::parse(text));
    }
    POSTRIDER_ASSIGN(const auto heads,
                     store::events_table::ascending(sql, realm, after, params.until,
                                                    limits::recover_step_deliveries));
    found.complete = heads.size() < limits::recover_step_deliveries;
    for (const auto& head : heads) {
        found.last = head.id.uuid;
        POSTRIDER_ASSIGN(const auto delivery,
                         store::deliveries_table::find_of(sql, realm, head.id, params.webhook));
        if (delivery) {
            if (is_lost(*delivery)) found.lacks.push_back({head.id, delivery->row.id});
        } else if (events::matches_any(patterns, head.type)) {
            POSTRIDER_ASSIGN(const bool is_wanted, lets_through(sql, realm, filter, head.id));
            if (is_wanted) found.lacks.push_back({head.id, std::nullopt});
        }
        if (found.lacks.size() >= lacks_max) {
            found.complete = false;
            break;
        }
    }
    return found;
}

/// Gives the webhook what it lacks; how many deliveries are pending by it.
Result<std::int64_t> supply(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                            const std::vector<Lack>& lacks) {
    std::int64_t done = 0;
    for (const auto& lack : lacks) {
        // Again as of this transaction: an attempt may have ended since they were looked at.
        POSTRIDER_ASSIGN(const auto delivery,
                         store::deliveries_table::find_of(tx.sql(), realm, lack.event, webhook));
        if (delivery) {
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

/// A step of a recovery.
struct RecoveryStep {
    Params params;
    Found found;
    bool is_counting = true;
};

/// The next step of the operation whose turn it is: the one after `last`, by age.
struct Task {
    RealmId realm;
    OperationId operation;
    std::string cursor;  ///< of its row, when this was read
    std::variant<RecoveryStep, RetryStep> step;
};

Result<RecoveryStep> look_at_recovery(store::sql::Connection& sql, const OperationRow& row) {
    RecoveryStep step;
    POSTRIDER_ASSIGN(step.params, parse_params(row));
    POSTRIDER_ASSIGN(const auto cursor, parse_cursor(row));
    step.is_counting = cursor.is_counting;
    POSTRIDER_ASSIGN(step.found, look(sql, row.realm, step.params, cursor));
    return step;
}

Result<std::optional<Task>> next_task(store::sql::Connection& sql, const OperationId& last) {
    POSTRIDER_ASSIGN(auto running, store::operations_table::running(sql));
    std::erase_if(running, [](const OperationRow& row) {
        return row.kind != recover_kind && row.kind != retry_kind;
    });
    if (running.empty()) return std::nullopt;
    std::ranges::sort(running, {}, &OperationRow::id);
    const auto after = std::ranges::upper_bound(running, last, {}, &OperationRow::id);
    const auto& row = after == running.end() ? running.front() : *after;
    Task task{.realm = row.realm, .operation = row.id, .cursor = row.cursor, .step = {}};
    if (row.kind == retry_kind) {
        POSTRIDER_ASSIGN(task.step, look_at_retry(sql, row));
    } else {
        POSTRIDER_ASSIGN(task.step, look_at_recovery(sql, row));
    }
    return task;
}

/// Does the step, moves the cursor and counts in `row`. The webhook, if it has something due by it.
Result<std::vector<WebhookId>> do_recovery(Transaction& tx, OperationRow& row,
                                           const RecoveryStep& step) {
    const auto& found = step.found;
    std::vector<WebhookId> due;
    POSTRIDER_ASSIGN(const auto webhook,
                     store::webhooks_table::find(tx.sql(), row.realm, step.params.webhook));
    Cursor next{.is_counting = step.is_counting, .after = found.last};
    if (auto problem = problem_of(webhook); !problem.empty()) {
        end(tx, row, OperationState::failed, std::move(problem));
    } else if (!found.problem.empty()) {
        return due;  // it was enabled since: look again
    } else if (step.is_counting) {
        row.total += static_cast<std::int64_t>(found.lacks.size());
        if (found.complete) next = {.is_counting = false, .after = id_before(step.params.since)};
    } else {
        POSTRIDER_ASSIGN(const auto done, supply(tx, row.realm, step.params.webhook, found.lacks));
        row.done += done;
        if (found.complete) {
            end(tx, row, OperationState::done);
            row.total = row.done;  // something may have changed since it was counted
        }
        if (done > 0) due.push_back(step.params.webhook);
    }
    row.cursor = to_text(next);
    return due;
}

Result<std::vector<WebhookId>> do_step(Transaction& tx, OperationRow& row, const Task& task) {
    // As of this transaction: a disabling that was answered has cancelled everything.
    const auto held = store::realms_table::hold_config_version(tx, task.realm);
    if (!held) {
        if (held.error().code != ErrorCode::not_found) return std::unexpected(held.error());
        end(tx, row, OperationState::failed, "The realm was deleted.");
        return std::vector<WebhookId>{};
    }
    if (const auto* retry = std::get_if<RetryStep>(&task.step)) return do_retry(tx, row, *retry);
    return do_recovery(tx, row, std::get<RecoveryStep>(task.step));
}

Result<void> do_task(Transaction& tx, const Task& task, const Recoveries::Wake& wake) {
    POSTRIDER_ASSIGN(auto row, store::operations_table::find(tx.sql(), task.realm, task.operation));
    if (!row || row->state != OperationState::running) return {};  // cancelled meanwhile
    if (row->cursor != task.cursor) return {};                     // another node was first
    POSTRIDER_ASSIGN(const auto due, do_step(tx, *row, task));
    for (const WebhookId& webhook : due) {
        tx.after_commit([wake, realm = task.realm, webhook, commit = tx.commit_number()] {
            wake(realm, webhook, commit);
        });
    }
    return store::operations_table::update(tx, *row);
}

}  // namespace

Result<Lacking> count_recovery(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& webhook, const Span& span) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, webhook));
    if (!row || row->deleted_at) return no_such_webhook(webhook);
    const Params params{.webhook = webhook,
                        .since = store::first_id_at(span.since),
                        .until = span.until ? store::first_id_at(*span.until) : store::last_id()};
    Cursor cursor{.is_counting = true, .after = id_before(params.since)};
    Lacking lacking;
    for (int step = 0; step < dry_run_steps_max; ++step) {
        POSTRIDER_ASSIGN(const auto found, look(sql, realm, params, cursor));
        if (!found.problem.empty()) return disabled();
        for (const Lack& each : found.lacks) ++(each.delivery ? lacking.lost : lacking.missed);
        if (found.complete) return lacking;
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
    POSTRIDER_ASSIGN(const auto running, store::operations_table::running(tx.sql()));
    for (const auto& other : running) {
        if (other.realm != realm || other.kind != recover_kind) continue;
        POSTRIDER_ASSIGN(const auto params, parse_params(other));
        if (params.webhook != webhook) continue;
        return fail(ErrorCode::conflict,
                    fmt::format("operation {} recovers this webhook already: wait for its end, or "
                                "cancel it",
                                other.id.to_string()));
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

void write_operation(json::Writer& writer, const OperationRow& row) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("kind", row.kind);
    writer.member("state", to_string(row.state));
    if (!row.detail.empty()) writer.member("detail", row.detail);
    writer.member("done", row.done);
    writer.member("total", row.total);
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

void Recoveries::proceed() {
    {
        const MutexLock lock(mutex_);
        is_asked_again_ = true;
        if (is_busy_) return;
        is_busy_ = true;
    }
    step();
}

void Recoveries::step() {
    OperationId last;
    {
        const MutexLock lock(mutex_);
        is_asked_again_ = false;
        last = last_;
    }
    store_.read(store::Turn::server(), store::ReadClass::first,
                [this, last](Result<store::Snapshot*> snapshot) {
                    if (!snapshot) return wait(snapshot.error());
                    auto task = next_task((*snapshot)->sql(), last);
                    if (!task) return wait(task.error());
                    if (!*task) return pause();
                    {
                        const MutexLock lock(mutex_);
                        last_ = (*task)->operation;
                    }
                    const auto turn = store::Turn::of((*task)->realm, (*task)->operation.uuid);
                    store_.write(
                        turn, store::WriteClass::ordinary,
                        [task = std::make_shared<const Task>(std::move(**task)),
                         wake = wake_](Transaction& tx) { return do_task(tx, *task, wake); },
                        [this](Result<void> done) {
                            if (done) return step();
                            wait(done.error());
                        });
                });
}

void Recoveries::wait(const Error& error) {
    if (waiting_) waiting_(error);
    pause();
}

void Recoveries::pause() {
    {
        const MutexLock lock(mutex_);
        if (!is_asked_again_) {
            is_busy_ = false;
            return;
        }
    }
    step();
}

}  // namespace postrider::webhooks
