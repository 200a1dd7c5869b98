#include "store/postgresql_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/encoding.h"
#include "model/limits.h"
#include "store/id_range.h"
#include "telemetry/log.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

constexpr Duration day = 24h;

struct LogTable {
    const char* name;
    const char* key;  ///< what it is partitioned by
};
constexpr LogTable events{"events", "id"};
constexpr LogTable deliveries{"deliveries", "id"};
constexpr LogTable attempts{"attempts", "delivery_id"};
constexpr std::array log_tables{events, deliveries, attempts};

// Beside those by time there are two: `old` has what was still pending when its partition was
// dropped, and `ahead` the ids of a clock that ran ahead. A default partition would do for both,
// but then PostgreSQL could not read a list from its newest partition alone.
constexpr const char* old_suffix = "old";
constexpr const char* ahead_suffix = "ahead";

/// [start, end) of ids, in hex.
struct Partition {
    std::string suffix;  ///< of the tables' names
    std::string start;
    std::string end;
};

std::string hex_of(Timestamp time) { return hex_encode(first_id_at(time).view()); }

std::string literal(const std::string& hex) { return fmt::format("'\\x{}'::bytea", hex); }

Timestamp day_of(Timestamp time) { return std::chrono::floor<std::chrono::days>(time); }

/// 20261129
std::string date_of(Timestamp time) {
    std::string date = format_rfc3339(time).substr(0, 10);
    std::erase(date, '-');
    return date;
}

std::string name_of(const LogTable& table, std::string_view suffix) {
    return fmt::format("{}_{}", table.name, suffix);
}

Result<void> attach(PostgresqlConnection& sql, const LogTable& table, std::string_view suffix,
                    const std::string& from, const std::string& to) {
    return sql.execute(
        fmt::format("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})", table.name,
                    name_of(table, suffix), from, to)
            .c_str());
}

Result<void> detach(PostgresqlConnection& sql, const LogTable& table, std::string_view suffix) {
    return sql.execute(
        fmt::format("ALTER TABLE {} DETACH PARTITION {}", table.name, name_of(table, suffix))
            .c_str());
}

/// An empty table of the same shape, indexes too.
Result<void> make_like(PostgresqlConnection& sql, const LogTable& table, std::string_view suffix) {
    return sql.execute(
        fmt::format("CREATE TABLE {} (LIKE {} INCLUDING ALL)", name_of(table, suffix), table.name)
            .c_str());
}

/// Moves the rows of a detached partition that `condition` names into another one.
Result<void> move_rows(PostgresqlConnection& sql, const LogTable& table, std::string_view from,
                       std::string_view to, const std::string& condition) {
    const auto source = name_of(table, from);
    return sql.execute(fmt::format("WITH moved AS (DELETE FROM {0} WHERE {1} RETURNING *) "
                                   "INSERT INTO {2} SELECT * FROM moved",
                                   source, condition, name_of(table, to))
                           .c_str());
}

Result<void> note(PostgresqlConnection& sql, const Partition& partition) {
    return sql.execute(fmt::format("INSERT INTO postrider_partitions VALUES ('{}', {}, {})",
                                   partition.suffix, literal(partition.start),
                                   literal(partition.end))
                           .c_str());
}

/// The first or the last by time.
Result<Partition> find_partition(PostgresqlConnection& sql, const char* direction) {
    Partition found;
    POSTRIDER_ASSIGN(auto text, sql.value(fmt::format(
                                    "SELECT suffix || ' ' || encode(start_id, 'hex') || ' ' || "
                                    "encode(end_id, 'hex') FROM postrider_partitions "
                                    "ORDER BY start_id {} LIMIT 1",
                                    direction)));
    if (!text) return fail(ErrorCode::corrupt, "postrider_partitions is empty");
    const auto first = text->find(' ');
    const auto second = text->find(' ', first + 1);
    return Partition{text->substr(0, first), text->substr(first + 1, second - first - 1),
                     text->substr(second + 1)};
}

/// Nobody reads or writes the log until the transaction ends. Not for long: others wait behind us.
/// Every transaction has `deliveries` first, so none holds what another one waits for.
Result<void> lock_log(PostgresqlConnection& sql) {
    return sql.execute("LOCK TABLE ONLY deliveries, ONLY events, ONLY attempts");
}

/// Until a table was analyzed once, statements are planned as if it were empty. Autovacuum comes to
/// a new partition a minute after it has begun to fill: late, at thousands of rows a second. Not
/// while it has a few rows: with statistics of one row all indexes are the same. All tables of a
/// partition at once: beside one that is known, one that is not looks as if it had a few rows.
Result<void> analyze_new(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(
        auto names,
        sql.value(fmt::format(
            "WITH parts AS (SELECT s.relname AS name, substr(s.relname, length(p.relname) + 1) AS "
            "suffix, pg_relation_size(s.relid) > {} AND s.last_analyze IS NULL "
            "AND s.last_autoanalyze IS NULL AS is_new FROM pg_stat_user_tables s "
            "JOIN pg_inherits i ON i.inhrelid = s.relid JOIN pg_class p ON p.oid = i.inhparent "
            "WHERE s.schemaname = current_schema() AND p.relname IN ('events', 'deliveries', "
            "'attempts')) SELECT string_agg(format('%I', name), ', ') FROM parts "
            "WHERE suffix IN (SELECT suffix FROM parts WHERE is_new)",
            limits::analyzed_bytes_min)));
    if (!names) return {};
    // What autovacuum is busy with needs nobody else.
    return sql.execute(("ANALYZE (SKIP_LOCKED) " + *names).c_str());
}

/// The partition that follows `last`, and spans `width` or, when nobody made one for long, until
/// so much after `now`.
Result<void> add_partition(PostgresqlConnection& sql, const Partition& last, Timestamp now,
                           Duration width) {
    const auto start = Uuid::from_bytes(*hex_decode(last.end)).time();
    const Timestamp end = std::max(start, day_of(now)) + width;
    const Partition added{date_of(start), last.end, hex_of(end)};
    for (const LogTable& table : log_tables) {
        POSTRIDER_TRY(make_like(sql, table, added.suffix));
        POSTRIDER_TRY(detach(sql, table, ahead_suffix));
        POSTRIDER_TRY(move_rows(sql, table, ahead_suffix, added.suffix,
                                fmt::format("{} < {}", table.key, literal(added.end))));
        POSTRIDER_TRY(attach(sql, table, added.suffix, literal(added.start), literal(added.end)));
        POSTRIDER_TRY(attach(sql, table, ahead_suffix, literal(added.end), "MAXVALUE"));
    }
    return note(sql, added);
}

/// What a partition still has that is not final; more than the limit counts as one more.
Result<std::int64_t> count_pending(PostgresqlConnection& sql, const Partition& partition) {
    POSTRIDER_ASSIGN(
        auto text,
        sql.value(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE state = 'pending' "
                              "LIMIT {}) AS counted",
                              name_of(deliveries, partition.suffix),
                              limits::partition_stragglers_max + 1)));
    std::int64_t count = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), count);
    return count;
}

/// Events of this partition whose deliveries, made later by a recover, are pending in another one.
/// Looked for before the lock, for it reads everything that is pending; none is made any more while
/// no recover runs.
Result<void> note_needed_events(PostgresqlConnection& sql, const Partition& partition) {
    return sql.execute(
        fmt::format("CREATE TEMP TABLE needed_events ON COMMIT DROP AS SELECT DISTINCT realm_id, "
                    "event_id FROM deliveries WHERE state = 'pending' AND id >= {} AND "
                    "event_id < {}",
                    literal(partition.end), literal(partition.end))
            .c_str());
}

/// One that does may be about to bring back events that were kept when it began. One of a realm
/// that is not there is never gone on with.
Result<bool> recover_runs(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto found,
                     sql.value("SELECT 1 FROM operations WHERE state = 'running' AND "
                               "kind = 'recover' AND realm_id IN (SELECT id FROM realms) LIMIT 1"));
    return found.has_value();
}

Result<void> drop_partition(PostgresqlConnection& sql, const Partition& partition) {
    const auto pending = name_of(deliveries, partition.suffix);
    for (const LogTable& table : log_tables) {
        POSTRIDER_TRY(detach(sql, table, partition.suffix));
        POSTRIDER_TRY(detach(sql, table, old_suffix));
    }
    const auto& from = partition.suffix;
    POSTRIDER_TRY(move_rows(sql, attempts, from, old_suffix,
                            fmt::format("(realm_id, delivery_id) IN (SELECT realm_id, id FROM {} "
                                        "WHERE state = 'pending')",
                                        pending)));
    POSTRIDER_TRY(
        move_rows(sql, events, from, old_suffix,
                  fmt::format("(realm_id, id) IN (SELECT realm_id, event_id FROM {} WHERE "
                              "state = 'pending' UNION SELECT * FROM needed_events)",
                              pending)));
    POSTRIDER_TRY(move_rows(sql, deliveries, from, old_suffix, "state = 'pending'"));
    for (const LogTable& table : log_tables) {
        POSTRIDER_TRY(attach(sql, table, old_suffix, "MINVALUE", literal(partition.end)));
        POSTRIDER_TRY(sql.execute(fmt::format("DROP TABLE {}", name_of(table, from)).c_str()));
    }
    return sql.execute(
        fmt::format("DELETE FROM postrider_partitions WHERE suffix = '{}'", from).c_str());
}

/// The first partition, of what is there and of the next day.
Result<Partition> make_first(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto now,
                     sql.value("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"));
    std::int64_t seconds = 0;
    if (now) std::from_chars(now->data(), now->data() + now->size(), seconds);
    Timestamp end = day_of(Timestamp{std::chrono::seconds(seconds)}) + 2 * day;
    for (const LogTable& table : log_tables) {
        POSTRIDER_ASSIGN(
            auto newest,
            sql.value(fmt::format("SELECT encode({0}, 'hex') FROM {1} ORDER BY {0} DESC LIMIT 1",
                                  table.key, table.name)));
        if (!newest) continue;
        const auto time = Uuid::from_bytes(*hex_decode(*newest)).time();
        end = std::max(end, day_of(time) + day);
    }
    return Partition{"first", hex_encode(Uuid{}.view()), hex_of(end)};
}

/// Makes the partition that is needed next, or drops the oldest. Returns whether it did.
Result<bool> change_partitions(PostgresqlConnection& sql, Timestamp now, Timestamp newest,
                               Duration retention) {
    POSTRIDER_ASSIGN(const auto last, find_partition(sql, "DESC"));
    const Timestamp present = std::max(now, newest);
    if (last.end < hex_of(present + day)) {
        POSTRIDER_TRY(lock_log(sql));
        // Another node may have been first.
        POSTRIDER_ASSIGN(const auto still, find_partition(sql, "DESC"));
        if (still.suffix == last.suffix) {
            POSTRIDER_TRY(add_partition(sql, last, present, partition_width(retention)));
        }
        return true;
    }
    POSTRIDER_ASSIGN(const auto oldest, find_partition(sql, "ASC"));
    // The hour is for clocks that differ. The last one stays, for what comes next.
    if (oldest.suffix == last.suffix || oldest.end > hex_of(now - retention - 1h)) return false;
    POSTRIDER_ASSIGN(const auto pending, count_pending(sql, oldest));
    if (pending > static_cast<std::int64_t>(limits::partition_stragglers_max)) {
        log::info("store", "a partition past its retention waits: much of it is still pending",
                  {{"partition", oldest.suffix}});
        return false;
    }
    POSTRIDER_ASSIGN(const bool runs_before, recover_runs(sql));
    if (runs_before) return false;
    POSTRIDER_TRY(note_needed_events(sql, oldest));
    POSTRIDER_TRY(lock_log(sql));
    POSTRIDER_ASSIGN(const bool runs, recover_runs(sql));
    if (runs) return false;
    POSTRIDER_ASSIGN(const auto still, find_partition(sql, "ASC"));
    if (still.suffix == oldest.suffix) POSTRIDER_TRY(drop_partition(sql, oldest));
    return true;
}

}  // namespace

Duration partition_width(Duration retention) {
    return std::max(day, Duration(std::chrono::ceil<std::chrono::days>(retention / 10)));
}

Result<bool> is_partitioned(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto table, sql.value("SELECT to_regclass('postrider_partitions')::text"));
    return table.has_value();
}

Result<void> partition_log(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const bool done, is_partitioned(sql));
    if (done) return {};
    POSTRIDER_TRY(lock_log(sql));
    POSTRIDER_TRY(
        sql.execute("CREATE TABLE postrider_partitions (suffix TEXT NOT NULL PRIMARY KEY, "
                    "start_id BYTEA NOT NULL, end_id BYTEA NOT NULL)"));
    POSTRIDER_ASSIGN(const auto first, make_first(sql));
    for (const LogTable& table : log_tables) {
        POSTRIDER_TRY(sql.execute(
            fmt::format("ALTER TABLE {0} RENAME TO {1}; CREATE TABLE {0} (LIKE {1} INCLUDING ALL) "
                        "PARTITION BY RANGE ({2})",
                        table.name, name_of(table, first.suffix), table.key)
                .c_str()));
        POSTRIDER_TRY(make_like(sql, table, old_suffix));
        POSTRIDER_TRY(make_like(sql, table, ahead_suffix));
        POSTRIDER_TRY(attach(sql, table, old_suffix, "MINVALUE", literal(first.start)));
        POSTRIDER_TRY(attach(sql, table, first.suffix, literal(first.start), literal(first.end)));
        POSTRIDER_TRY(attach(sql, table, ahead_suffix, literal(first.end), "MAXVALUE"));
    }
    return note(sql, first);
}

Result<void> set_lock_wait(PostgresqlConnection& sql, Duration wait) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    return sql.execute(fmt::format("SET LOCAL lock_timeout = {}", milliseconds).c_str());
}

Result<bool> tidy_log(PostgresqlConnection& sql, const TidyStep& step, Timestamp now,
                      Timestamp newest) {
    // With a snapshot for each statement: what is committed before the lock is seen after it.
    POSTRIDER_TRY(sql.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"));
    POSTRIDER_TRY(set_lock_wait(sql, step.lock_wait));
    POSTRIDER_ASSIGN(const bool changed, change_partitions(sql, now, newest, step.retention));
    if (!changed) POSTRIDER_TRY(analyze_new(sql));
    return changed;
}

}  // namespace postrider::store
