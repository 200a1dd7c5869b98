// Fills the SQLite store of a server that is not running with a history, fast:
//   bench_fill DATABASE COUNT BEGIN_MS END_MS [--pending]
// COUNT events are spread evenly over [BEGIN_MS, END_MS), in milliseconds since 1970, each with a
// random resource id and, with --pending, a delivery that waits; else a delivery that was made at
// its first attempt. They are copies of the newest rows that the server itself wrote, one for each
// webhook, so that they have the columns and sizes of real ones. Indexes are dropped and built
// again at the end, from sorted keys, which makes ten million rows a matter of minutes.
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/limits.h"

namespace {

sqlite3* database = nullptr;

[[noreturn]] void die(std::string_view what) {
    std::fprintf(stderr, "bench_fill: %.*s: %s\n", static_cast<int>(what.size()), what.data(),
                 sqlite3_errmsg(database));
    std::exit(1);
}

void execute(const std::string& sql) {
    if (sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) die(sql);
}

sqlite3_stmt* prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) die(sql);
    return statement;
}

using Id = std::string;  // 16 bytes

/// A table's template rows and the statement that inserts copies of them.
class Copier {
 public:
    Copier(const std::string& table, const std::string& select) {
        auto* statement = prepare(select);
        const int count = sqlite3_column_count(statement);
        std::string names, marks;
        for (int i = 0; i < count; ++i) {
            columns_[sqlite3_column_name(statement, i)] = i + 1;
            names += (i > 0 ? ", " : "") + std::string(sqlite3_column_name(statement, i));
            marks += i > 0 ? ", ?" : "?";
        }
        while (sqlite3_step(statement) == SQLITE_ROW) {
            auto& row = rows_.emplace_back();
            for (int i = 0; i < count; ++i) {
                row.push_back(sqlite3_value_dup(sqlite3_column_value(statement, i)));
            }
        }
        sqlite3_finalize(statement);
        insert_ = prepare("INSERT INTO " + table + " (" + names + ") VALUES (" + marks + ")");
    }

    std::size_t size() const { return rows_.size(); }

    void begin(std::size_t row) {
        const auto& values = rows_[row % rows_.size()];
        for (std::size_t i = 0; i < values.size(); ++i) {
            sqlite3_bind_value(insert_, static_cast<int>(i) + 1, values[i]);
        }
    }
    void set(const char* column, const Id& value) {
        sqlite3_bind_blob(insert_, columns_.at(column), value.data(),
                          static_cast<int>(value.size()), SQLITE_TRANSIENT);
    }
    void set(const char* column, std::int64_t value) {
        sqlite3_bind_int64(insert_, columns_.at(column), value);
    }
    void set_text(const char* column, const char* value) {
        sqlite3_bind_text(insert_, columns_.at(column), value, -1, SQLITE_STATIC);
    }
    void set_null(const char* column) { sqlite3_bind_null(insert_, columns_.at(column)); }
    void end() {
        if (sqlite3_step(insert_) != SQLITE_DONE) die("insert");
        sqlite3_reset(insert_);
    }

 private:
    std::map<std::string, int> columns_;
    std::vector<std::vector<sqlite3_value*>> rows_;
    sqlite3_stmt* insert_ = nullptr;
};

/// Takes the indexes away that are not primary keys; returns the statements that make them.
std::vector<std::string> drop_indexes() {
    std::vector<std::string> names, made;
    auto* statement = prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('events', 'deliveries', 'attempts')");
    while (sqlite3_step(statement) == SQLITE_ROW) {
        names.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)));
        made.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 1)));
    }
    sqlite3_finalize(statement);
    for (const auto& name : names) execute("DROP INDEX " + name);
    return made;
}

/// UUIDv7 of that millisecond; `number` ascends within it.
Id id_at(std::int64_t ms, std::uint64_t number, std::uint64_t random) {
    Id id(16, '\0');
    for (int i = 0; i < 6; ++i)
        id[static_cast<std::size_t>(i)] = static_cast<char>(ms >> (40 - 8 * i));
    id[6] = static_cast<char>(0x70 | (number >> 14 & 0x0f));
    id[7] = static_cast<char>(number >> 6);
    id[8] = static_cast<char>(0x80 | (number & 0x3f));
    for (std::size_t i = 9; i < 16; ++i) id[i] = static_cast<char>(random >> (8 * (i - 9)));
    return id;
}

Id database_realm() {
    auto* statement = prepare("SELECT realm_id FROM events ORDER BY id DESC LIMIT 1");
    if (sqlite3_step(statement) != SQLITE_ROW) die("there is no event");
    Id realm(static_cast<const char*>(sqlite3_column_blob(statement, 0)), 16);
    sqlite3_finalize(statement);
    return realm;
}

/// The index of resources as the server would have built it (store/resource_index.h).
class Slices {
 public:
    explicit Slices(Id realm) : realm_(std::move(realm)) {
        execute("DELETE FROM resource_slices; DELETE FROM resource_entries");
        entry_ = prepare("INSERT INTO resource_entries (slice, resource_id, id) VALUES (?, ?, ?)");
        slice_ = prepare(
            "INSERT INTO resource_slices (realm_id, slice, first_id, last_id) VALUES (?, ?, ?, ?)");
    }
    void add(const Id& resource, const Id& event) {
        entries_.emplace_back(resource, event);
        if (entries_.size() == postrider::limits::resource_slice_rows) build();
    }

 private:
    static void bind(sqlite3_stmt* statement, int index, const Id& id) {
        sqlite3_bind_blob(statement, index, id.data(), static_cast<int>(id.size()),
                          SQLITE_TRANSIENT);
    }
    static void run(sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) die("insert into a slice");
        sqlite3_reset(statement);
    }
    void build() {
        number_ += 1;
        sqlite3_bind_int64(slice_, 2, number_);
        bind(slice_, 1, realm_);
        bind(slice_, 3, entries_.front().second);
        bind(slice_, 4, entries_.back().second);
        run(slice_);
        std::ranges::sort(entries_);
        for (const auto& [resource, event] : entries_) {
            sqlite3_bind_int64(entry_, 1, number_);
            bind(entry_, 2, resource);
            bind(entry_, 3, event);
            run(entry_);
        }
        entries_.clear();
    }

    Id realm_;
    std::int64_t number_ = 0;
    std::vector<std::pair<Id, Id>> entries_;
    sqlite3_stmt* entry_ = nullptr;
    sqlite3_stmt* slice_ = nullptr;
};

void fill(std::int64_t count, std::int64_t begin_ms, std::int64_t end_ms, bool pending) {
    Copier events("events",
                  "SELECT e.* FROM events e WHERE e.id IN (SELECT max(event_id) FROM deliveries "
                  "GROUP BY webhook_id) ORDER BY e.id");
    Copier deliveries("deliveries",
                      "SELECT d.* FROM deliveries d WHERE d.event_id IN (SELECT max(event_id) "
                      "FROM deliveries GROUP BY webhook_id) ORDER BY d.event_id");
    Copier attempts("attempts",
                    "SELECT a.* FROM attempts a JOIN deliveries d ON d.id = a.delivery_id "
                    "WHERE d.event_id IN (SELECT max(event_id) FROM deliveries "
                    "GROUP BY webhook_id) AND a.number = 1 ORDER BY d.event_id");
    if (events.size() == 0 || events.size() != deliveries.size() ||
        (!pending && events.size() != attempts.size())) {
        std::fprintf(stderr, "bench_fill: the store has no delivery of each webhook to copy\n");
        std::exit(1);
    }
    Slices slices(database_realm());
    std::mt19937_64 random(42);
    std::int64_t last_ms = -1;
    std::uint64_t number = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        const auto ms = begin_ms + static_cast<std::int64_t>(
                                       static_cast<double>(end_ms - begin_ms) *
                                       static_cast<double>(i) / static_cast<double>(count));
        number = ms == last_ms ? number + 2 : 0;
        last_ms = ms;
        const auto row = static_cast<std::size_t>(random());
        const Id event = id_at(ms, number, random()), delivery = id_at(ms, number + 1, random());
        events.begin(row);
        events.set("id", event);
        const Id resource = id_at(static_cast<std::int64_t>(random() >> 16), 0, random());
        events.set("resource_id", resource);
        slices.add(resource, event);
        events.set("timestamp", ms * 1000);
        events.end();
        deliveries.begin(row);
        deliveries.set("id", delivery);
        deliveries.set("event_id", event);
        deliveries.set("due_at", ms * 1000);
        deliveries.set("pending_since", ms * 1000);
        if (pending) {
            deliveries.set_text("state", "pending");
            deliveries.set("attempts", std::int64_t{0});
            deliveries.set("schedule_position", std::int64_t{0});
            deliveries.set_null("last_attempt_at");
            deliveries.set_null("finished_at");
            deliveries.end();
            continue;
        }
        deliveries.set("last_attempt_at", ms * 1000 + 500);
        deliveries.set("finished_at", ms * 1000 + 900);
        deliveries.end();
        attempts.begin(row);
        attempts.set("delivery_id", delivery);
        attempts.set("started_at", ms * 1000 + 500);
        attempts.end();
    }
}

}  // namespace

int main(int argc, char** argv) {
    const bool pending = argc == 6 && std::string_view(argv[5]) == "--pending";
    if (argc != 5 && !pending) {
        std::fprintf(stderr, "usage: bench_fill DATABASE COUNT BEGIN_MS END_MS [--pending]\n");
        return 2;
    }
    if (sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
        die(argv[1]);
    }
    // A store that is cut off while it is filled is thrown away.
    execute(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE;"
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;"
        "PRAGMA temp_store = FILE");
    // Dropping an index drops what the planner knows of it.
    execute("CREATE TEMP TABLE kept_statistics AS SELECT * FROM sqlite_stat1");
    execute("BEGIN");
    const auto indexes = drop_indexes();
    fill(std::atoll(argv[2]), std::atoll(argv[3]), std::atoll(argv[4]), pending);
    for (const auto& index : indexes) execute(index);
    execute("DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 SELECT * FROM kept_statistics");
    execute("COMMIT");
    execute("PRAGMA journal_mode = WAL");
    sqlite3_close(database);
    return 0;
}
