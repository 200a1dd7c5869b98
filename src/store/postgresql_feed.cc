#include "store/postgresql_feed.h"

#include <fmt/format.h>

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

/// Nobody writes until the transaction ends: `deliveries` comes first, as everywhere.
constexpr const char* lock = "LOCK TABLE ONLY deliveries, ONLY events; ";

// The highest number that an event or a consumer has. One look at the index for each realm.
#define HIGHEST                                                                          \
    "(SELECT coalesce(greatest((SELECT max(tx) FROM consumers), (SELECT max(e.tx) FROM " \
    "realms r CROSS JOIN LATERAL (SELECT tx FROM events WHERE realm_id = r.id AND "      \
    "origin <> 'test' ORDER BY tx DESC, id DESC LIMIT 1) e)), 0))"

std::string number_from(std::string_view added) {
    return fmt::format(
        "ALTER TABLE events ALTER COLUMN tx SET DEFAULT "
        "pg_current_xact_id()::text::bigint + {0}; "
        "ALTER TABLE order_queue ALTER COLUMN tx SET DEFAULT "
        "pg_current_xact_id()::text::bigint + {0}; ",
        added);
}

}  // namespace

Result<bool> has_feed(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto table, sql.value("SELECT to_regclass('postrider_feed')::text"));
    return table.has_value();
}

Result<void> add_feed(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const bool done, has_feed(sql));
    if (done) return {};
    const std::string script = std::string(lock) +
                               "ALTER TABLE events ADD COLUMN tx BIGINT NOT NULL DEFAULT 0; " +
                               number_from("0") +
                               "CREATE TABLE postrider_feed (epoch BIGINT NOT NULL); "
                               "INSERT INTO postrider_feed VALUES (0)";
    return sql.execute(script.c_str());
}

Result<bool> is_feed_behind(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(
        const auto behind,
        sql.value("SELECT 1 FROM postrider_feed WHERE " HIGHEST
                  " >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint + epoch"));
    return behind.has_value();
}

Result<void> raise_feed(PostgresqlConnection& sql) {
    POSTRIDER_TRY(sql.execute(lock));
    POSTRIDER_ASSIGN(const bool behind, is_feed_behind(sql));
    if (!behind) return {};
    POSTRIDER_ASSIGN(const auto added, sql.value("SELECT " HIGHEST " + 1"));
    return sql.execute((number_from(added.value_or("0")) +
                        fmt::format("UPDATE postrider_feed SET epoch = {}", added.value_or("0")))
                           .c_str());
}

Result<bool> has_order(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const auto added,
                     sql.value("SELECT 1 FROM pg_attrdef WHERE adrelid = 'order_queue'::regclass "
                               "AND pg_get_expr(adbin, adrelid) LIKE '%pg_current_xact_id%'"));
    return added.has_value();
}

Result<void> add_order(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const auto epoch, sql.value("SELECT epoch FROM postrider_feed"));
    return sql.execute(number_from(epoch.value_or("0")).c_str());
}

}  // namespace postrider::store
