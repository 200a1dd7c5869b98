#include "store/sql/postgresql_errors.h"

#include <fmt/format.h>

namespace postrider::store::sql {
namespace {

using Failure = PostgresqlConnection::Failure;

/// Shutting down, crashed, starting, read-only since a switch-over, or a broken connection.
bool means_lost(std::string_view state) {
    return state.starts_with("08") || state == "57P01" || state == "57P02" || state == "57P03" ||
           state == "57P05" || state == "25006" || state == "25P03";
}

/// Serialization failure, deadlock; a statement or plan that the server no longer has.
bool means_again(std::string_view state) {
    return state == "40001" || state == "40P01" || state == "0A000" || state == "26000";
}

std::string first_line(std::string_view message) {
    return std::string(message.substr(0, message.find('\n')));
}

std::string_view advice(std::string_view message) {
    const auto has = [&](std::string_view part) {
        return message.find(part) != std::string_view::npos;
    };
    if (has("password authentication failed") || has("no password supplied")) {
        return "check the user and the password of --database (or PGPASSWORD, or ~/.pgpass)";
    }
    if (has("pg_hba.conf") || has("authentication failed")) {
        return "allow this user, host and database in the server's pg_hba.conf and reload it";
    }
    if (has("role \"") && has("does not exist")) return "create the role with createuser";
    if (has("database \"") && has("does not exist")) {
        return "create the database with createdb --encoding=UTF8";
    }
    if (has("too many clients") || has("remaining connection slots")) {
        return "raise the server's max_connections, or close other clients";
    }
    if (has("SSL") || has("certificate")) return "check sslmode and sslrootcert of --database";
    if (has("could not translate host name")) return "check the host of --database";
    if (has("read-only")) return "name the primary server in --database";
    return "check that PostgreSQL runs there and that --database names it, then start again";
}

}  // namespace

Error unreachable() {
    return {ErrorCode::unavailable,
            "The database is not reachable: nothing was accepted; try again in a few seconds.",
            {}};
}

Understood understand(std::string_view state, std::string_view message, bool is_lost) {
    const auto text = fmt::format("{} (SQLSTATE {})", message, state);
    if (is_lost || means_lost(state)) return {Failure::lost, unreachable()};
    if (means_again(state)) return {Failure::again, {ErrorCode::unavailable, text, {}}};
    if (state == "23505") return {Failure::unique, {ErrorCode::conflict, text, {}}};
    if (state.starts_with("23")) return {Failure::statement, {ErrorCode::conflict, text, {}}};
    if (state == "53100") {
        return {
            Failure::statement,
            {ErrorCode::resource_exhausted,
             "The database's disk is full: nothing was accepted; free some space and try again.",
             {},
             "disk-full"}};
    }
    if (state == "57014") {
        return {Failure::statement, read_too_long()};
    }
    if (state == "55P03") {
        return {Failure::statement,
                {ErrorCode::unavailable,
                 "Something else holds a lock in the database: nothing was accepted; try again.",
                 {}}};
    }
    if (state.starts_with("53")) return {Failure::statement, {ErrorCode::unavailable, text, {}}};
    if (state == "XX001" || state == "XX002") {
        return {Failure::statement, {ErrorCode::corrupt, text, {}}};
    }
    return {Failure::statement, {ErrorCode::internal, text, {}}};
}

std::unexpected<Error> connect_error(std::string_view message) {
    // Several lines: one for each address, and hints after a tab.
    return fail(ErrorCode::unavailable, fmt::format("cannot use the PostgreSQL database: {}; {}",
                                                    first_line(message), advice(message)));
}

}  // namespace postrider::store::sql
