#include "store/sqlite_backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "store/migrations.h"
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

/// Reads all of it, and gives its schema's number. Errors: what SQLite says is wrong.
Result<std::int64_t> read_through(SqliteConnection& sql) {
    static constexpr sql::Query query{"PRAGMA integrity_check"};
    auto rows = sql.rows(query);
    while (rows.next()) {
        std::string said = rows.string(0);
        std::ranges::replace(said, '\n', ' ');
        if (said != "ok") return unavailable(std::move(said));
    }
    POSTRIDER_TRY(rows.finish());
    return sql.user_version();
}

Result<std::int64_t> verify(const std::string& partial) {
    auto connection = SqliteConnection::open(partial, SqliteConnection::Mode::checkpointer);
    auto schema = connection ? read_through(**connection)
                             : Result<std::int64_t>(std::unexpected(connection.error()));
    if (schema) return schema;
    return unavailable(
        fmt::format("the copy does not read back ({}); nothing was kept of it: check the disks",
                    schema.error().message));
}

Result<std::int64_t> number(SqliteConnection& sql, const sql::Query& query) {
    auto rows = sql.rows(query);
    const std::int64_t found = rows.next() ? rows.integer(0) : 0;
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> look_into(SqliteConnection& sql, CopyReport& report) {
    static constexpr sql::Query realms{"SELECT COUNT(*) FROM realms"};
    static constexpr sql::Query webhooks{"SELECT COUNT(*) FROM webhooks WHERE deleted_at IS NULL"};
    static constexpr sql::Query events{"SELECT COUNT(*) FROM events"};
    static constexpr sql::Query pending{"SELECT COUNT(*) FROM deliveries WHERE state = 'pending'"};
    static constexpr sql::Query newest{"SELECT MAX(id) FROM events WHERE length(id) = 16"};
    static constexpr sql::Query key{"SELECT value FROM store_state WHERE name = 'key_check'"};
    POSTRIDER_ASSIGN(report.realms, number(sql, realms));
    POSTRIDER_ASSIGN(report.webhooks, number(sql, webhooks));
    POSTRIDER_ASSIGN(report.events, number(sql, events));
    POSTRIDER_ASSIGN(report.pending, number(sql, pending));
    {
        auto rows = sql.rows(newest);
        if (rows.next() && !rows.is_null(0)) report.newest = rows.uuid(0).time();
        POSTRIDER_TRY(rows.finish());
    }
    auto rows = sql.rows(key);
    if (rows.next()) report.key_check = rows.bytes(0);
    return rows.finish();
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

Result<CopyReport> check_copy(const std::string& path) {
    std::error_code failure;
    if (!fs::is_regular_file(path, failure)) {
        return unavailable(
            fmt::format("there is no file {}; name a copy that postrider backup "
                        "has made",
                        path));
    }
    const auto damaged = [&](const Error& error) {
        return unavailable(
            fmt::format("{} is damaged, or is no copy of a store ({}); keep it, and "
                        "restore another one",
                        path, error.message));
    };
    auto connection = SqliteConnection::open(path, SqliteConnection::Mode::reader);
    if (!connection) return damaged(connection.error());
    auto schema = read_through(**connection);
    if (!schema) return damaged(schema.error());
    CopyReport report;
    report.file = {.bytes = fs::file_size(path, failure), .schema = *schema};
    if (*schema < 1) return damaged({ErrorCode::corrupt, "it has no schema", {}, nullptr});
    if (*schema > static_cast<std::int64_t>(migrations().size())) {
        return unavailable(
            fmt::format("{} was written by a newer Postrider (schema {}, this one knows up to {}); "
                        "check and restore it with that version",
                        path, *schema, migrations().size()));
    }
    if (auto looked = look_into(**connection, report); !looked) return damaged(looked.error());
    return report;
}

}  // namespace postrider::store
