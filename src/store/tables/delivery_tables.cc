// The table of deliveries.
#include "model/limits.h"
#include "model/order_limits.h"
#include "model/trace.h"
#include "store/attempt_now.h"
#include "store/counters_table.h"
#include "store/delivery_search.h"
#include "store/id_range.h"
#include "store/order_table.h"
#include "store/tables.h"
#include "store/tables/first_of_queue.h"
#include "store/waiting.h"

namespace postrider::store {

using sql::Query;

namespace deliveries_table {
namespace {

#define DELIVERY_COLUMNS                                                                 \
    "d.realm_id, d.id, d.webhook_id, d.event_id, d.state, d.reason, d.test, d.by_hand, " \
    "d.attempts, d.schedule_position, d.internal_failures, d.crashes, d.due_at, "        \
    "d.pending_since, d.last_attempt_at, d.finished_at, d.ordered"
constexpr int delivery_columns = 17;

// An outer join, and a condition that does not say "the event is there" to a planner: so it begins
// with the delivery, also where it knows nothing of either table.
#define OF_EVENT_AND_ATTEMPT                                                    \
    " FROM deliveries d "                                                       \
    "LEFT JOIN events e ON e.realm_id = d.realm_id AND e.id = d.event_id "      \
    "LEFT JOIN attempts a ON a.realm_id = d.realm_id AND a.delivery_id = d.id " \
    "AND a.number = d.attempts WHERE COALESCE(e.type, '') <> '' AND d.realm_id = $1 "
#define VIEW_SELECT            \
    "SELECT " DELIVERY_COLUMNS \
    ", e.type, e.resource_id, a.outcome, a.status, a.detail" OF_EVENT_AND_ATTEMPT
/// The same with how long the last attempt took.
#define LISTED_SELECT          \
    "SELECT " DELIVERY_COLUMNS \
    ", e.type, e.resource_id, a.outcome, a.status, a.detail, a.total_us" OF_EVENT_AND_ATTEMPT

DeliveryRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<DeliveryId>(1),
            .webhook = rows.id<WebhookId>(2),
            .event = rows.id<EventId>(3),
            .state = rows.word(4, parse_delivery_state),
            .reason = rows.string(5),
            .test = rows.boolean(6),
            .by_hand = rows.boolean(7),
            .ordered = rows.boolean(16),
            .attempts = rows.integer(8),
            .schedule_position = rows.integer(9),
            .internal_failures = rows.integer(10),
            .crashes = rows.integer(11),
            .due_at = rows.time(12),
            .pending_since = rows.time(13),
            .last_attempt_at = rows.optional_time(14),
            .finished_at = rows.optional_time(15)};
}

DeliveryView read_view(const sql::Rows& rows) {
    DeliveryView view{.row = read_row(rows),
                      .event_type = rows.string(delivery_columns),
                      .resource_id = rows.id<ResourceId>(delivery_columns + 1),
                      .last_outcome = {},
                      .last_detail = {}};
    if (!rows.is_null(delivery_columns + 2)) {
        view.last_outcome = rows.word(delivery_columns + 2, parse_outcome_reason);
        view.last_status = static_cast<int>(rows.integer(delivery_columns + 3));
        view.last_detail = rows.string(delivery_columns + 4);
    }
    return view;
}

Listed read_one_listed(const sql::Rows& rows) {
    constexpr int took_column = delivery_columns + 5;
    Listed listed{.view = read_view(rows), .took = {}};
    if (!rows.is_null(took_column)) listed.took = Duration{rows.integer(took_column)};
    return listed;
}

Result<List<Listed>> read_listed(sql::Rows& rows) {
    List<Listed> found;
    while (rows.next()) take(rows, found, read_one_listed);
    POSTRIDER_TRY(rows.finish());
    return found;
}

/// " word word ", for LIKE; "" of none.
std::string words_of(const std::vector<OutcomeReason>& reasons) {
    std::string words;
    for (const OutcomeReason reason : reasons) {
        if (words.empty()) words = " ";
        words += std::string(to_string(reason)) + " ";
    }
    return words;
}

/// Behind the event's five.
constexpr int first_column = delivery_columns + 5;

/// The first of its queue; nullopt: it is in none, or that cannot be read, and it waits for nobody.
std::optional<DeliveryId> first_of(const sql::Rows& rows) {
    const auto raw = rows.blob(first_column);
    if (raw.size() != 16) return std::nullopt;
    return DeliveryId{Uuid::from_bytes(raw)};
}

/// Of its event, too.
DueDelivery read_due(const sql::Rows& rows) {
    DueDelivery due{read_row(rows), {}};
    const Timestamp timestamp = rows.time(delivery_columns + 1);
    const auto resource = rows.id<ResourceId>(delivery_columns + 2);
    const std::string data = rows.json(delivery_columns + 3);
    if (!rows.is_unreadable()) {
        due.event = std::make_shared<const EventContent>(
            rows.text(delivery_columns), timestamp, resource, data,
            trace::checked(rows.text(delivery_columns + 4)));
    }
    return due;
}

/// The rows that a read has seen.
std::size_t count_of(const Due& due) {
    return due.deliveries.size() + due.unreadable.size() + due.blocked.size();
}

Result<std::optional<DeliveryView>> read_one(sql::Rows& rows) {
    std::optional<DeliveryView> view;
    if (rows.next()) view = read_view(rows);
    POSTRIDER_TRY(rows.finish());
    return view;
}

Result<void> count_settled(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                           Counted how, std::int64_t count) {
    if (count == 0) return {};
    Tally tally;
    tally.at(realm, webhook, tx.now()).counts.of(how) = count;
    return counters_table::append(tx, tally.take());
}

/// A delivery that failed without an attempt.
Result<void> count_failed(Transaction& tx, const RealmId& realm, const DeliveryId& id) {
    static constexpr Query query{
        "SELECT webhook_id FROM deliveries WHERE realm_id = $1 AND id = $2 AND test = 0"};
    std::optional<WebhookId> webhook;
    auto rows = tx.sql().rows(query, realm, id);
    if (rows.next()) webhook = rows.id<WebhookId>(0);
    POSTRIDER_TRY(rows.finish());
    if (!webhook) return {};
    return count_settled(tx, realm, *webhook, Counted::failed, 1);
}

}  // namespace

Result<void> insert(Transaction& tx, const DeliveryRow& row) {
    return insert_all(tx, std::span(&row, 1));
}

Result<void> insert_all(Transaction& tx, std::span<const DeliveryRow> rows) {
    static constexpr Query query{
        "INSERT INTO deliveries (realm_id, id, webhook_id, event_id, state, reason, test, by_hand, "
        "attempts, schedule_position, internal_failures, crashes, due_at, pending_since, "
        "last_attempt_at, finished_at, ordered) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"};
    return tx.sql().run_each(query, rows, [](auto bind, const DeliveryRow& row) {
        bind(row.realm, row.id, row.webhook, row.event, to_string(row.state), row.reason, row.test,
             row.by_hand, row.attempts, row.schedule_position, row.internal_failures, row.crashes,
             row.due_at, row.pending_since, row.last_attempt_at, row.finished_at, row.ordered);
    });
}

Result<std::optional<DeliveryView>> find(sql::Connection& sql, const RealmId& realm,
                                         const DeliveryId& id) {
    static constexpr Query query{VIEW_SELECT "AND d.id = $2"};
    auto rows = sql.rows(query, realm, id);
    return read_one(rows);
}

Result<StateCounts> count_by_state(sql::Connection& sql, const RealmId& realm,
                                   const EventId& event) {
    static constexpr Query query{
        "SELECT COALESCE(SUM(CASE WHEN state = 'pending' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0), "
        "COALESCE(SUM(CASE WHEN state = 'cancelled' THEN 1 ELSE 0 END), 0) "
        "FROM deliveries WHERE realm_id = $1 AND event_id = $2"};
    StateCounts counts;
    auto rows = sql.rows(query, realm, event);
    if (rows.next()) {
        counts = {.pending = rows.integer(0),
                  .delivered = rows.integer(1),
                  .failed = rows.integer(2),
                  .cancelled = rows.integer(3)};
    }
    POSTRIDER_TRY(rows.finish());
    return counts;
}

Result<std::optional<DeliveryView>> find_of(sql::Connection& sql, const RealmId& realm,
                                            const EventId& event, const WebhookId& webhook) {
    static constexpr Query query{VIEW_SELECT
                                 "AND d.event_id = $2 "
                                 "AND d.webhook_id = $3 AND d.test = 0 "
                                 "ORDER BY substr(d.id, 1) DESC LIMIT 1"};  // see list()
    auto rows = sql.rows(query, realm, event, webhook);
    return read_one(rows);
}

Result<List<Listed>> matching(sql::Connection& sql, const RealmId& realm,
                              const DeliveryFilter& filter, const AttemptFilter& last_attempt,
                              std::optional<DeliveryId> before, std::size_t limit) {
    Uuid low = filter.since ? first_id_at(*filter.since) : Uuid{};
    // A delivery's id is above its event's.
    const Uuid event_low = filter.event_since ? first_id_at(*filter.event_since) : Uuid{};
    low = std::max({low, event_low, filter.event ? filter.event->uuid : Uuid{}});
    Uuid high = upper_bound(before);
    if (filter.until) high = std::min(high, first_id_at(*filter.until));
    const std::string state = filter.state ? std::string(to_string(*filter.state)) : "";
    const std::string outcomes = words_of(last_attempt.outcomes);
    const auto read = [&](const Query& query, const auto& which) {
        auto rows = sql.rows(query, realm, high, state, filter.event_type, low, limit, event_low,
                             last_attempt.status_min, last_attempt.status_max, outcomes,
                             last_attempt.took_min, which, filter.webhook);
        return read_listed(rows);
    };
    // One query per index; what the index does not answer is filtered on the way.
#define MATCHING                                                                        \
    " AND ($3 = '' OR d.state = $3) AND ($4 = '' OR e.type = $4) AND d.event_id >= $7 " \
    "AND ($8 = 0 OR (a.status >= $8 AND a.status <= $9)) "                              \
    "AND ($10 = '' OR $10 LIKE '% ' || a.outcome || ' %') AND ($11 = 0 OR a.total_us >= $11) "
    if (filter.event) {
        static constexpr Query query{// Not by the key, which would be read through for them.
                                     LISTED_SELECT
                                     "AND d.event_id = $12 AND ($13 IS NULL OR d.webhook_id = $13) "
                                     "AND substr(d.id, 1) < $2 AND substr(d.id, 1) >= $5" MATCHING
                                     "ORDER BY substr(d.id, 1) DESC LIMIT $6"};
        return read(query, *filter.event);
    }
    if (filter.webhook) {
        static constexpr Query query{
            // Nor here: its order is not this one. length(): see store/postgresql_indexes.h.
            LISTED_SELECT
            "AND (d.webhook_id, d.id) < ($12, $2) AND (d.webhook_id, d.id) >= ($13, $5) "
            "AND length(d.id) > 0" MATCHING "ORDER BY d.webhook_id DESC, d.id DESC LIMIT $6"};
        return read(query, *filter.webhook);
    }
    if (filter.state && *filter.state != DeliveryState::delivered) {
        static constexpr Query query{LISTED_SELECT
                                     "AND d.state = $12 AND d.state <> 'delivered' "
                                     "AND $13 IS NULL AND d.id < $2 AND d.id >= $5" MATCHING
                                     "ORDER BY d.id DESC LIMIT $6"};
        return read(query, state);
    }
    static constexpr Query query{
        LISTED_SELECT "AND $12 = '' AND $13 IS NULL AND d.id < $2 AND d.id >= $5" MATCHING
                      "ORDER BY d.id DESC LIMIT $6"};
#undef MATCHING
    return read(query, std::string());
}

Result<List<Listed>> of_resource(sql::Connection& sql, const RealmId& realm,
                                 const ResourceId& resource, const DeliveryFilter& filter,
                                 const AttemptFilter& last_attempt,
                                 std::optional<DeliveryId> before, std::size_t limit) {
    List<Listed> found;
    const auto add_event = [&](const EventId& event,
                               std::optional<DeliveryId> from) -> Result<void> {
        DeliveryFilter of_event = filter;
        of_event.event = event;
        POSTRIDER_ASSIGN(auto some,
                         matching(sql, realm, of_event, last_attempt, from, limit - found.read()));
        found.unreadable += some.unreadable;
        if (some.last) found.last = some.last;
        std::ranges::move(some, std::back_inserter(found));
        return {};
    };
    std::optional<EventId> event;
    if (before) {
        POSTRIDER_ASSIGN(const auto last, find(sql, realm, *before));
        if (!last) return found;
        event = last->row.event;
        POSTRIDER_TRY(add_event(*event, before));
    }
    constexpr std::size_t events_at_once = 20;  // some MiB, when they are large
    const EventFilter of_resource{.type = filter.event_type,
                                  .resource_id = resource,
                                  .since = filter.event_since,
                                  .until = {}};
    while (found.read() < limit) {
        POSTRIDER_ASSIGN(const auto events,
                         events_table::list(sql, realm, of_resource, event, events_at_once));
        for (const EventRow& each : events) {
            if (found.read() < limit) POSTRIDER_TRY(add_event(each.id, {}));
        }
        if (events.read() < events_at_once || !events.last) break;
        event = EventId{*events.last};
    }
    return found;
}

Result<List<DeliveryView>> list(sql::Connection& sql, const RealmId& realm,
                                const DeliveryFilter& filter, std::optional<DeliveryId> before,
                                std::size_t limit) {
    POSTRIDER_ASSIGN(auto listed, matching(sql, realm, filter, {}, before, limit));
    List<DeliveryView> views;
    views.unreadable = listed.unreadable;
    views.last = listed.last;
    for (Listed& each : listed) views.push_back(std::move(each.view));
    return views;
}

Result<Due> due(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                Timestamp since, std::size_t limit, std::size_t bytes_max) {
    // In parts: PostgreSQL sends all that a statement found, also when bodies are large and a few
    // of them are enough.
    static constexpr Query query{
        .text = "SELECT " DELIVERY_COLUMNS
                ", e.type, e.timestamp, e.resource_id, e.data, e.trace, "
                // Whose turn it is among those of its resource.
                "CASE WHEN d.ordered = 1 THEN " FIRST_OF("d.id", "$2") " END "
                "FROM deliveries d "
                // An event that is gone: its delivery is to be seen, and fails.
                "LEFT JOIN events e ON e.realm_id = d.realm_id AND e.id = d.event_id "
                "WHERE d.realm_id = $1 AND d.webhook_id = $2 AND d.state = 'pending' "
                "AND d.due_at >= $4 AND d.due_at < $6 ORDER BY d.due_at, d.id LIMIT $3 OFFSET $5",
        .is_streamed = true};
    Due due{.deliveries = {}, .complete = false};
    std::size_t bytes = 0;
    std::size_t part = std::min(limit, limits::due_part_rows_first);
    while (part > 0) {
        const std::size_t before = count_of(due);
        auto rows = sql.rows(query, realm, webhook, part, since, before, limits::parked_due);
        while (bytes < bytes_max && rows.next()) {
            DueDelivery next = read_due(rows);
            if (rows.is_unreadable()) {
                const auto error = rows.forgive();
                log_unreadable(error);
                due.unreadable.push_back({next.row.realm, next.row.id, error.message});
                continue;
            }
            if (const auto first = first_of(rows); first && *first != next.row.id) {
                due.blocked.push_back({next.row.id, *first});
            } else {
                bytes += next.event->size();
                due.deliveries.push_back(std::move(next));
            }
        }
        POSTRIDER_TRY(rows.finish());
        const std::size_t count = count_of(due);
        if (bytes >= bytes_max) return due;
        due.complete = count - before < part;
        if (due.complete) return due;
        if (due.blocked.size() >= limits::parked_at_once) return due;
        // As many as should fit, going by those so far.
        part = std::min({limit - (count - due.blocked.size()), 8 * part,
                         (bytes_max - bytes) * count / std::max<std::size_t>(bytes, 1) + 1});
    }
    return due;
}

Result<bool> settle(Transaction& tx, const DeliveryRow& row) {
    const DeliveryRow* one = &row;
    std::vector<bool> settled;
    POSTRIDER_TRY(settle_all(tx, std::span(&one, 1), settled));
    return settled[0];
}

Result<void> settle_all(Transaction& tx, std::span<const DeliveryRow* const> rows,
                        std::vector<bool>& settled) {
    static constexpr Query query{
        "UPDATE deliveries SET state = $3, reason = $4, attempts = $5, schedule_position = $6, "
        "internal_failures = $7, crashes = $8, due_at = $9, last_attempt_at = $10, "
        "finished_at = $11, by_hand = $12 WHERE realm_id = $1 AND id = $2 "
        // A table that is new has no statistics. So whatever index is taken leads to the row, and
        // none of some states can be: it would be read through.
        "AND webhook_id = $13 AND event_id = $14 AND CASE state WHEN 'pending' THEN 1 WHEN "
        "'cancelled' THEN "
        "CASE $3 WHEN 'delivered' THEN 1 ELSE 0 END ELSE 0 END = 1"};
    return tx.sql().run_each(
        query, rows,
        [](auto bind, const DeliveryRow* row) {
            bind(row->realm, row->id, to_string(row->state), row->reason, row->attempts,
                 row->schedule_position, row->internal_failures, row->crashes, row->due_at,
                 row->last_attempt_at, row->finished_at, row->by_hand, row->webhook, row->event);
        },
        &settled);
}

Result<void> count_attempt(Transaction& tx, const DeliveryRow& row) {
    static constexpr Query query{
        "UPDATE deliveries SET attempts = $3, last_attempt_at = $4 "
        "WHERE realm_id = $1 AND id = $2 AND attempts < $3"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.attempts, row.last_attempt_at));
    return {};
}

Result<bool> revive(Transaction& tx, const RealmId& realm, const DeliveryId& id, Timestamp due_at) {
    static constexpr Query query{
        "UPDATE deliveries SET state = 'pending', reason = '', by_hand = 1, schedule_position = 0, "
        "internal_failures = 0, crashes = 0, due_at = $3, pending_since = $3, finished_at = NULL, "
        "ordered = $4 WHERE realm_id = $1 AND id = $2 AND state <> 'pending'"};
    POSTRIDER_ASSIGN(const bool was_held, order_table::resume(tx, realm, id));
    POSTRIDER_ASSIGN(auto changed, tx.sql().run(query, realm, id, due_at, was_held));
    return changed == 1;
}

Result<void> attempt_now(Transaction& tx, const RealmId& realm, const DeliveryId& id,
                         Timestamp now) {
    // An internal failure has used nothing up, so there is nothing to give back.
    static constexpr Query query{
        "UPDATE deliveries SET due_at = $3, schedule_position = schedule_position - "
        "CASE WHEN schedule_position > 0 AND internal_failures = 0 THEN 1 ELSE 0 END "
        "WHERE realm_id = $1 AND id = $2 AND state = 'pending' AND due_at > $3 AND due_at < $4"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id, now, limits::parked_due));
    return {};
}

Result<bool> has_pending(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT 1 FROM deliveries WHERE realm_id = $1 AND webhook_id = $2 "
        "AND state = 'pending' AND due_at >= 0 LIMIT 1"};
    auto rows = sql.rows(query, realm, webhook);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<Waiting> waiting(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                        std::size_t count_max) {
    // min() of bytes is not in every PostgreSQL: the ids are compared here.
    static constexpr Query query{
        "SELECT id FROM deliveries WHERE realm_id = $1 AND webhook_id = $2 "
        "AND state = 'pending' AND due_at >= 0 ORDER BY due_at, id LIMIT $3"};
    Waiting waiting;
    auto rows = sql.rows(query, realm, webhook, count_max);
    while (rows.next()) {
        const auto id = rows.id<DeliveryId>(0);
        ++waiting.count;
        if (rows.is_unreadable()) {
            log_unreadable(rows.forgive());
        } else if (!waiting.oldest || id < *waiting.oldest) {
            waiting.oldest = id;
        }
    }
    POSTRIDER_TRY(rows.finish());
    return waiting;
}

Result<bool> set_aside(Transaction& tx, const RealmId& realm, const DeliveryId& id,
                       std::string_view reason) {
    static constexpr Query query{
        "UPDATE deliveries SET state = 'failed', reason = $3, finished_at = $4 "
        "WHERE realm_id = $1 AND id = $2 AND state = 'pending'"};
    POSTRIDER_ASSIGN(const auto changed, tx.sql().run(query, realm, id, reason, tx.now()));
    if (changed == 1) POSTRIDER_TRY(count_failed(tx, realm, id));
    if (changed == 1) POSTRIDER_TRY(order_table::end(tx, realm, std::span(&id, 1), true));
    return changed == 1;
}

Result<void> count_crash(Transaction& tx, const DeliveryId& id, const RealmId& realm) {
    static constexpr Query count{
        "UPDATE deliveries SET crashes = crashes + 1 "
        "WHERE realm_id = $1 AND id = $2 AND state = 'pending'"};
    static constexpr Query end{
        "UPDATE deliveries SET state = 'failed', finished_at = $3, "
        "reason = 'The server crashed ' || crashes || ' times while this delivery was the only one "
        "in flight, so it was set aside; redeliver it by hand.' "
        "WHERE realm_id = $1 AND id = $2 AND state = 'pending' AND crashes >= $4"};
    POSTRIDER_TRY(tx.sql().run(count, realm, id));
    POSTRIDER_ASSIGN(const auto ended,
                     tx.sql().run(end, realm, id, tx.now(), limits::crashes_before_set_aside));
    if (ended != 1) return {};
    POSTRIDER_TRY(order_table::end(tx, realm, std::span(&id, 1), true));
    return count_failed(tx, realm, id);
}

}  // namespace deliveries_table

}  // namespace postrider::store
