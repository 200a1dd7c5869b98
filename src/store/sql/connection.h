#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace postrider::store::sql {

/// One SQL statement, written once for both drivers: parameters are $1 to $n, and only syntax that
/// SQLite and PostgreSQL share. Lifetime: static; drivers cache prepared statements by its address.
struct Query {
    std::string_view text;
    /// Added to the text on PostgreSQL alone: row locks, which one writer does not need.
    std::string_view on_postgresql = {};
    /// Rows are fetched while they are read: for many and large ones of which the reader may leave
    /// some. No other query runs on the connection meanwhile.
    bool is_streamed = false;
};

/// The time that a read has is used up. Whoever knows the filters names them.
inline Error read_too_long() {
    return {ErrorCode::invalid_argument,
            "The filters match too much to be read in time: nothing was read.",
            {},
            "filter-too-wide"};
}

/// What a column or parameter holds. The schema knows no other types.
enum class Type { unknown, integer, text, blob };

/// Bytes to bind to a BLOB (bytea) parameter; plain strings are bound as TEXT.
struct Blob {
    std::string_view bytes;
};

/// Whether bound bytes outlive the statement's run, or the driver must copy them.
enum class Arguments { borrowed, copied };

/// A prepared statement of a driver. Views returned by text() and blob() live until the next
/// step(). Statements of run_each() take the arguments of a row, then end_row(), for every row, and
/// at last finish_rows().
class Statement {
 public:
    virtual ~Statement() = default;
    virtual void take_arguments(Arguments arguments) = 0;
    virtual void bind_null(int index, Type type) = 0;
    virtual void bind_integer(int index, std::int64_t value) = 0;
    virtual void bind_text(int index, std::string_view value) = 0;
    virtual void bind_blob(int index, std::string_view value) = 0;
    /// true: a row is there; false: the end.
    virtual Result<bool> step() = 0;
    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string_view text(int column) const = 0;
    virtual std::string_view blob(int column) const = 0;
    virtual std::string_view column_name(int column) const = 0;
    virtual void reset() = 0;
    /// Whether the row changed anything, where that is known before finish_rows().
    virtual Result<bool> end_row() = 0;
    /// Marks the rows that changed something and that end_row() did not tell of.
    virtual Result<void> finish_rows(std::vector<bool>* changed) = 0;
};

/// The rows of a query, read forward. The first error ends it and is kept for finish().
///
///     auto rows = connection.rows(query, realm);
///     while (rows.next()) use(rows.text(0));
///     POSTRIDER_TRY(rows.finish());
///
/// What a column holds may be nonsense: it was written by another version, or by hand. Reading it
/// then gives an empty value and makes the row unreadable: an error `corrupt`, which ends the
/// query like any other, unless forgive() leaves that one row out (store/list.h).
class Rows {
 public:
    Rows(const Query& query, Statement* statement, Result<void> prepared)
        : query_(query), statement_(statement), status_(std::move(prepared)) {}
    ~Rows() {
        if (statement_ != nullptr) statement_->reset();
    }
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    bool next() {
        if (!status_ || is_unreadable()) return false;
        auto stepped = statement_->step();
        if (!stepped) {
            status_ = std::unexpected(std::move(stepped).error());
            return false;
        }
        return *stepped;
    }
    /// Errors: also corrupt, naming table, column and key of the row that cannot be read.
    Result<void> finish() const {
        if (status_ && is_unreadable()) return unreadable();
        return status_;
    }
    bool is_unreadable() const { return !problem_.empty(); }
    /// Leaves the row out that cannot be read. Returns the error that it would have been.
    Error forgive() {
        Error error = unreadable().error();
        problem_.clear();
        return error;
    }

    bool is_null(int column) const { return statement_->is_null(column); }
    std::int64_t integer(int column) const { return statement_->integer(column); }
    bool boolean(int column) const { return statement_->integer(column) != 0; }
    std::string_view text(int column) const { return statement_->text(column); }
    std::string string(int column) const { return std::string(statement_->text(column)); }
    std::string_view blob(int column) const { return statement_->blob(column); }
    std::string bytes(int column) const { return std::string(statement_->blob(column)); }
    Uuid uuid(int column) const {
        const auto raw = statement_->blob(column);
        if (raw.size() == 16) return Uuid::from_bytes(raw);
        spoil(column, "is no id");
        return {};
    }
    template <typename IdType>
    IdType id(int column) const {
        return IdType{uuid(column)};
    }
    /// Of the years 0000 to 9999 (RFC 3339, section 1).
    Timestamp time(int column) const {
        const auto micros = integer(column);
        if (micros >= -62'167'219'200'000'000 && micros < 253'402'300'800'000'000) {
            return from_micros(micros);
        }
        spoil(column, "is no time");
        return {};
    }
    std::optional<Timestamp> optional_time(int column) const {
        if (is_null(column)) return std::nullopt;
        return time(column);
    }
    /// A word that `parse` knows.
    template <typename Enum>
    Enum word(int column, std::optional<Enum> (*parse)(std::string_view)) const {
        if (const auto value = parse(text(column))) return *value;
        spoil(column, "is a word that this version does not know");
        return {};
    }
    /// A JSON text, which is shown as it is.
    std::string json(int column) const;
    /// The same, or "".
    std::string json_or_empty(int column) const {
        return statement_->blob(column).empty() ? std::string() : json(column);
    }

 private:
    void spoil(int column, std::string_view problem) const;
    std::unexpected<Error> unreadable() const;

    const Query& query_;
    Statement* statement_;
    Result<void> status_;
    mutable std::string problem_;  ///< of the row that was read last; "" when it is readable
};

template <typename T>
struct TypeOf {
    static constexpr Type value = std::is_integral_v<T> ? Type::integer : Type::text;
};
template <>
struct TypeOf<Timestamp> {
    static constexpr Type value = Type::integer;
};
template <>
struct TypeOf<Duration> {
    static constexpr Type value = Type::integer;
};
template <>
struct TypeOf<Uuid> {
    static constexpr Type value = Type::blob;
};
template <>
struct TypeOf<Blob> {
    static constexpr Type value = Type::blob;
};
template <typename Tag>
struct TypeOf<Id<Tag>> {
    static constexpr Type value = Type::blob;
};

inline void bind(Statement& s, int i, std::nullopt_t) { s.bind_null(i, Type::unknown); }
inline void bind(Statement& s, int i, std::string_view v) { s.bind_text(i, v); }
inline void bind(Statement& s, int i, const std::string& v) { s.bind_text(i, v); }
inline void bind(Statement& s, int i, const char* v) { s.bind_text(i, v); }
inline void bind(Statement& s, int i, Blob v) { s.bind_blob(i, v.bytes); }
inline void bind(Statement& s, int i, const Uuid& v) { s.bind_blob(i, v.view()); }
template <typename Tag>
void bind(Statement& s, int i, const Id<Tag>& v) {
    s.bind_blob(i, v.view());
}
inline void bind(Statement& s, int i, Timestamp v) { s.bind_integer(i, to_micros(v)); }
inline void bind(Statement& s, int i, Duration v) { s.bind_integer(i, v.count()); }
template <typename T>
    requires std::is_integral_v<T>
void bind(Statement& s, int i, T v) {
    s.bind_integer(i, static_cast<std::int64_t>(v));
}
template <typename T>
void bind(Statement& s, int i, const std::optional<T>& v) {
    if (v) {
        bind(s, i, *v);
    } else {
        s.bind_null(i, TypeOf<T>::value);
    }
}

/// One connection to the database. Thread-safety: one thread.
///
/// Errors of every call: conflict (a uniqueness rule), resource_exhausted with problem "disk-full",
/// unavailable (busy, interrupted, gone), corrupt, internal.
class Connection {
 public:
    virtual ~Connection() = default;
    virtual Result<Statement*> prepare(const Query& query) = 0;
    /// A statement for run_each().
    virtual Result<Statement*> prepare_rows(const Query& query) = 0;
    /// Runs a script of statements without parameters (migrations, BEGIN, COMMIT).
    virtual Result<void> execute(const char* script) = 0;
    /// Rows that the last run() changed.
    virtual std::int64_t changes() const = 0;
    /// False when the database has ended the transaction by itself (SQLite: FULL, IOERR, NOMEM).
    virtual bool in_transaction() const = 0;
    /// For a reader, between two pieces of work that run no statement: a row's filter, its JSON.
    /// Statements ask by themselves. Errors: read_too_long(), once its snapshot has used up its
    /// time; a connection that writes has no such bound.
    virtual Result<void> check_time() = 0;
    /// Returns true when the snapshot has used half of its time: a look that can end with what it
    /// has found so far ends then.
    virtual bool is_half_used() const = 0;

    /// Runs a statement that returns no rows; the number of rows changed.
    template <typename... Args>
    Result<std::int64_t> run(const Query& query, const Args&... args) {
        auto prepared = prepare(query);
        if (!prepared) return std::unexpected(std::move(prepared).error());
        // Bound, stepped and reset within this call: nothing needs a copy.
        bind_all(**prepared, Arguments::borrowed, args...);
        auto stepped = (*prepared)->step();
        (*prepared)->reset();
        if (!stepped) return std::unexpected(std::move(stepped).error());
        return changes();
    }

    /// Runs a statement that returns no rows once for each of `rows`: as one set of arrays where
    /// the database is another process. `arguments(bind, row)` calls bind with a row's arguments;
    /// they outlive this call. `changed`, when given, tells which rows changed something.
    /// Requires: an INSERT … VALUES ($1, …, $n), or an UPDATE … WHERE of one row per row.
    template <typename Row, typename F>
    Result<void> run_each(const Query& query, std::span<const Row> rows, F arguments,
                          std::vector<bool>* changed = nullptr) {
        if (changed != nullptr) changed->assign(rows.size(), false);
        if (rows.empty()) return {};
        auto prepared = prepare_rows(query);
        if (!prepared) return std::unexpected(std::move(prepared).error());
        Statement& statement = **prepared;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            arguments(
                [&statement](const auto&... args) {
                    bind_all(statement, Arguments::borrowed, args...);
                },
                rows[i]);
            auto ran = statement.end_row();
            if (!ran) return std::unexpected(std::move(ran).error());
            if (changed != nullptr) (*changed)[i] = *ran;
        }
        return statement.finish_rows(changed);
    }

    /// Requires: at most one Rows of a Query is open at a time.
    template <typename... Args>
    Rows rows(const Query& query, const Args&... args) {
        auto prepared = prepare(query);
        if (!prepared) return Rows(query, nullptr, std::unexpected(std::move(prepared).error()));
        bind_all(**prepared, Arguments::copied, args...);
        return Rows(query, *prepared, {});
    }

 private:
    template <typename... Args>
    static void bind_all(Statement& statement, Arguments arguments, const Args&... args) {
        statement.take_arguments(arguments);
        [[maybe_unused]] int index = 0;
        (bind(statement, ++index, args), ...);
    }
};

}  // namespace postrider::store::sql
