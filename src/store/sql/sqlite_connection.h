#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "store/sql/connection.h"
#include "store/sql/read_budget.h"

struct sqlite3;

namespace postrider::store::sql {

/// The SQLite driver. Thread-safety: one thread.
class SqliteConnection final : public Connection {
 public:
    enum class Mode { writer, reader, checkpointer };

    /// Opens `path`; a writer makes the file with the settings that only an empty file takes
    /// (page size, then auto_vacuum, then WAL: later they are silently ignored).
    /// Where the index of the write-ahead log is.
    enum class LogIndex {
        in_a_file,  ///< beside the database: other processes can read it, too
        in_memory,  ///< needs no room on the disk; the database is this process's alone
    };
    static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode,
                                                          LogIndex index = LogIndex::in_a_file);
    ~SqliteConnection() override;

    Result<Statement*> prepare(const Query& query) override;
    Result<Statement*> prepare_rows(const Query& query) override;
    Result<void> execute(const char* script) override;
    std::int64_t changes() const override;
    /// Rows that it has inserted, changed or deleted since it was opened.
    std::int64_t changes_in_all() const;
    bool in_transaction() const override;
    Result<void> check_time() override { return budget_.check(); }
    bool is_half_used() const override { return budget_.is_half_used(); }
    /// Gives room that holds nothing any more back to the disk, at most `pages` pages of it, when
    /// there is much; whether there is more.
    Result<bool> release_pages(std::size_t pages);

    /// What the last error was, beyond its ErrorCode: what the writer must do about it.
    enum class Failure {
        none,
        statement,  ///< this statement only (constraint, misuse)
        disk_full,
        again,  ///< busy or out of memory: the group once more, one by one
        io,     ///< unknown what reached the disk: end the process
    };
    Failure last_failure() const { return last_failure_; }
    const Error& last_error() const { return last_error_; }
    void clear_failure() { last_failure_ = Failure::none; }

    /// Ends the statement in progress with the problem "filter-too-wide" once this thread has used
    /// `budget` of a core from now on, or limits::read_stretch times as long has passed.
    void set_budget(const Clock& clock, Duration budget);
    /// Whether that has happened since the budget was set.
    bool ran_out() const { return budget_.ran_out(); }
    void clear_budget() { budget_.end(); }

    Result<std::int64_t> user_version();

    /// Of the database: 4096 in a new one, 8192 in one that version 0.1 made.
    std::uint64_t page_bytes() const { return page_bytes_; }
    /// Frames in the WAL after the last commit of this connection; each has a page.
    int wal_frames() const { return wal_frames_; }
    /// Of the database's file.
    std::string path() const;
    /// The size of the WAL's file, which keeps it: 0 if there is none.
    std::uint64_t wal_file_bytes() const;
    /// Closing it copies nothing of the write-ahead log into the database.
    void leave_log_at_close();
    struct Checkpoint {
        int frames = 0;
        int done = 0;
    };
    Result<Checkpoint> checkpoint_passive();
    /// Waits for readers, for `patience` at most, so that the next writer starts the WAL anew; the
    /// file keeps its size.
    Result<void> checkpoint_restart(std::chrono::milliseconds patience);

 private:
    class PreparedStatement;
    SqliteConnection() = default;
    Result<void> configure(Mode mode);
    Result<std::int64_t> pragma(const Query& query);
    std::unexpected<Error> error(int code, const char* doing);
    static int on_progress(void* self);
    static int on_wal(void* self, sqlite3*, const char*, int frames);

    sqlite3* db_ = nullptr;
    std::unordered_map<const Query*, std::unique_ptr<PreparedStatement>> statements_;
    Failure last_failure_ = Failure::none;
    Error last_error_;
    ReadBudget budget_;
    int wal_frames_ = 0;
    std::uint64_t page_bytes_ = 0;
};

}  // namespace postrider::store::sql
