#include "store/sqlite_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "model/limits.h"
#include "store/checkpointer.h"
#include "store/last_commit.h"
#include "store/migrations.h"
#include "store/reader_pool.h"
#include "store/sqlite_statistics.h"
#include "store/writer.h"

namespace postrider::store {
namespace {

using sql::SqliteConnection;

/// Holds the lock file while the store is open, so that no second process takes the same database.
class ProcessLock {
 public:
    ProcessLock() = default;
    ProcessLock(ProcessLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    ~ProcessLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    Result<void> take(const std::string& database) {
        std::string path = database + ".lock";
        fd_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        if (fd_ < 0) {
            return fail(ErrorCode::unavailable,
                        fmt::format("cannot write to {}: {}; give the folder to this user or "
                                    "choose another --data",
                                    path, std::strerror(errno)));
        }
        if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
            return fail(ErrorCode::unavailable,
                        fmt::format("{} is in use by another postrider process; stop it or choose "
                                    "another --data",
                                    database));
        }
        return {};
    }

 private:
    int fd_ = -1;
};

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

Result<void> migrate(SqliteConnection& sql, const std::string& path) {
    POSTRIDER_ASSIGN(auto version, sql.user_version());
    auto steps = migrations();
    if (version > static_cast<std::int64_t>(steps.size())) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} was written by a newer Postrider (schema {}, this one knows up "
                                "to {}); run that version, or restore a backup of this one",
                                path, version, steps.size()));
    }
    for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
        auto script =
            replace_all(replace_all(steps[step], "BYTES", "BLOB"), "CLUSTERED", "WITHOUT ROWID");
        POSTRIDER_TRY(
            sql.execute(fmt::format("BEGIN IMMEDIATE;{};{}PRAGMA user_version={};COMMIT;", script,
                                    step + 1 == steps.size() ? sqlite_statistics : "", step + 1)
                            .c_str()));
    }
    return {};
}

class SqliteStore final : public Store {
 public:
    SqliteStore(ProcessLock lock, std::unique_ptr<SqliteConnection> checkpoint_connection,
                std::unique_ptr<SqliteConnection> write_connection,
                std::vector<std::unique_ptr<ReadSource>> readers, const SqliteOptions& options,
                const Clock& clock, Random& random, Uuid last_id)
        : lock_(std::move(lock)),
          checkpointer_(std::move(checkpoint_connection)),
          writer_(std::move(write_connection), checkpointer_,
                  DiskReserve(options.path + ".reserve", options.reserve_bytes), clock, random,
                  last_id),
          readers_(std::move(readers), [this] { return last_commit(); }) {
        writer_.set_observer(options.committed);
        writer_.start();
    }
    ~SqliteStore() override { stop(); }

    void write(WriteClass write_class, Closure closure, Done done) override {
        writer_.write(write_class, std::move(closure), std::move(done));
    }
    void publish(PublishWork work) override { writer_.publish(std::move(work)); }
    void read(Reader reader) override { readers_.read(std::move(reader)); }
    void set_publish_handler(PublishHandler handler) override {
        writer_.set_publish_handler(std::move(handler));
    }
    CommitNumber last_commit() const override {
        return writer_.last_commit().load(std::memory_order_acquire);
    }
    bool is_disk_full() const override { return writer_.is_disk_full(); }
    void stop() override {
        readers_.stop();
        writer_.stop();
    }

 private:
    ProcessLock lock_;
    Checkpointer checkpointer_;
    Writer writer_;
    ReaderPool readers_;
};

/// A snapshot is a read transaction, bounded in time.
class SqliteReadSource final : public ReadSource {
 public:
    explicit SqliteReadSource(std::unique_ptr<SqliteConnection> connection)
        : connection_(std::move(connection)) {}
    Result<sql::Connection*> begin() override {
        connection_->set_deadline(std::chrono::steady_clock::now() + limits::read_duration_max);
        POSTRIDER_TRY(connection_->execute("BEGIN"));
        return connection_.get();
    }
    void end() override {
        connection_->clear_deadline();
        // Nothing was written: ending it cannot lose anything.
        (void)connection_->execute("COMMIT");
    }

 private:
    std::unique_ptr<SqliteConnection> connection_;
};

/// What SQLite says of an unusable file, as one sentence.
std::unexpected<Error> cannot_open(const std::string& path, const Error& error) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot open the database {}: {}; check that the folder exists, is "
                            "writable and has room",
                            path, error.message));
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock,
                                           Random& random) {
    ProcessLock lock;
    POSTRIDER_TRY(lock.take(options.path));
    auto writer = SqliteConnection::open(options.path, SqliteConnection::Mode::writer);
    if (!writer) return cannot_open(options.path, writer.error());
    POSTRIDER_TRY(migrate(**writer, options.path));
    auto last_id = read_last_id(**writer);
    if (!last_id) return cannot_open(options.path, last_id.error());
    auto checkpointer = SqliteConnection::open(options.path, SqliteConnection::Mode::checkpointer);
    if (!checkpointer) return cannot_open(options.path, checkpointer.error());
    std::vector<std::unique_ptr<ReadSource>> readers;
    for (std::size_t i = 0; i < limits::reader_threads; ++i) {
        auto reader = SqliteConnection::open(options.path, SqliteConnection::Mode::reader);
        if (!reader) return cannot_open(options.path, reader.error());
        readers.push_back(std::make_unique<SqliteReadSource>(std::move(*reader)));
    }
    return std::make_unique<SqliteStore>(std::move(lock), std::move(*checkpointer),
                                         std::move(*writer), std::move(readers), options, clock,
                                         random, *last_id);
}

}  // namespace postrider::store
