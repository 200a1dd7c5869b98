#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "store/sql/postgresql_connection.h"

namespace postrider::store {

/// A connection that is made again when it is gone, with back-off. Thread-safety: one thread.
class PostgresqlLink {
 public:
    PostgresqlLink(std::string url, sql::PostgresqlConnection::Options options, const Clock& clock)
        : url_(std::move(url)), options_(options), clock_(clock) {}

    bool is_connected() const { return connection_ != nullptr; }
    /// The connection, made if there is none. Errors: the last attempt's, until it is time for
    /// another.
    Result<sql::PostgresqlConnection*> get();
    /// Until get() will try again.
    Duration wait() const;
    /// It is broken.
    void drop() { connection_.reset(); }

 private:
    const std::string url_;
    const sql::PostgresqlConnection::Options options_;
    const Clock& clock_;
    std::unique_ptr<sql::PostgresqlConnection> connection_;
    Error error_;
    Duration back_off_{0};
    Monotonic try_at_{};
};

}  // namespace postrider::store
