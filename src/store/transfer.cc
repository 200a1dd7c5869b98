#include "store/transfer.h"
#include "store/feed_table.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "base/crypto.h"
#include "base/encoding.h"
#include "model/limits.h"
#include "store/order_table.h"
#include "store/postgresql_schema.h"
#include "store/schema.h"
#include "store/sql/postgresql_connection.h"
#include "store/sql/text_rules.h"
#include "store/sqlite_file.h"
#include "store/tables.h"

namespace postrider::store {

namespace {

using sql::Query;
using sql::Statement;
using sql::Type;

constexpr const char* mark = "transfer";  ///< in the target's store_state, until it is whole

std::unexpected<Error> unavailable(std::string sentence) {
    return fail(ErrorCode::unavailable, std::move(sentence));
}

/// An open store that nobody else uses.
struct Side {
    std::unique_ptr<SqliteFile> file;
    std::unique_ptr<sql::PostgresqlConnection> server;
    std::string place;

    sql::Connection& sql() {
        if (file != nullptr) return *file->connection;
        return *server;
    }
};

Result<Side> open(const StoreLocation& location) {
    Side side;
    if (location.postgresql_url.empty()) {
        side.place = location.sqlite_path;
        POSTRIDER_ASSIGN(side.file, open_sqlite_file(location.sqlite_path));
        return side;
    }
    POSTRIDER_ASSIGN(side.server, sql::PostgresqlConnection::open(location.postgresql_url, {}));
    side.place = side.server->place();
    POSTRIDER_TRY(prepare_schema(*side.server));
    POSTRIDER_ASSIGN(const bool taken, take_alone(*side.server));
    if (taken) return side;
    return unavailable(
        fmt::format("the PostgreSQL database {} is in use by a postrider node; stop "
                    "it first",
                    side.place));
}

/// One value of a row, as both databases have it.
struct Value {
    bool is_null = false;
    std::int64_t integer = 0;
    std::string bytes;
};
using Row = std::vector<Value>;

/// The statements of one table. Drivers know statements by their address, so it stays in place.
class Copier {
 public:
    explicit Copier(TableSchema table) : table_(std::move(table)) {
        std::string columns, keys, key_parameters, parameters;
        const auto add = [](std::string& list, std::string_view more) {
            list += (list.empty() ? "" : ", ") + std::string(more);
        };
        for (std::size_t i = 0; i < table_.columns.size(); ++i) {
            add(columns, table_.columns[i].name);
            add(parameters, fmt::format("${}", i + 1));
        }
        for (std::size_t i = 0; i < table_.key.size(); ++i) {
            add(keys, table_.columns[table_.key[i]].name);
            add(key_parameters, fmt::format("${}", i + 1));
        }
        texts_[0] = fmt::format("SELECT COUNT(*) FROM {}", table_.name);
        texts_[1] = fmt::format("SELECT {} FROM {} ORDER BY {} LIMIT {}", columns, table_.name,
                                keys, limits::transfer_step_rows);
        texts_[2] =
            fmt::format("SELECT {} FROM {} WHERE ({}) > ({}) ORDER BY {} LIMIT {}", columns,
                        table_.name, keys, key_parameters, keys, limits::transfer_step_rows);
        texts_[3] = fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING",
                                table_.name, columns, parameters, keys);
        for (int i = 0; i < 4; ++i) queries_[i].text = texts_[i];
    }
    Copier(const Copier&) = delete;
    Copier& operator=(const Copier&) = delete;

    const std::string& name() const { return table_.name; }

    Result<std::int64_t> count(sql::Connection& sql) const {
        auto rows = sql.rows(queries_[0]);
        const std::int64_t found = rows.next() ? rows.integer(0) : 0;
        POSTRIDER_TRY(rows.finish());
        return found;
    }
    /// The rows after `last`, in the key's order; from the beginning when it is empty.
    Result<std::vector<Row>> read(sql::Connection& sql, const Row& last) const {
        POSTRIDER_ASSIGN(Statement * statement, sql.prepare(queries_[last.empty() ? 1 : 2]));
        statement->take_arguments(sql::Arguments::borrowed);
        for (std::size_t i = 0; i < table_.key.size() && !last.empty(); ++i) {
            bind(*statement, static_cast<int>(i) + 1, table_.key[i], last[table_.key[i]]);
        }
        std::vector<Row> found;
        auto more = statement->step();
        while (more && *more) {
            found.push_back(take(*statement));
            more = statement->step();
        }
        statement->reset();
        if (!more) return std::unexpected(std::move(more).error());
        return found;
    }
    Result<void> insert(sql::Connection& sql, const std::vector<Row>& rows) const {
        POSTRIDER_ASSIGN(Statement * statement, sql.prepare_rows(queries_[3]));
        for (const Row& row : rows) {
            statement->take_arguments(sql::Arguments::borrowed);
            for (std::size_t i = 0; i < row.size(); ++i) {
                bind(*statement, static_cast<int>(i) + 1, i, row[i]);
            }
            POSTRIDER_TRY(statement->end_row());
        }
        return statement->finish_rows(nullptr);
    }

 private:
    void bind(Statement& statement, int index, std::size_t column, const Value& value) const {
        const Type type = table_.columns[column].type;
        if (value.is_null) {
            statement.bind_null(index, type);
        } else if (type == Type::integer) {
            statement.bind_integer(index, value.integer);
        } else if (type == Type::blob) {
            statement.bind_blob(index, value.bytes);
        } else {
            statement.bind_text(index, value.bytes);
        }
    }
    Row take(const Statement& statement) const {
        Row row(table_.columns.size());
        for (std::size_t i = 0; i < row.size(); ++i) {
            const int column = static_cast<int>(i);
            row[i].is_null = statement.is_null(column);
            if (row[i].is_null) continue;
            switch (table_.columns[i].type) {
                case Type::integer:
                    row[i].integer = statement.integer(column);
                    break;
                case Type::blob:
                    row[i].bytes = statement.blob(column);
                    break;
                case Type::text:
                case Type::unknown:
                    row[i].bytes = sql::storable_text(statement.text(column));
                    break;
            }
        }
        return row;
    }

    const TableSchema table_;
    std::string texts_[4];
    Query queries_[4];
};

/// A checksum over rows, one after the other.
class Checksum {
 public:
    void add(const Row& row) {
        std::string text = state_;
        for (const Value& value : row) {
            text += value.is_null ? "n" : fmt::format("{}:{}:", value.integer, value.bytes.size());
            text += value.bytes;
        }
        state_ = sha256(text);
    }
    bool operator==(const Checksum&) const = default;

 private:
    std::string state_;
};

class Transfer {
 public:
    Transfer(Side from, Side to, const std::function<void(const TransferProgress&)>& report)
        : from_(std::move(from)), to_(std::move(to)), report_(report) {
        for (TableSchema& table : schema_tables()) {
            // SQLite builds its index of resources from the events, when it is opened.
            if (table.name.starts_with("resource_")) continue;
            copiers_.push_back(std::make_unique<Copier>(std::move(table)));
        }
    }

    Result<TransferReport> run() {
        TransferReport report;
        POSTRIDER_ASSIGN(report.was_resumed, begin());
        for (const auto& each : copiers_) {
            POSTRIDER_ASSIGN(const auto count, each->count(from_.sql()));
            progress_.total += count;
        }
        report.rows = progress_.total;
        report.tables = static_cast<std::int64_t>(copiers_.size());
        progress_.doing = "copying";
        for (const auto& each : copiers_) POSTRIDER_TRY(copy(*each));
        progress_.doing = "verifying";
        progress_.done = 0;
        for (const auto& each : copiers_) POSTRIDER_TRY(verify(*each));
        POSTRIDER_TRY(finish());
        return report;
    }

 private:
    /// Which store it is that is copied: its first realm is as good as a name.
    Result<std::string> name_of_source() {
        static constexpr Query query{"SELECT id FROM realms ORDER BY id LIMIT 1"};
        auto rows = from_.sql().rows(query);
        const std::string name = rows.next() ? hex_encode(rows.blob(0)) : "";
        POSTRIDER_TRY(rows.finish());
        return name;
    }
    /// Whether the target has a part already.
    Result<bool> begin() {
        POSTRIDER_ASSIGN(const auto name, name_of_source());
        if (name.empty()) return unavailable(from_.place + " is empty: there is nothing to move");
        POSTRIDER_TRY(check_whole(from_.sql()));
        POSTRIDER_ASSIGN(const auto begun, state_table::get(to_.sql(), mark));
        if (begun && *begun == name) return true;
        static constexpr Query realms{"SELECT COUNT(*) FROM realms"};
        auto rows = to_.sql().rows(realms);
        const bool is_used = begun.has_value() || (rows.next() && rows.integer(0) > 0);
        POSTRIDER_TRY(rows.finish());
        if (is_used) {
            return unavailable(to_.place + " has other data already; name a new, empty database");
        }
        POSTRIDER_TRY(state_table::put(to_.sql(), mark, name));
        return false;
    }
    void advance(const Copier& copier, std::size_t rows) {
        progress_.table = copier.name();
        progress_.done += static_cast<std::int64_t>(rows);
        report_(progress_);
    }
    /// The target is whole: opens it.
    Result<void> finish() {
        static constexpr Query end{"DELETE FROM store_state WHERE name = $1"};
        POSTRIDER_TRY(to_.sql().execute("BEGIN"));
        POSTRIDER_TRY(consumers_table::lose_transactions(to_.sql()));
        POSTRIDER_TRY(order_table::come_first(to_.sql()));
        POSTRIDER_TRY(to_.sql().run(end, mark));
        return to_.sql().execute("COMMIT");
    }
    /// Rows that are there already stay: a resumed transfer reads them again and writes nothing.
    Result<void> copy(const Copier& copier) {
        Row last;
        while (true) {
            POSTRIDER_ASSIGN(auto rows, copier.read(from_.sql(), last));
            if (rows.empty()) return {};
            POSTRIDER_TRY(to_.sql().execute("BEGIN"));
            auto inserted = copier.insert(to_.sql(), rows);
            if (inserted) inserted = to_.sql().execute("COMMIT");
            if (!inserted) {
                (void)to_.sql().execute("ROLLBACK");
                return unavailable(fmt::format("cannot write to {}: {}; start it again to go on",
                                               to_.place, inserted.error().message));
            }
            advance(copier, rows.size());
            last = std::move(rows.back());
        }
    }
    Result<void> verify(const Copier& copier) {
        Checksum ours, theirs;
        Row last_ours, last_theirs;
        while (true) {
            POSTRIDER_ASSIGN(auto mine, copier.read(from_.sql(), last_ours));
            POSTRIDER_ASSIGN(auto other, copier.read(to_.sql(), last_theirs));
            // The mark is the target's own.
            std::erase_if(other, [&](const Row& row) {
                return copier.name() == "store_state" && row[0].bytes == mark;
            });
            for (const Row& row : mine) ours.add(row);
            for (const Row& row : other) theirs.add(row);
            if (mine.size() != other.size() || !(ours == theirs)) {
                return unavailable(fmt::format(
                    "the table {} differs in {} and {}: the target is not whole and stays closed; "
                    "drop it and begin anew",
                    copier.name(), from_.place, to_.place));
            }
            if (mine.empty()) return {};
            advance(copier, mine.size());
            last_ours = std::move(mine.back());
            last_theirs = std::move(other.back());
        }
    }

    Side from_;
    Side to_;
    const std::function<void(const TransferProgress&)>& report_;
    std::vector<std::unique_ptr<Copier>> copiers_;
    TransferProgress progress_;
};

}  // namespace

Result<void> check_whole(sql::Connection& sql) {
    POSTRIDER_ASSIGN(const auto begun, state_table::get(sql, mark));
    if (!begun) return {};
    return unavailable(
        "the database holds a part of another store: a move to it was interrupted; run postrider "
        "migrate again to finish it");
}

Result<TransferReport> transfer(const StoreLocation& from, const StoreLocation& to,
                                const std::function<void(const TransferProgress&)>& report) {
    POSTRIDER_ASSIGN(auto source, open(from));
    POSTRIDER_ASSIGN(auto target, open(to));
    return Transfer(std::move(source), std::move(target), report).run();
}

}  // namespace postrider::store
