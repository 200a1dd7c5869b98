#include "store/postgresql_schema.h"

#include <fmt/format.h>

#include <charconv>
#include <thread>

#include "model/limits.h"
#include "store/migrations.h"
#include "store/postgresql_feed.h"
#include "store/postgresql_indexes.h"
#include "store/postgresql_partitions.h"
#include "store/table_lock.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

// Advisory locks are numbers of the whole database: two of ours, each with the schema's.
constexpr int migration_lock = 0x706f7374;
constexpr int use_lock = 0x706f7375;

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

/// Text compares by its bytes, as in SQLite, whatever the database's language.
std::string in_postgresql(std::string script) {
    script = replace_all(std::move(script), " CLUSTERED", "");
    script = replace_all(std::move(script), " BYTES", " BYTEA");
    return replace_all(std::move(script), " TEXT", " TEXT COLLATE \"C\"");
}

std::string lock_arguments(int lock) {
    return fmt::format("({}, hashtext(current_schema()))", lock);
}

std::unexpected<Error> cannot(const PostgresqlConnection& sql, std::string_view reason) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot use the PostgreSQL database {}: {}", sql.place(), reason));
}

/// An error of a statement about the schema, in one sentence.
std::unexpected<Error> explain(const PostgresqlConnection& sql, const Error& error) {
    if (sql.last_state() == "42501") {
        return cannot(sql, fmt::format("the role {0} lacks a right ({1}); run there, as the "
                                       "database's owner: GRANT USAGE, CREATE ON SCHEMA public TO "
                                       "\"{0}\", or give it a database of its own",
                                       sql.user(), error.message));
    }
    if (sql.last_state() == "3F000") {
        return cannot(sql, "no schema of the search_path exists; create it with CREATE SCHEMA");
    }
    return cannot(sql, error.message);
}

Result<void> check_server(const PostgresqlConnection& sql) {
    const int version = sql.server_version();
    if (version < limits::postgresql_version_min) {
        return cannot(sql, fmt::format("its server is version {}.{}, and {} is the oldest that "
                                       "works; upgrade it",
                                       version / 10000, version % 10000,
                                       limits::postgresql_version_min / 10000));
    }
    if (sql.server_encoding() != "UTF8") {
        return cannot(sql, fmt::format("its encoding is {}; create one with createdb "
                                       "--encoding=UTF8 --template=template0",
                                       sql.server_encoding()));
    }
    return {};
}

/// -1: there is no schema yet.
Result<std::int64_t> read_version(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto table, sql.value("SELECT to_regclass('postrider_schema')::text"));
    if (!table) return -1;
    POSTRIDER_ASSIGN(auto text, sql.value("SELECT version FROM postrider_schema"));
    std::int64_t version = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), version);
    return version;
}

/// The driver's own tables: the schema's number, what each writer committed last, who shares the
/// database, and whose lane is whose (decisions/0012). "starting" nodes are not there yet.
constexpr const char* own_tables =
    "CREATE TABLE postrider_schema (version BIGINT NOT NULL);"
    "INSERT INTO postrider_schema VALUES (0);"
    "CREATE TABLE postrider_writers (slot BYTEA NOT NULL PRIMARY KEY, number BIGINT NOT NULL) "
    "WITH (fillfactor = 50);"
    "CREATE TABLE nodes (id BYTEA NOT NULL PRIMARY KEY, address TEXT NOT NULL, "
    "role TEXT NOT NULL, started_at TIMESTAMPTZ NOT NULL, heartbeat_at TIMESTAMPTZ NOT NULL, "
    "last_id BYTEA NOT NULL) WITH (fillfactor = 50);"
    "CREATE TABLE lanes (realm_id BYTEA NOT NULL, webhook_id BYTEA NOT NULL, owner BYTEA, "
    "epoch BIGINT NOT NULL, PRIMARY KEY (realm_id, webhook_id)) WITH (fillfactor = 50);"
    "CREATE INDEX lanes_by_owner ON lanes (owner);";

/// One step, if it is still to be done when the lock is ours. It does not wait for long for tables
/// that running nodes use: they would wait behind it, and one with locks of its own would do so
/// until PostgreSQL looks for deadlocks.
Result<void> step_forward(PostgresqlConnection& sql, Duration lock_wait) {
    POSTRIDER_TRY(sql.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"));
    POSTRIDER_TRY(sql.value("SELECT pg_advisory_xact_lock" + lock_arguments(migration_lock)));
    POSTRIDER_TRY(set_lock_wait(sql, lock_wait));
    POSTRIDER_ASSIGN(const auto version, read_version(sql));
    if (version < 0) return sql.execute(own_tables);
    const auto steps = migrations();
    if (version >= static_cast<std::int64_t>(steps.size())) {
        POSTRIDER_ASSIGN(const bool partitioned, is_partitioned(sql));
        if (!partitioned) return partition_log(sql);
        POSTRIDER_ASSIGN(const bool ordered, has_feed(sql));
        if (!ordered) return add_feed(sql);
        POSTRIDER_ASSIGN(const bool numbered, has_order(sql));
        if (!numbered) return add_order(sql);
        POSTRIDER_ASSIGN(const auto wrong, find_wrong_index(sql));
        return wrong ? remake_index(sql, *wrong) : raise_feed(sql);
    }
    POSTRIDER_TRY(sql.execute(in_postgresql(steps[static_cast<std::size_t>(version)]).c_str()));
    return sql.execute(
        fmt::format("UPDATE postrider_schema SET version = {}", version + 1).c_str());
}

Result<void> in_transaction(PostgresqlConnection& sql) {
    for (std::size_t tries = 1;; ++tries) {
        sql.clear_failure();
        POSTRIDER_TRY(sql.execute("BEGIN"));
        auto stepped = step_forward(sql, table_lock_wait(tries));
        if (stepped) stepped = sql.execute("COMMIT");
        if (stepped) return {};
        const bool is_in_use = sql.last_state() == "55P03";
        auto error = is_in_use ? cannot(sql,
                                        "its tables are in use for long (a dump, somebody's "
                                        "transaction): start again when that has ended")
                               : explain(sql, stepped.error());
        (void)sql.execute("ROLLBACK");
        if (!is_in_use || tries == limits::table_lock_tries_max) return error;
        std::this_thread::sleep_for(table_lock_pause(tries));
    }
}

Result<void> check_rights(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(
        const auto lacking,
        sql.value("SELECT string_agg(format('%s on %s', r, t), ', ') FROM "
                  "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r, "
                  "unnest(ARRAY['events', 'deliveries', 'attempts', 'store_state', "
                  "'postrider_writers', 'postrider_partitions', 'postrider_feed', 'nodes', "
                  "'lanes', 'order_queue']) t "
                  "WHERE NOT has_table_privilege(t, r)"));
    POSTRIDER_ASSIGN(const auto may_make_temporary,
                     sql.value("SELECT has_database_privilege(current_database(), 'TEMP')"));
    if (may_make_temporary != "t") {
        return cannot(sql, fmt::format("the role {0} may not make temporary tables; run there, as "
                                       "its owner: GRANT TEMPORARY ON DATABASE <name> TO \"{0}\"",
                                       sql.user()));
    }
    if (!lacking) return {};
    return cannot(sql, fmt::format("the role {0} lacks rights ({1}); run there, as the tables' "
                                   "owner: GRANT ALL ON ALL TABLES IN SCHEMA public TO \"{0}\"",
                                   sql.user(), *lacking));
}

/// Whether what the driver adds to the steps of all is there.
Result<bool> is_whole(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const bool partitioned, is_partitioned(sql));
    if (!partitioned) return false;
    POSTRIDER_ASSIGN(const bool ordered, has_feed(sql));
    if (!ordered) return false;
    POSTRIDER_ASSIGN(const bool numbered, has_order(sql));
    if (!numbered) return false;
    POSTRIDER_ASSIGN(const auto wrong, find_wrong_index(sql));
    if (wrong) return false;
    POSTRIDER_ASSIGN(const bool behind, is_feed_behind(sql));
    return !behind;
}

}  // namespace

Result<void> prepare_schema(PostgresqlConnection& sql) {
    POSTRIDER_TRY(check_server(sql));
    const auto known = static_cast<std::int64_t>(migrations().size());
    while (true) {
        sql.clear_failure();
        auto version = read_version(sql);
        if (!version) return explain(sql, version.error());
        if (*version > known) {
            return cannot(sql, fmt::format("it was written by a newer Postrider (schema {}, this "
                                           "one knows up to {}); run that version, or restore a "
                                           "backup of this one",
                                           *version, known));
        }
        if (*version == known) {
            POSTRIDER_ASSIGN(const bool is_done, is_whole(sql));
            if (is_done) return check_rights(sql);
        }
        POSTRIDER_TRY(in_transaction(sql));
    }
}

Result<bool> take_alone(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto taken,
                     sql.value("SELECT pg_try_advisory_lock" + lock_arguments(use_lock)));
    return taken == "t";
}

Result<bool> take_together(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto taken,
                     sql.value("SELECT pg_try_advisory_lock_shared" + lock_arguments(use_lock)));
    return taken == "t";
}

}  // namespace postrider::store
