#include "webhooks/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "audit/record.h"
#include "base/json.h"
#include "model/limits.h"
#include "store/attempt_now.h"
#include "store/id_range.h"
#include "store/tables.h"
#include "webhooks/recover.h"

namespace postrider::webhooks {
namespace {

using store::OperationRow;
using store::Transaction;
using store::deliveries_table::Listed;

/// A dry run reads at most so many steps, a fraction of a second.
constexpr int dry_run_steps_max = 20;

/// Where it is: everything from `before` on is counted, or done.
struct Cursor {
    bool is_counting = true;
    DeliveryId before;
};

std::string to_text(const Cursor& cursor) {
    return json::serialize(json::Object{{"phase", cursor.is_counting ? "count" : "retry"},
                                        {"before", cursor.before.to_string()}});
}

/// What is not in it matches everything; durations are microseconds.
std::string to_text(const RetryFilter& filter) {
    const auto& attempt = filter.last_attempt;
    json::Object out{{"state", to_string(filter.state)}};
    if (filter.webhook) out.emplace_back("webhook_id", filter.webhook->to_string());
    if (filter.resource) out.emplace_back("resource_id", filter.resource->to_string());
    if (!filter.event_type.empty()) out.emplace_back("event", filter.event_type);
    if (filter.since) out.emplace_back("since", to_micros(*filter.since));
    if (filter.until) out.emplace_back("until", to_micros(*filter.until));
    if (attempt.status_min != 0) {
        out.emplace_back("status_min", attempt.status_min);
        out.emplace_back("status_max", attempt.status_max);
    }
    if (attempt.took_min != Duration{0}) out.emplace_back("took_min", attempt.took_min.count());
    json::Array outcomes;
    for (const auto reason : attempt.outcomes) outcomes.emplace_back(to_string(reason));
    if (!outcomes.empty()) out.emplace_back("outcomes", std::move(outcomes));
    return json::serialize(out);
}

/// Reads members of a stored JSON object; a bad one makes all of it unreadable.
class Stored {
 public:
    explicit Stored(const std::string& text) {
        if (auto value = json::parse(text)) {
            value_ = *std::move(value);
        } else {
            is_bad_ = true;
        }
    }
    std::optional<std::string> text(std::string_view name) {
        const json::Value* member = value_.find(name);
        if (member == nullptr) return std::nullopt;
        if (const std::string* text = member->as_string()) return *text;
        is_bad_ = true;
        return std::nullopt;
    }
    std::optional<std::int64_t> number(std::string_view name) {
        const json::Value* member = value_.find(name);
        if (member == nullptr) return std::nullopt;
        if (const std::int64_t* number = member->as_int()) return *number;
        is_bad_ = true;
        return std::nullopt;
    }
    template <typename IdType>
    std::optional<IdType> id(std::string_view name) {
        return parsed<IdType>(text(name), [](std::string_view text) -> std::optional<IdType> {
            const auto uuid = Uuid::parse(text);
            if (!uuid) return std::nullopt;
            return IdType{*uuid};
        });
    }
    template <typename T, typename Parse>
    std::optional<T> parsed(const std::optional<std::string>& text, Parse parse) {
        if (!text) return std::nullopt;
        auto value = parse(*text);
        if (!value) is_bad_ = true;
        return value;
    }
    const json::Array* list(std::string_view name) const {
        const json::Value* member = value_.find(name);
        return member == nullptr ? nullptr : member->as_array();
    }
    bool is_bad() const { return is_bad_; }

 private:
    json::Value value_;
    bool is_bad_ = false;
};

Result<Cursor> parse_cursor(const OperationRow& row) {
    Stored stored(row.cursor);
    Cursor cursor;
    cursor.is_counting = stored.text("phase") == "count";
    const auto before = stored.id<DeliveryId>("before");
    if (stored.is_bad() || !before) return unreadable_operation(row, "position");
    cursor.before = *before;
    return cursor;
}

Result<RetryFilter> parse_filter(const OperationRow& row) {
    Stored stored(row.params);
    RetryFilter filter;
    const auto state = stored.parsed<DeliveryState>(stored.text("state"), parse_delivery_state);
    filter.webhook = stored.id<WebhookId>("webhook_id");
    filter.resource = stored.id<ResourceId>("resource_id");
    filter.event_type = stored.text("event").value_or("");
    if (const auto since = stored.number("since")) filter.since = from_micros(*since);
    if (const auto until = stored.number("until")) filter.until = from_micros(*until);
    auto& attempt = filter.last_attempt;
    attempt.status_min = static_cast<int>(stored.number("status_min").value_or(0));
    attempt.status_max = static_cast<int>(stored.number("status_max").value_or(0));
    attempt.took_min = Duration{stored.number("took_min").value_or(0)};
    if (const json::Array* outcomes = stored.list("outcomes")) {
        for (const json::Value& each : *outcomes) {
            const auto* word = each.as_string();
            const auto reason = word == nullptr ? std::nullopt : parse_outcome_reason(*word);
            if (!reason) return unreadable_operation(row, "params");
            attempt.outcomes.push_back(*reason);
        }
    }
    if (stored.is_bad() || !state) return unreadable_operation(row, "params");
    filter.state = *state;
    return filter;
}

bool matches(const RetryFilter& filter, const Listed& listed) {
    const auto& view = listed.view;
    const auto& attempt = filter.last_attempt;
    if (view.row.test) return false;
    if (filter.webhook && view.row.webhook != *filter.webhook) return false;
    if (filter.resource && view.resource_id != *filter.resource) return false;
    if (!filter.event_type.empty() && view.event_type != filter.event_type) return false;
    if (attempt.status_min != 0 &&
        (view.last_status < attempt.status_min || view.last_status > attempt.status_max)) {
        return false;
    }
    if (attempt.took_min != Duration{0} && listed.took.value_or(Duration{0}) < attempt.took_min) {
        return false;
    }
    if (attempt.outcomes.empty()) return true;
    return view.last_outcome &&
           std::ranges::find(attempt.outcomes, *view.last_outcome) != attempt.outcomes.end();
}

/// Which webhooks are there. One look each.
class Receivers {
 public:
    Receivers(store::sql::Connection& sql, const RealmId& realm) : sql_(sql), realm_(realm) {}
    Result<bool> has(const WebhookId& webhook) {
        const auto known = known_.find(webhook);
        if (known != known_.end()) return known->second;
        POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql_, realm_, webhook));
        return known_[webhook] = row && !row->deleted_at;
    }

 private:
    store::sql::Connection& sql_;
    const RealmId& realm_;
    std::map<WebhookId, bool> known_;
};

/// The next rows in that state, by its index: one step costs the same whatever else is filtered
/// by, which is looked at here.
Result<RetryStep> look(store::sql::Connection& sql, const RealmId& realm, const RetryFilter& filter,
                       const Cursor& cursor, std::size_t found_max, std::size_t read_max) {
    RetryStep step{.deliveries = {},
                   .state = filter.state,
                   .is_counting = cursor.is_counting,
                   .is_complete = true,
                   .before = cursor.before};
    store::DeliveryFilter of_state;
    of_state.state = filter.state;
    of_state.since = filter.since;
    of_state.until = filter.until;
    POSTRIDER_ASSIGN(const auto rows, store::deliveries_table::matching(sql, realm, of_state, {},
                                                                        cursor.before, read_max));
    step.is_complete = rows.read() < read_max;
    if (rows.last) step.before = DeliveryId{*rows.last};
    Receivers receivers(sql, realm);
    for (const Listed& each : rows) {
        if (!matches(filter, each)) continue;
        POSTRIDER_ASSIGN(const bool is_there, receivers.has(each.view.row.webhook));
        if (!is_there) continue;
        step.deliveries.push_back(each.view.row.id);
        if (step.deliveries.size() == found_max) {
            step.is_complete = step.is_complete && &each == &rows.back();
            step.before = each.view.row.id;
            break;
        }
    }
    return step;
}

}  // namespace

Result<Matching> count_retry(store::sql::Connection& sql, const RealmId& realm,
                             const RetryFilter& filter) {
    Matching matching;
    Cursor cursor{.is_counting = true, .before = {store::last_id()}};
    for (int step = 0; step < dry_run_steps_max && !sql.is_half_used(); ++step) {
        POSTRIDER_ASSIGN(const auto found,
                         look(sql, realm, filter, cursor, limits::recover_step_deliveries,
                              limits::recover_step_deliveries));
        matching.count += static_cast<std::int64_t>(found.deliveries.size());
        if (found.is_complete) return matching;
        cursor.before = found.before;
        if (matching.count >= limits::pulse_count_max) break;
    }
    matching.is_more = true;
    return matching;
}

Result<OperationRow> start_retry(Transaction& tx, const RealmId& realm, const RetryFilter& filter,
                                 const Actor& actor) {
    if (filter.webhook) {
        Receivers receivers(tx.sql(), realm);
        POSTRIDER_ASSIGN(const bool is_there, receivers.has(*filter.webhook));
        if (!is_there) {
            return fail(ErrorCode::not_found,
                        fmt::format("there is no webhook \"{}\"", filter.webhook->to_string()));
        }
    }
    POSTRIDER_ASSIGN(const auto running, store::operations_table::running(tx.sql(), realm));
    for (const auto& other : running) {
        if (!other.row || other.row->kind != retry_kind) continue;
        const auto its = parse_filter(*other.row);
        if (!its || its->webhook != filter.webhook) continue;  // what cannot be read will fail
        return fail(ErrorCode::conflict,
                    fmt::format("operation {} retries deliveries of {} already: wait for its end, "
                                "or cancel it",
                                other.row->id.to_string(),
                                filter.webhook ? "this webhook" : "the whole realm"));
    }
    OperationRow operation;
    operation.realm = realm;
    operation.id = tx.mint_id<OperationId>();
    operation.kind = retry_kind;
    operation.created_at = tx.now();
    operation.params = to_text(filter);
    // What is made later has a greater id.
    operation.cursor = to_text(Cursor{.is_counting = true, .before = {operation.id.uuid}});
    POSTRIDER_TRY(store::operations_table::insert(tx, operation));
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm,
         .action = "delivery.retry",
         .resource_id = filter.webhook ? filter.webhook->to_string() : operation.id.to_string(),
         .detail = json::serialize(json::Object{{"operation_id", operation.id.to_string()},
                                                {"state", to_string(filter.state)}})}));
    return operation;
}

Result<RetryStep> look_at_retry(store::sql::Connection& sql, const OperationRow& row,
                                std::size_t deliveries_max) {
    POSTRIDER_ASSIGN(const auto filter, parse_filter(row));
    POSTRIDER_ASSIGN(const auto cursor, parse_cursor(row));
    // A step that writes has no more than others write in one transaction.
    return look(
        sql, row.realm, filter, cursor,
        cursor.is_counting ? limits::recover_step_deliveries : limits::fan_out_part_deliveries,
        deliveries_max);
}

Result<std::vector<WebhookId>> do_retry(Transaction& tx, OperationRow& row, const RetryStep& step) {
    Cursor next{.is_counting = step.is_counting, .before = step.before};
    std::set<WebhookId> due;
    if (step.is_counting) {
        row.total += static_cast<std::int64_t>(step.deliveries.size());
        if (step.is_complete) next = {.is_counting = false, .before = {row.id.uuid}};
    } else {
        // Again as of this transaction: an attempt may have ended since they were looked at, and a
        // webhook may have gone.
        Receivers receivers(tx.sql(), row.realm);
        for (const DeliveryId& id : step.deliveries) {
            const auto found = store::deliveries_table::find(tx.sql(), row.realm, id);
            if (!found) {
                if (found.error().code != ErrorCode::corrupt) return std::unexpected(found.error());
                store::log_unreadable(found.error());
                continue;
            }
            const auto& view = *found;
            if (!view || view->row.state != step.state) continue;
            POSTRIDER_ASSIGN(const bool is_there, receivers.has(view->row.webhook));
            if (!is_there) continue;
            if (step.state == DeliveryState::pending) {
                POSTRIDER_TRY(store::deliveries_table::attempt_now(tx, row.realm, id, tx.now()));
            } else {
                POSTRIDER_TRY(store::deliveries_table::revive(tx, row.realm, id, tx.now()));
            }
            due.insert(view->row.webhook);
            ++row.done;
        }
        if (step.is_complete) {
            row.state = OperationState::done;
            row.finished_at = tx.now();
            row.total = row.done;  // something may have changed since it was counted
        }
    }
    row.cursor = to_text(next);
    return std::vector<WebhookId>(due.begin(), due.end());
}

}  // namespace postrider::webhooks
