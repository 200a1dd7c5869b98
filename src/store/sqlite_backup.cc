#include "store/sqlite_backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/sql/sqlite_connection.h"

namespace postrider::store {

namespace {

namespace fs = std::filesystem;
using sql::SqliteConnection;

std::unexpected<Error> unavailable(std::string sentence) {
    return fail(ErrorCode::unavailable, std::move(sentence));
}

/// Takes the half-made copy away, unless it became the whole one.
class Partial {
 public:
    explicit Partial(std::string path) : path_(std::move(path)) { remove(); }
    ~Partial() { remove(); }
    Partial(const Partial&) = delete;
    Partial& operator=(const Partial&) = delete;
    const std::string& path() const { return path_; }

 private:
    void remove() const {
        std::error_code ignored;
        fs::remove(path_, ignored);
    }
    const std::string path_;
};

std::string sql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') out += c;
    }
    return out + '\'';
}

Result<void> check_paths(const std::string& source, const std::string& destination) {
    std::error_code failure;
    if (!fs::exists(source, failure)) {
        return unavailable(
            fmt::format("there is no store at {}; say with --data where it is", source));
    }
    if (fs::exists(destination, failure)) {
        return unavailable(
            fmt::format("{} is there already; name a file that is not", destination));
    }
    return {};
}

Result<void> copy(const std::string& source, const std::string& partial) {
    auto connection = SqliteConnection::open(source, SqliteConnection::Mode::checkpointer);
    if (!connection) {
        return unavailable(fmt::format("cannot open {}: {}", source, connection.error().message));
    }
    const auto done = (*connection)->execute(("VACUUM INTO " + sql_text(partial)).c_str());
    if (done) return {};
    return unavailable(
        fmt::format("cannot write {}: {}; nothing was kept of it", partial, done.error().message));
}

Result<std::int64_t> verify(const std::string& partial) {
    const auto damaged = [&](std::string_view why) {
        return unavailable(
            fmt::format("the copy does not read back ({}); nothing was kept of it: "
                        "check the disks",
                        why));
    };
    auto connection = SqliteConnection::open(partial, SqliteConnection::Mode::checkpointer);
    if (!connection) return damaged(connection.error().message);
    static constexpr sql::Query query{"PRAGMA integrity_check"};
    auto rows = (*connection)->rows(query);
    while (rows.next()) {
        if (rows.string(0) != "ok") return damaged(rows.string(0));
    }
    if (auto finished = rows.finish(); !finished) return damaged(finished.error().message);
    auto schema = (*connection)->user_version();
    if (!schema) return damaged(schema.error().message);
    return *schema;
}

/// After it the file is on the disk under that name, also after a power cut.
Result<void> keep(const std::string& partial, const std::string& destination) {
    const auto sync = [](const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const bool synced = fd >= 0 && ::fsync(fd) == 0;
        if (fd >= 0) ::close(fd);
        return synced;
    };
    auto folder = fs::path(destination).parent_path().string();
    if (folder.empty()) folder = ".";
    // link() and not rename(): it replaces nothing that has come meanwhile.
    if (sync(partial) && ::link(partial.c_str(), destination.c_str()) == 0 && sync(folder)) {
        return {};
    }
    return unavailable(fmt::format("cannot write {}: {}", destination, std::strerror(errno)));
}

}  // namespace

Result<BackupReport> backup_sqlite(const std::string& source, const std::string& destination) {
    POSTRIDER_TRY(check_paths(source, destination));
    const Partial partial(destination + ".partial");
    POSTRIDER_TRY(copy(source, partial.path()));
    BackupReport report;
    POSTRIDER_ASSIGN(report.schema, verify(partial.path()));
    std::error_code failure;
    report.bytes = fs::file_size(partial.path(), failure);
    POSTRIDER_TRY(keep(partial.path(), destination));
    return report;
}

}  // namespace postrider::store
