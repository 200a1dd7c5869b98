#pragma once

#include <string_view>

#include "store/sql/postgresql_connection.h"

namespace postrider::store::sql {

/// What an error of PostgreSQL means to us, by its SQLSTATE.
struct Understood {
    PostgresqlConnection::Failure failure;
    Error error;
};
Understood understand(std::string_view state, std::string_view message, bool is_lost);

/// One sentence about a connection that did not come about, of libpq's lines about it.
std::unexpected<Error> connect_error(std::string_view message);

/// The database is gone, in the words of an answer.
Error unreachable();

}  // namespace postrider::store::sql
