#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/sql/connection.h"
#include "store/sql/read_budget.h"

struct pg_conn;
struct pg_result;

namespace postrider::store::sql {

/// The PostgreSQL driver, on libpq: a prepared statement per Query, values in binary.
/// Thread-safety: one thread.
class PostgresqlConnection final : public Connection {
 public:
    struct Options {
        Duration statement_max{0};  ///< then the server cancels it; 0: never
        Duration lock_wait_max{0};  ///< for a row that another transaction holds; 0: any time
    };
    /// Whether `url` can be read, without connecting. Errors: invalid_argument; it does not repeat
    /// the URL, which may have a password.
    static Result<void> check_url(const std::string& url);
    /// Errors: unavailable, one sentence with the host, the reason and the way out.
    static Result<std::unique_ptr<PostgresqlConnection>> open(const std::string& url,
                                                              const Options& options);
    ~PostgresqlConnection() override;

    Result<Statement*> prepare(const Query& query) override;
    Result<Statement*> prepare_rows(const Query& query) override;
    Result<void> execute(const char* script) override;
    std::int64_t changes() const override { return changes_; }
    /// Rows that statements have inserted, changed or deleted since it was last asked.
    std::int64_t take_rows_written() { return std::exchange(rows_written_, 0); }
    bool in_transaction() const override;
    Result<void> check_time() override { return budget_.check(); }
    bool is_half_used() const override { return budget_.is_half_used(); }
    /// What its thread does with the rows of a snapshot; each statement has the database's timeout.
    ReadBudget& budget() { return budget_; }
    const ReadBudget& budget() const { return budget_; }

    /// What the first error since clear_failure() was: what the caller must do about it.
    enum class Failure {
        none,
        statement,  ///< this statement only
        unique,     ///< a uniqueness rule; another transaction may have come first
        again,      ///< a deadlock or a failed serialization: the transaction once more
        lost,       ///< the connection is gone; what was not committed is too
    };
    Failure last_failure() const { return last_failure_; }
    const Error& last_error() const { return last_error_; }
    /// The SQLSTATE of that error, "" when it has none.
    const std::string& last_state() const { return last_state_; }
    void clear_failure() {
        last_failure_ = Failure::none;
        last_state_.clear();
    }

    /// The first column of the first row, as text; nullopt when it is NULL or there is no row.
    Result<std::optional<std::string>> value(const std::string& query);
    /// The status of a script's last command ("COMMIT"; "ROLLBACK" when it could not).
    const std::string& last_command() const { return last_command_; }
    /// The payloads of notifications that have arrived. Does not wait.
    Result<std::vector<std::string>> take_notifications();
    /// Readable when something may have arrived.
    int socket() const;
    /// As libpq counts: 150004 is 15.4.
    int server_version() const;
    std::string server_encoding() const;
    /// "host:port/database", for messages.
    std::string place() const;
    std::string user() const;

 private:
    class PreparedStatement;
    class RowsStatement;
    struct Prepared;
    struct ClearResult {
        void operator()(pg_result* result) const;
    };
    using ResultHandle = std::unique_ptr<pg_result, ClearResult>;

    explicit PostgresqlConnection(pg_conn* connection);
    Result<void> configure(const Options& options);
    Result<std::string> prepare_text(const std::string& text, const std::uint32_t* types,
                                     int count);
    std::unexpected<Error> error(const pg_result* result);
    void count_changes(pg_result* result);

    pg_conn* connection_;
    std::unordered_map<const Query*, std::unique_ptr<PreparedStatement>> statements_;
    std::unordered_map<const Query*, std::unique_ptr<RowsStatement>> rows_statements_;
    std::int64_t prepared_ = 0;
    std::int64_t changes_ = 0;
    std::int64_t rows_written_ = 0;
    bool is_streaming_ = false;
    ReadBudget budget_;
    Failure last_failure_ = Failure::none;
    Error last_error_;
    std::string last_state_;
    std::string last_command_;
};

}  // namespace postrider::store::sql
