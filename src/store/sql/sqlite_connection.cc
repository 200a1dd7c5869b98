#include "store/sql/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <vector>

#include "base/check.h"
#include "model/limits.h"
#include "store/sql/full_disk_calls.h"

namespace postrider::store::sql {

class SqliteConnection::PreparedStatement final : public Statement {
 public:
    PreparedStatement(SqliteConnection& connection, sqlite3_stmt* statement)
        : connection_(connection), statement_(statement) {
        // "$3" is a name to SQLite: find each one's index once.
        int count = sqlite3_bind_parameter_count(statement);
        indexes_.push_back(0);
        for (int number = 1; number <= count; ++number) {
            int index = sqlite3_bind_parameter_index(statement, fmt::format("${}", number).c_str());
            CHECK(index > 0);  // a query's parameters are $1 to $n without gaps
            indexes_.push_back(index);
        }
    }
    ~PreparedStatement() override { sqlite3_finalize(statement_); }

    void bind_null(int index, Type) override { sqlite3_bind_null(statement_, at(index)); }
    void bind_integer(int index, std::int64_t value) override {
        sqlite3_bind_int64(statement_, at(index), value);
    }
    void take_arguments(Arguments arguments) override {
        lifetime_ = arguments == Arguments::borrowed ? SQLITE_STATIC : SQLITE_TRANSIENT;
    }
    void bind_text(int index, std::string_view value) override {
        sqlite3_bind_text64(statement_, at(index), value.data() == nullptr ? "" : value.data(),
                            value.size(), lifetime_, SQLITE_UTF8);
    }
    void bind_blob(int index, std::string_view value) override {
        sqlite3_bind_blob64(statement_, at(index), value.data() == nullptr ? "" : value.data(),
                            value.size(), lifetime_);
    }
    Result<bool> step() override {
        POSTRIDER_TRY(connection_.check_time());
        int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        return connection_.error(code, "query");
    }
    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    std::string_view text(int column) const override {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        return {bytes == nullptr ? "" : bytes,
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    std::string_view blob(int column) const override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        return {bytes == nullptr ? "" : bytes,
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    std::string_view column_name(int column) const override {
        const char* name = sqlite3_column_name(statement_, column);
        return name == nullptr ? "" : name;
    }
    void reset() override { sqlite3_reset(statement_); }
    Result<bool> end_row() override {
        auto stepped = step();
        sqlite3_reset(statement_);
        if (!stepped) return stepped;
        return connection_.changes() > 0;
    }
    Result<void> finish_rows(std::vector<bool>*) override { return {}; }

 private:
    int at(int index) const {
        CHECK(index > 0 && static_cast<std::size_t>(index) < indexes_.size());
        return indexes_[static_cast<std::size_t>(index)];
    }

    SqliteConnection& connection_;
    sqlite3_stmt* statement_;
    std::vector<int> indexes_;
    sqlite3_destructor_type lifetime_ = SQLITE_TRANSIENT;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode,
                                                                 LogIndex index) {
    // Memory statistics would put a global lock around every allocation.
    static const int configured = [] {
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        return sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    }();
    (void)configured;
    report_limits_as_full_disk();
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (mode == Mode::writer) flags |= SQLITE_OPEN_CREATE;
    // SQLite's own VFS for a process that has the file alone: it takes memory for the index.
    const char* vfs = index == LogIndex::in_memory ? "unix-excl" : nullptr;
    int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, vfs);
    if (code != SQLITE_OK) return connection->error(code, "open");
    sqlite3_extended_result_codes(connection->db_, 1);
    POSTRIDER_TRY(connection->configure(mode));
    static constexpr Query page_size{"PRAGMA page_size"};
    POSTRIDER_ASSIGN(const auto bytes, connection->pragma(page_size));
    connection->page_bytes_ = static_cast<std::uint64_t>(bytes);
    return connection;
}

Result<void> SqliteConnection::configure(Mode mode) {
    sqlite3_busy_timeout(db_, 5000);
    if (mode == Mode::writer) {
        // Of a file that is there they write to it, and a start on a full disk has no room for
        // that.
        static constexpr Query page_count{"PRAGMA page_count"};
        POSTRIDER_ASSIGN(const auto pages, pragma(page_count));
        if (pages == 0) {
            POSTRIDER_TRY(execute("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL;"));
        }
        POSTRIDER_TRY(
            execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                    "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-65536;"
                    "PRAGMA temp_store=MEMORY;"));
        sqlite3_wal_hook(db_, &SqliteConnection::on_wal, this);
    } else if (mode == Mode::reader) {
        POSTRIDER_TRY(
            execute("PRAGMA query_only=ON; PRAGMA cache_size=-16384;"
                    "PRAGMA temp_store=MEMORY;"));
        sqlite3_progress_handler(db_, 2'000, &SqliteConnection::on_progress, this);
    } else {
        POSTRIDER_TRY(execute("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"));
    }
    return {};
}

std::string SqliteConnection::path() const { return sqlite3_db_filename(db_, "main"); }

std::uint64_t SqliteConnection::wal_file_bytes() const {
    struct stat file{};
    const char* name = sqlite3_filename_wal(sqlite3_db_filename(db_, "main"));
    return ::stat(name, &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
}

void SqliteConnection::leave_log_at_close() {
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

SqliteConnection::~SqliteConnection() {
    statements_.clear();
    if (db_ != nullptr) sqlite3_close(db_);
}

Result<Statement*> SqliteConnection::prepare(const Query& query) {
    auto& slot = statements_[&query];
    if (slot == nullptr) {
        sqlite3_stmt* raw = nullptr;
        int code = sqlite3_prepare_v3(db_, query.text.data(), static_cast<int>(query.text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
        if (code != SQLITE_OK) {
            statements_.erase(&query);
            return error(code, "prepare");
        }
        slot = std::make_unique<PreparedStatement>(*this, raw);
    }
    return slot.get();
}

Result<Statement*> SqliteConnection::prepare_rows(const Query& query) { return prepare(query); }

Result<void> SqliteConnection::execute(const char* script) {
    int code = sqlite3_exec(db_, script, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code, "execute");
    return {};
}

std::int64_t SqliteConnection::changes() const { return sqlite3_changes64(db_); }

std::int64_t SqliteConnection::changes_in_all() const { return sqlite3_total_changes64(db_); }

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

std::unexpected<Error> SqliteConnection::error(int code, const char* doing) {
    std::string message =
        fmt::format("{}: {} ({})", doing, db_ != nullptr ? sqlite3_errmsg(db_) : "out of memory",
                    sqlite3_errstr(code));
    // The shared-memory index lies on the same disk as the database.
    if (code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMMAP) code = SQLITE_FULL;
    if (code == SQLITE_IOERR_NOMEM) code = SQLITE_NOMEM;
    last_failure_ = Failure::statement;
    switch (code & 0xFF) {
        case SQLITE_FULL:
            last_failure_ = Failure::disk_full;
            last_error_ = {ErrorCode::resource_exhausted,
                           "The disk is full: nothing was accepted; free some space and try again.",
                           {},
                           "disk-full"};
            break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
            last_failure_ = Failure::again;
            last_error_ = {ErrorCode::unavailable, std::move(message), {}};
            break;
        case SQLITE_IOERR:
            last_failure_ = Failure::io;
            last_error_ = {ErrorCode::internal, std::move(message), {}};
            break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            last_failure_ = Failure::io;
            last_error_ = {ErrorCode::corrupt, std::move(message), {}};
            break;
        case SQLITE_INTERRUPT:
            last_error_ = read_too_long();
            break;
        case SQLITE_CONSTRAINT:
            last_error_ = {ErrorCode::conflict, std::move(message), {}};
            break;
        case SQLITE_CANTOPEN:
        case SQLITE_READONLY:
        case SQLITE_PERM:
            last_error_ = {ErrorCode::unavailable, std::move(message), {}};
            break;
        default:
            last_error_ = {ErrorCode::internal, std::move(message), {}};
    }
    return std::unexpected(last_error_);
}

int SqliteConnection::on_progress(void* self) {
    return static_cast<SqliteConnection*>(self)->budget_.is_used_up() ? 1 : 0;
}

int SqliteConnection::on_wal(void* self, sqlite3*, const char*, int frames) {
    static_cast<SqliteConnection*>(self)->wal_frames_ = frames;
    return SQLITE_OK;
}

void SqliteConnection::set_budget(const Clock& clock, Duration budget) {
    budget_.begin(clock, budget, ReadBudget::Lasts::stretched);
}

Result<std::int64_t> SqliteConnection::pragma(const Query& query) {
    std::int64_t value = 0;
    auto read = rows(query);
    if (read.next()) value = read.integer(0);
    POSTRIDER_TRY(read.finish());
    return value;
}

Result<std::int64_t> SqliteConnection::user_version() {
    static constexpr Query query{"PRAGMA user_version"};
    return pragma(query);
}

Result<bool> SqliteConnection::release_pages(std::size_t pages) {
    static constexpr Query free{"PRAGMA freelist_count"};
    static constexpr Query total{"PRAGMA page_count"};
    POSTRIDER_ASSIGN(const auto before, pragma(free));
    POSTRIDER_ASSIGN(const auto all, pragma(total));
    // What is free is soon used again; only when it is much, others on the disk may want it.
    if (before < limits::free_pages_kept || before < all / 4) return false;
    POSTRIDER_TRY(execute(fmt::format("PRAGMA incremental_vacuum({})", pages).c_str()));
    POSTRIDER_ASSIGN(const auto after, pragma(free));
    return after < before;
}

Result<SqliteConnection::Checkpoint> SqliteConnection::checkpoint_passive() {
    Checkpoint result;
    int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &result.frames,
                                         &result.done);
    if (code != SQLITE_OK) return error(code, "checkpoint");
    return result;
}

Result<void> SqliteConnection::checkpoint_restart(std::chrono::milliseconds patience) {
    sqlite3_busy_timeout(db_, static_cast<int>(patience.count()));
    int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    if (code != SQLITE_OK) return error(code, "checkpoint");
    return {};
}

}  // namespace postrider::store::sql
