#include "store/sqlite_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "store/migrations.h"
#include "store/resource_index.h"
#include "store/sqlite_statistics.h"

namespace postrider::store {

using sql::SqliteConnection;

ProcessLock::ProcessLock(ProcessLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

ProcessLock::~ProcessLock() {
    if (fd_ >= 0) ::close(fd_);
}

Result<void> ProcessLock::take(const std::string& database) {
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

namespace {

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

}  // namespace

namespace {

std::string_view way_out(ErrorCode code) {
    switch (code) {
        case ErrorCode::corrupt:
            return "the file is damaged: keep a copy of it, and restore the latest backup";
        case ErrorCode::resource_exhausted:
            return "free some space on its disk";
        case ErrorCode::internal:
            return "check the disk and the system's log";
        default:
            return "check that the folder exists, is writable and has room";
    }
}

}  // namespace

std::unexpected<Error> cannot_open(const std::string& path, const Error& error) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot open the database {}: {}; {}", path, error.message,
                            way_out(error.code)),
                error.problem);
}

Result<std::unique_ptr<SqliteFile>> open_sqlite_file(const std::string& path,
                                                     SqliteConnection::LogIndex index) {
    auto file = std::make_unique<SqliteFile>();
    POSTRIDER_TRY(file->lock.take(path));
    auto connection = SqliteConnection::open(path, SqliteConnection::Mode::writer, index);
    if (!connection) return cannot_open(path, connection.error());
    file->connection = std::move(*connection);
    if (auto migrated = migrate(*file->connection, path); !migrated) {
        const bool is_damaged = migrated.error().code == ErrorCode::corrupt;
        return is_damaged ? cannot_open(path, migrated.error())
                          : std::unexpected(std::move(migrated).error());
    }
    if (auto built = resource_index::build_whole(*file->connection); !built) {
        if (built.error().code != ErrorCode::resource_exhausted) {
            return cannot_open(path, built.error());
        }
        // A full disk: without the index the events themselves are searched. Built when it can be.
        if (file->connection->in_transaction())
            POSTRIDER_TRY(file->connection->execute("ROLLBACK"));
        POSTRIDER_TRY(file->connection->execute("PRAGMA temp_store = MEMORY"));
    }
    return file;
}

}  // namespace postrider::store
