// The tables of counters.
#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "store/counters_table.h"
#include "store/tables.h"

namespace postrider::store::counters_table {

using sql::Blob;
using sql::Query;

namespace {

constexpr std::string_view counted_since_name = "counted_since";
constexpr std::size_t log_rows_max = 1024;    // read at once, some MiB at most
constexpr std::size_t looks_worthwhile = 16;  // of single rows; more are read as one range

/// Rows of `counters` with one realm, grain and begin.
struct Place {
    RealmId realm;
    Grain grain;
    Timestamp since;
    auto operator<=>(const Place&) const = default;
};
using ByWebhook = std::map<WebhookId, Counts>;

/// What some rows of the log come to.
struct Gathered {
    std::size_t rows = 0;
    std::string last;  ///< the id of the last one, as it is stored
    std::set<std::tuple<RealmId, WebhookId, Timestamp>> minutes;
    std::map<Place, ByWebhook> counts;
    std::map<RealmId, std::map<WebhookId, LastResults>> results;

    void add(const Counting& counting) {
        minutes.emplace(counting.realm, counting.webhook, counting.minute);
        for (const Grain grain : grains) {
            auto& places =
                counts[{counting.realm, grain, begin_of_span(counting.minute, length(grain))}];
            places[counting.webhook].add(counting.counts);
            places[whole_realm].add(counting.counts);
        }
        results[counting.realm][counting.webhook].add(counting.last);
    }
};

/// The countings of a row of the log; none of one that cannot be read.
std::vector<Counting> entries_of(sql::Rows& rows, std::optional<RealmId> realm = {}) {
    auto countings = countings_of(rows.blob(1), realm);
    if (countings) return std::move(*countings);
    log_unreadable({ErrorCode::corrupt, "a row of outcome_log is none of this version's", {}});
    return {};
}

Result<Gathered> gather(sql::Connection& sql, std::size_t places_max) {
    static constexpr Query query{"SELECT id, entries FROM outcome_log ORDER BY id LIMIT $1"};
    Gathered gathered;
    auto rows = sql.rows(query, log_rows_max);
    while (gathered.minutes.size() < places_max && rows.next()) {
        for (const Counting& each : entries_of(rows)) gathered.add(each);
        gathered.last = rows.bytes(0);
        ++gathered.rows;
    }
    POSTRIDER_TRY(rows.finish());
    return gathered;
}

Result<bool> exists(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT 1 FROM realms WHERE id = $1"};
    auto rows = sql.rows(query, realm);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> drop_realms_that_are_gone(sql::Connection& sql, Gathered& gathered) {
    for (auto each = gathered.results.begin(); each != gathered.results.end();) {
        const RealmId realm = each->first;
        POSTRIDER_ASSIGN(const bool is_there, exists(sql, realm));
        if (is_there) {
            ++each;
            continue;
        }
        std::erase_if(gathered.counts,
                      [&](const auto& place) { return place.first.realm == realm; });
        each = gathered.results.erase(each);
    }
    return {};
}

/// Adds to `added` what the store has of the same places. A row that cannot be read begins anew.
Result<void> add_stored(sql::Connection& sql, const Place& place, ByWebhook& added) {
    static constexpr Query one{
        "SELECT webhook_id, counts FROM counters "
        "WHERE realm_id = $1 AND grain = $2 AND since = $3 AND webhook_id = $4"};
    static constexpr Query range{
        "SELECT webhook_id, counts FROM counters "
        "WHERE realm_id = $1 AND grain = $2 AND since = $3 AND webhook_id >= $4 "
        "AND webhook_id <= $5"};
    const auto read = [&added](sql::Rows rows) -> Result<void> {
        while (rows.next()) {
            const auto known = added.find(rows.id<WebhookId>(0));
            if (rows.is_unreadable()) {
                log_unreadable(rows.forgive());
                continue;
            }
            if (known == added.end()) continue;
            if (const auto stored = counts_of(rows.blob(1))) known->second.add(*stored);
        }
        return rows.finish();
    };
    const auto grain = static_cast<std::int64_t>(place.grain);
    if (added.size() >= looks_worthwhile) {
        return read(sql.rows(range, place.realm, grain, place.since, added.begin()->first,
                             added.rbegin()->first));
    }
    for (const auto& [webhook, counts] : added) {
        POSTRIDER_TRY(read(sql.rows(one, place.realm, grain, place.since, webhook)));
    }
    return {};
}

Result<void> put_counts(Transaction& tx, const Place& place, const ByWebhook& all) {
    static constexpr Query query{
        "INSERT INTO counters (realm_id, grain, since, webhook_id, counts) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm_id, grain, since, webhook_id) "
        "DO UPDATE SET counts = excluded.counts"};
    struct Row {
        WebhookId webhook;
        std::string bytes;
    };
    std::vector<Row> rows;
    rows.reserve(all.size());
    for (const auto& [webhook, counts] : all) rows.push_back({webhook, to_bytes(counts)});
    return tx.sql().run_each(query, std::span<const Row>(rows), [&](auto bind, const Row& row) {
        bind(place.realm, static_cast<std::int64_t>(place.grain), place.since, row.webhook,
             Blob{row.bytes});
    });
}

#define RESULT_COLUMNS \
    "webhook_id, success_at, failing_since, failures, failure_at, outcome, status"

Last read_last(const sql::Rows& rows) {
    Last last{.webhook = rows.id<WebhookId>(0), .results = {}};
    last.results = {.success_at = rows.optional_time(1),
                    .failing_since = rows.optional_time(2),
                    .failures = rows.integer(3),
                    .failure_at = rows.optional_time(4),
                    .reason = rows.word(5, parse_outcome_reason),
                    .status = static_cast<int>(rows.integer(6))};
    return last;
}

Result<void> put_results(Transaction& tx, const RealmId& realm,
                         std::map<WebhookId, LastResults>& added) {
    static constexpr Query query{
        "INSERT INTO webhook_results (realm_id, webhook_id, success_at, failing_since, failures, "
        "failure_at, outcome, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
        "ON CONFLICT (realm_id, webhook_id) DO UPDATE SET success_at = excluded.success_at, "
        "failing_since = excluded.failing_since, failures = excluded.failures, "
        "failure_at = excluded.failure_at, outcome = excluded.outcome, status = excluded.status"};
    std::vector<Last> rows;
    rows.reserve(added.size());
    for (auto& [webhook, later] : added) {
        POSTRIDER_ASSIGN(const auto stored, last_of(tx.sql(), realm, webhook));
        LastResults all = stored.value_or(LastResults{});
        all.add(later);
        rows.push_back({webhook, all});
    }
    return tx.sql().run_each(query, std::span<const Last>(rows), [&](auto bind, const Last& row) {
        const LastResults& all = row.results;
        bind(realm, row.webhook, all.success_at, all.failing_since, all.failures, all.failure_at,
             to_string(all.reason), all.status);
    });
}

}  // namespace

Result<std::optional<Timestamp>> counted_since(sql::Connection& sql) {
    POSTRIDER_ASSIGN(const auto text, state_table::get(sql, counted_since_name));
    std::int64_t micros = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), micros);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return from_micros(micros);
}

Result<void> begin(Transaction& tx) {
    POSTRIDER_ASSIGN(const auto since, counted_since(tx.sql()));
    if (since) return {};
    return state_table::put(tx, counted_since_name, std::to_string(to_micros(tx.now())));
}

Result<void> append(Transaction& tx, const std::vector<Counting>& countings) {
    static constexpr Query query{"INSERT INTO outcome_log (id, entries) VALUES ($1, $2)"};
    if (countings.empty()) return {};
    const std::string bytes = to_bytes(countings);
    POSTRIDER_TRY(tx.sql().run(query, tx.mint(), Blob{bytes}));
    return {};
}

Result<bool> fold(Transaction& tx, std::size_t places_max) {
    static constexpr Query remove{"DELETE FROM outcome_log WHERE id <= $1"};
    POSTRIDER_ASSIGN(auto gathered, gather(tx.sql(), places_max));
    if (gathered.rows == 0) return false;
    POSTRIDER_TRY(tx.sql().run(remove, Blob{gathered.last}));
    POSTRIDER_TRY(drop_realms_that_are_gone(tx.sql(), gathered));
    for (auto& [place, added] : gathered.counts) {
        POSTRIDER_TRY(add_stored(tx.sql(), place, added));
        POSTRIDER_TRY(put_counts(tx, place, added));
    }
    for (auto& [realm, added] : gathered.results) POSTRIDER_TRY(put_results(tx, realm, added));
    return gathered.minutes.size() >= places_max || gathered.rows == log_rows_max;
}

Result<bool> has_log(sql::Connection& sql) {
    static constexpr Query query{"SELECT 1 FROM outcome_log LIMIT 1"};
    auto rows = sql.rows(query);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::vector<Counting>> not_folded(sql::Connection& sql, const RealmId& realm) {
    static constexpr Query query{"SELECT id, entries FROM outcome_log ORDER BY id"};
    std::vector<Counting> found;
    auto rows = sql.rows(query);
    while (rows.next()) {
        auto entries = entries_of(rows, realm);
        std::ranges::move(entries, std::back_inserter(found));
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

namespace {

Result<List<Span>> read_spans(sql::Rows& rows) {
    List<Span> found;
    while (rows.next()) {
        take(
            rows, found,
            [](const sql::Rows& row) {
                return Span{row.id<WebhookId>(0), row.time(1), row.word(2, counts_of)};
            },
            0);
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

Result<List<Span>> of_webhook(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                              Grain grain, Timestamp since, Timestamp until) {
    // A look for each span: between two of them lie the rows of all other webhooks.
    static constexpr Query query{
        "WITH RECURSIVE spans (since) AS (SELECT $3 UNION ALL "
        "SELECT since + $5 FROM spans WHERE since + $5 < $4) "
        "SELECT c.webhook_id, c.since, c.counts FROM spans CROSS JOIN counters c "
        "WHERE c.realm_id = $1 AND c.grain = $2 AND c.since = spans.since AND c.webhook_id = $6 "
        "ORDER BY c.since"};
    if (since >= until) return List<Span>{};
    auto rows = sql.rows(query, realm, static_cast<std::int64_t>(grain),
                         begin_of_span(since, length(grain)), until, length(grain), webhook);
    return read_spans(rows);
}

Result<std::int64_t> attempts_lately(sql::Connection& sql, const RealmId& realm, Timestamp now) {
    const Timestamp since = begin_of_span(now - length(Grain::day), length(Grain::day));
    std::int64_t count = 0;
    POSTRIDER_ASSIGN(const auto days, of_webhook(sql, realm, whole_realm, Grain::day, since,
                                                 now + length(Grain::day)));
    for (const Span& day : days) count += day.counts.attempts_in_all();
    POSTRIDER_ASSIGN(const auto latest, not_folded(sql, realm));
    for (const Counting& each : latest) {
        if (each.minute >= since) count += each.counts.attempts_in_all();
    }
    return count;
}

Result<List<Span>> of_all(sql::Connection& sql, const RealmId& realm, Grain grain, Timestamp since,
                          Timestamp until) {
    static constexpr Query query{
        "SELECT webhook_id, since, counts FROM counters "
        "WHERE realm_id = $1 AND grain = $2 AND since >= $3 AND since < $4"};
    auto rows = sql.rows(query, realm, static_cast<std::int64_t>(grain),
                         begin_of_span(since, length(grain)), until);
    return read_spans(rows);
}

Result<std::optional<LastResults>> last_of(sql::Connection& sql, const RealmId& realm,
                                           const WebhookId& webhook) {
    static constexpr Query query{"SELECT " RESULT_COLUMNS
                                 " FROM webhook_results WHERE realm_id = $1 AND webhook_id = $2"};
    std::optional<LastResults> found;
    auto rows = sql.rows(query, realm, webhook);
    if (rows.next()) found = read_last(rows).results;
    if (rows.is_unreadable()) {
        // What attempts came to lately is counted anew.
        log_unreadable(rows.forgive());
        found.reset();
    }
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> keep_name(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                       std::string_view name, Timestamp deleted_at) {
    static constexpr Query query{
        "INSERT INTO deleted_webhooks (realm_id, webhook_id, name, deleted_at) "
        "VALUES ($1, $2, $3, $4) ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    POSTRIDER_TRY(tx.sql().run(query, realm, webhook, name, deleted_at));
    return {};
}

Result<std::optional<std::string>> kept_name(sql::Connection& sql, const RealmId& realm,
                                             const WebhookId& webhook) {
    static constexpr Query query{
        "SELECT name FROM deleted_webhooks WHERE realm_id = $1 AND webhook_id = $2"};
    std::optional<std::string> name;
    auto rows = sql.rows(query, realm, webhook);
    if (rows.next()) name = rows.string(0);
    POSTRIDER_TRY(rows.finish());
    return name;
}

Result<bool> has_older(sql::Connection& sql, const RealmId& realm, Grain grain, Timestamp until) {
    static constexpr Query query{
        "SELECT 1 FROM counters WHERE realm_id = $1 AND grain = $2 AND since < $3 LIMIT 1"};
    auto rows = sql.rows(query, realm, static_cast<std::int64_t>(grain), until);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, Grain grain, Timestamp until,
                            std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM counters WHERE realm_id = $1 AND grain = $2 AND (since, webhook_id) IN "
        "(SELECT since, webhook_id FROM counters WHERE realm_id = $1 AND grain = $2 "
        "AND since < $3 ORDER BY since, webhook_id LIMIT $4)"};
    return tx.sql().run(query, realm, static_cast<std::int64_t>(grain), until, limit);
}

Result<bool> has_older_names(sql::Connection& sql, const RealmId& realm, Timestamp until) {
    static constexpr Query query{
        "SELECT 1 FROM deleted_webhooks WHERE realm_id = $1 AND deleted_at < $2 LIMIT 1"};
    auto rows = sql.rows(query, realm, until);
    const bool found = rows.next();
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<std::int64_t> expire_names(Transaction& tx, const RealmId& realm, Timestamp until,
                                  std::size_t limit) {
    static constexpr Query results{
        "DELETE FROM webhook_results WHERE realm_id = $1 AND webhook_id IN (SELECT webhook_id "
        "FROM deleted_webhooks WHERE realm_id = $1 AND deleted_at < $2 "
        "ORDER BY deleted_at, webhook_id LIMIT $3)"};
    static constexpr Query names{
        "DELETE FROM deleted_webhooks WHERE realm_id = $1 AND webhook_id IN (SELECT webhook_id "
        "FROM deleted_webhooks WHERE realm_id = $1 AND deleted_at < $2 "
        "ORDER BY deleted_at, webhook_id LIMIT $3)"};
    POSTRIDER_TRY(tx.sql().run(results, realm, until, limit));
    return tx.sql().run(names, realm, until, limit);
}

}  // namespace postrider::store::counters_table
