#include "store/sql/postgresql_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <vector>

#include "base/check.h"
#include "model/limits.h"
#include "store/sql/postgresql_errors.h"
#include "store/sql/postgresql_types.h"
#include "store/sql/set_query.h"
#include "store/sql/text_rules.h"

namespace postrider::store::sql {
namespace {

constexpr int binary = 1;

void put_64(std::array<char, 8>& out, std::int64_t value) {
    const auto raw = static_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i)
        out[static_cast<std::size_t>(i)] = static_cast<char>(raw >> (56 - 8 * i));
}

std::int64_t read_integer(const char* bytes, int length) {
    std::uint64_t raw =
        length > 0 && (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 && length > 1
            ? ~std::uint64_t{0}
            : 0;
    for (int i = 0; i < length; ++i) raw = raw << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<std::int64_t>(raw);
}

}  // namespace

void PostgresqlConnection::ClearResult::operator()(pg_result* result) const { PQclear(result); }

/// One row's arguments, and the rows that come back.
class PostgresqlConnection::PreparedStatement final : public Statement {
 public:
    PreparedStatement(PostgresqlConnection& connection, const Query& query)
        : connection_(connection), query_(query) {}

    void take_arguments(Arguments arguments) override {
        is_borrowed_ = arguments == Arguments::borrowed;
    }
    void bind_null(int index, Type type) override {
        auto& slot = at(index, type);
        slot.is_null = true;
    }
    void bind_integer(int index, std::int64_t value) override {
        auto& slot = at(index, Type::integer);
        put_64(slot.integer, value);
    }
    void bind_text(int index, std::string_view value) override {
        auto& slot = at(index, Type::text);
        if (!is_storable_text(value)) {
            slot.copy = storable_text(value);
            slot.is_copied = true;
        } else {
            keep(slot, value);
        }
    }
    void bind_blob(int index, std::string_view value) override {
        keep(at(index, Type::blob), value);
    }

    Result<bool> step() override {
        POSTRIDER_TRY(connection_.check_time());
        if (query_.is_streamed) return step_streamed();
        if (result_ == nullptr) {
            POSTRIDER_TRY(ready());
            CHECK(!connection_.is_streaming_);
            result_.reset(PQexecPrepared(connection_.connection_, name_.c_str(), count(),
                                         values_.data(), lengths_.data(), formats_.data(), binary));
            const auto status = PQresultStatus(result_.get());
            if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
                auto failed = connection_.error(result_.get());
                result_.reset();
                return failed;
            }
            connection_.count_changes(result_.get());
            row_ = -1;
            rows_ = PQntuples(result_.get());
        }
        return ++row_ < rows_;
    }
    bool is_null(int column) const override {
        return PQgetisnull(result_.get(), row_, column) != 0;
    }
    std::int64_t integer(int column) const override {
        return read_integer(PQgetvalue(result_.get(), row_, column),
                            PQgetlength(result_.get(), row_, column));
    }
    std::string_view text(int column) const override { return blob(column); }
    std::string_view blob(int column) const override {
        return {PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }
    std::string_view column_name(int column) const override {
        const char* name = PQfname(result_.get(), column);
        return name == nullptr ? "" : name;
    }
    void reset() override {
        result_.reset();
        if (is_streaming_) drain();
    }
    Result<bool> end_row() override { CHECK(false); }
    Result<void> finish_rows(std::vector<bool>*) override { CHECK(false); }

 private:
    struct Slot {
        Type type = Type::unknown;
        bool is_null = false;
        std::array<char, 8> integer{};
        bool is_copied = false;
        std::string_view bytes;  ///< when it is not copied
        std::string copy;
    };

    int count() const { return static_cast<int>(slots_.size()); }
    Slot& at(int index, Type type) {
        const auto place = static_cast<std::size_t>(index) - 1;
        if (slots_.size() <= place) slots_.resize(place + 1);
        auto& slot = slots_[place];
        slot.is_null = slot.is_copied = false;
        if (slot.type == Type::unknown) slot.type = type;
        return slot;
    }
    void keep(Slot& slot, std::string_view value) {
        if (is_borrowed_) {
            slot.bytes = value;
        } else {
            slot.copy.assign(value);
            slot.is_copied = true;
        }
    }
    /// Prepares it at its first run, when the types of its arguments are known, and lays them out.
    Result<void> ready() {
        if (name_.empty()) {
            std::vector<std::uint32_t> types;
            types.reserve(slots_.size());
            for (const auto& slot : slots_) {
                types.push_back(slot.type == Type::unknown ? 0 : oid_of(slot.type));
            }
            POSTRIDER_ASSIGN(name_, connection_.prepare_text(
                                        fmt::format("{}{}", query_.text, query_.on_postgresql),
                                        types.data(), count()));
        }
        values_.resize(slots_.size());
        lengths_.resize(slots_.size());
        formats_.assign(slots_.size(), binary);
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            const auto& slot = slots_[i];
            if (slot.is_null) {
                values_[i] = nullptr;
                lengths_[i] = 0;
            } else if (slot.type == Type::integer) {
                values_[i] = slot.integer.data();
                lengths_[i] = 8;
            } else {
                // Not before now: the slots have moved while there came more of them.
                const std::string_view bytes = slot.is_copied ? slot.copy : slot.bytes;
                values_[i] = bytes.data() == nullptr ? "" : bytes.data();
                lengths_[i] = static_cast<int>(bytes.size());
            }
        }
        return {};
    }
    Result<bool> step_streamed() {
        if (!is_streaming_) {
            POSTRIDER_TRY(ready());
            CHECK(!connection_.is_streaming_);
            if (PQsendQueryPrepared(connection_.connection_, name_.c_str(), count(), values_.data(),
                                    lengths_.data(), formats_.data(), binary) == 0) {
                return connection_.error(nullptr);
            }
            PQsetSingleRowMode(connection_.connection_);
            is_streaming_ = connection_.is_streaming_ = true;
        }
        result_.reset(PQgetResult(connection_.connection_));
        row_ = 0;
        const auto status = PQresultStatus(result_.get());
        if (status == PGRES_SINGLE_TUPLE) return true;
        if (status == PGRES_TUPLES_OK) {
            drain();
            return false;
        }
        auto failed = connection_.error(result_.get());
        drain();
        return failed;
    }
    void drain() {
        while (PGresult* rest = PQgetResult(connection_.connection_)) PQclear(rest);
        is_streaming_ = connection_.is_streaming_ = false;
    }

    PostgresqlConnection& connection_;
    const Query& query_;
    std::string name_;
    bool is_borrowed_ = false;
    std::vector<Slot> slots_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
    ResultHandle result_;
    int row_ = -1;
    int rows_ = 0;
    bool is_streaming_ = false;
};

/// Many rows' arguments, as an array per column.
class PostgresqlConnection::RowsStatement final : public Statement {
 public:
    RowsStatement(PostgresqlConnection& connection, const Query& query)
        : connection_(connection), query_(query) {}

    void take_arguments(Arguments) override {}
    void bind_null(int index, Type type) override { at(index, type).add_null(); }
    void bind_integer(int index, std::int64_t value) override {
        at(index, Type::integer).add_integer(value);
    }
    void bind_text(int index, std::string_view value) override {
        auto& column = at(index, Type::text);
        if (is_storable_text(value)) {
            column.add_bytes(value);
        } else {
            column.add_bytes(storable_text(value));
        }
    }
    void bind_blob(int index, std::string_view value) override {
        at(index, Type::blob).add_bytes(value);
    }
    Result<bool> end_row() override { return false; }
    Result<void> finish_rows(std::vector<bool>* changed) override {
        auto ran = run(changed);
        reset();
        return ran;
    }
    void reset() override {
        for (auto& column : columns_) column.clear();
    }
    Result<bool> step() override { CHECK(false); }
    bool is_null(int) const override { CHECK(false); }
    std::int64_t integer(int) const override { CHECK(false); }
    std::string_view text(int) const override { CHECK(false); }
    std::string_view blob(int) const override { CHECK(false); }
    std::string_view column_name(int) const override { CHECK(false); }

 private:
    BinaryArray& at(int index, Type type) {
        const auto place = static_cast<std::size_t>(index) - 1;
        if (columns_.size() <= place) columns_.resize(place + 1);
        if (columns_[place].type() == Type::unknown) columns_[place].set_type(type);
        return columns_[place];
    }
    Result<void> run(std::vector<bool>* changed) {
        CHECK(!connection_.is_streaming_);
        const int count = static_cast<int>(columns_.size());
        if (name_.empty()) {
            std::vector<Type> types;
            std::vector<std::uint32_t> oids;
            for (const auto& column : columns_) {
                types.push_back(column.type());
                oids.push_back(array_oid_of(column.type()));
            }
            POSTRIDER_ASSIGN(
                name_, connection_.prepare_text(set_query(query_.text, types), oids.data(), count));
        }
        std::vector<const char*> values;
        std::vector<int> lengths;
        for (auto& column : columns_) {
            const auto bytes = column.finish();
            values.push_back(bytes.data());
            lengths.push_back(static_cast<int>(bytes.size()));
        }
        const std::vector<int> formats(columns_.size(), binary);
        const ResultHandle result(PQexecPrepared(connection_.connection_, name_.c_str(), count,
                                                 values.data(), lengths.data(), formats.data(),
                                                 binary));
        const auto status = PQresultStatus(result.get());
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            return connection_.error(result.get());
        }
        connection_.count_changes(result.get());
        for (int row = 0; changed != nullptr && row < PQntuples(result.get()); ++row) {
            const auto nth =
                read_integer(PQgetvalue(result.get(), row, 0), PQgetlength(result.get(), row, 0));
            (*changed)[static_cast<std::size_t>(nth - 1)] = true;
        }
        return {};
    }

    PostgresqlConnection& connection_;
    const Query& query_;
    std::string name_;
    std::vector<BinaryArray> columns_;
};

Result<void> PostgresqlConnection::check_url(const std::string& url) {
    PQconninfoOption* options = PQconninfoParse(url.c_str(), nullptr);
    if (options == nullptr) {
        return fail(ErrorCode::invalid_argument,
                    "--database cannot be read as a PostgreSQL URL, like "
                    "postgresql://user@host:5432/postrider (special characters of a password are "
                    "percent-encoded)");
    }
    PQconninfoFree(options);
    return {};
}

Result<std::unique_ptr<PostgresqlConnection>> PostgresqlConnection::open(const std::string& url,
                                                                         const Options& options) {
    POSTRIDER_TRY(check_url(url));
    using std::chrono::duration_cast;
    const auto timeout = std::to_string(
        duration_cast<std::chrono::seconds>(limits::postgresql_connect_timeout).count());
    const auto silence = std::to_string(
        duration_cast<std::chrono::milliseconds>(limits::postgresql_silence_max).count());
    // What the URL says goes over these: it comes last.
    const std::array keywords{"connect_timeout",
                              "tcp_user_timeout",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "target_session_attrs",
                              "fallback_application_name",
                              "client_encoding",
                              "dbname",
                              static_cast<const char*>(nullptr)};
    const std::array values{
        timeout.c_str(), silence.c_str(), "2",    "1",         "3",
        "read-write",    "postrider",     "UTF8", url.c_str(), static_cast<const char*>(nullptr)};
    std::unique_ptr<PostgresqlConnection> connection(
        new PostgresqlConnection(PQconnectdbParams(keywords.data(), values.data(), 1)));
    if (PQstatus(connection->connection_) != CONNECTION_OK) {
        return connect_error(PQerrorMessage(connection->connection_));
    }
    POSTRIDER_TRY(connection->configure(options));
    return connection;
}

Result<void> PostgresqlConnection::configure(const Options& options) {
    PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
    const auto ms = [](Duration duration) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    };
    // Every statement goes along an index that was made for it, from few rows to few rows, and is
    // planned once. Left alone, the planner goes by statistics that are a minute old in tables that
    // were empty then, and reads all of them, or sorts them to give the first fifty.
    POSTRIDER_TRY(
        execute("SET plan_cache_mode=force_generic_plan; SET enable_seqscan=off; "
                "SET enable_bitmapscan=off; SET enable_hashjoin=off; SET enable_mergejoin=off; "
                "SET enable_material=off; SET enable_sort=off; SET jit=off"));
    // The server notices as soon as we do when the other side is gone, and lets go of its locks.
    // An acknowledged commit is on stable storage, whatever the database's default is (promise 1).
    const auto script = fmt::format(
        "SET statement_timeout={}; SET lock_timeout={}; "
        "SET idle_in_transaction_session_timeout={}; SET tcp_user_timeout={}; "
        "SET tcp_keepalives_idle=2; SET tcp_keepalives_interval=1; SET tcp_keepalives_count=3; "
        "SELECT set_config('synchronous_commit', 'on', false) "
        "WHERE current_setting('synchronous_commit') = 'off'",
        ms(options.statement_max), ms(options.lock_wait_max),
        ms(limits::postgresql_transaction_idle_max), ms(limits::postgresql_silence_max));
    return execute(script.c_str());
}

PostgresqlConnection::PostgresqlConnection(pg_conn* connection) : connection_(connection) {}

PostgresqlConnection::~PostgresqlConnection() {
    statements_.clear();
    rows_statements_.clear();
    PQfinish(connection_);
}

Result<Statement*> PostgresqlConnection::prepare(const Query& query) {
    auto& slot = statements_[&query];
    if (slot == nullptr) slot = std::make_unique<PreparedStatement>(*this, query);
    return slot.get();
}

Result<Statement*> PostgresqlConnection::prepare_rows(const Query& query) {
    auto& slot = rows_statements_[&query];
    if (slot == nullptr) slot = std::make_unique<RowsStatement>(*this, query);
    slot->reset();
    return slot.get();
}

Result<std::string> PostgresqlConnection::prepare_text(const std::string& text,
                                                       const std::uint32_t* types, int count) {
    CHECK(!is_streaming_);
    auto name = "p" + std::to_string(++prepared_);
    const ResultHandle result(PQprepare(connection_, name.c_str(), text.c_str(), count, types));
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return error(result.get());
    return name;
}

Result<void> PostgresqlConnection::execute(const char* script) {
    CHECK(!is_streaming_);
    const ResultHandle result(PQexec(connection_, script));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return error(result.get());
    last_command_ = PQcmdStatus(result.get());
    return {};
}

Result<std::optional<std::string>> PostgresqlConnection::value(const std::string& query) {
    CHECK(!is_streaming_);
    const ResultHandle result(PQexec(connection_, query.c_str()));
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return error(result.get());
    if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) return std::nullopt;
    return std::string(PQgetvalue(result.get(), 0, 0));
}

bool PostgresqlConnection::in_transaction() const {
    return PQtransactionStatus(connection_) == PQTRANS_INTRANS;
}

Result<std::vector<std::string>> PostgresqlConnection::take_notifications() {
    if (PQconsumeInput(connection_) == 0) return error(nullptr);
    std::vector<std::string> payloads;
    while (PGnotify* notification = PQnotifies(connection_)) {
        payloads.emplace_back(notification->extra);
        PQfreemem(notification);
    }
    return payloads;
}

int PostgresqlConnection::socket() const { return PQsocket(connection_); }

int PostgresqlConnection::server_version() const { return PQserverVersion(connection_); }

std::string PostgresqlConnection::server_encoding() const {
    const char* encoding = PQparameterStatus(connection_, "server_encoding");
    return encoding == nullptr ? "" : encoding;
}

std::string PostgresqlConnection::place() const {
    return fmt::format("{}:{}/{}", PQhost(connection_), PQport(connection_), PQdb(connection_));
}

std::string PostgresqlConnection::user() const { return PQuser(connection_); }

void PostgresqlConnection::count_changes(pg_result* result) {
    const std::string_view text = PQcmdTuples(result);
    changes_ = 0;
    std::from_chars(text.data(), text.data() + text.size(), changes_);
    if (PQresultStatus(result) == PGRES_COMMAND_OK) rows_written_ += changes_;
}

std::unexpected<Error> PostgresqlConnection::error(const pg_result* result) {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string_view code = state == nullptr ? "" : state;
    // What comes after an error in the same transaction says nothing new.
    if (code == "25P02" && last_failure_ != Failure::none) return std::unexpected(last_error_);
    const char* message =
        result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const bool lost = PQstatus(connection_) != CONNECTION_OK || code.empty();
    auto understood = understand(code, message == nullptr ? "" : message, lost);
    last_failure_ = understood.failure;
    last_error_ = std::move(understood.error);
    last_state_ = code;
    return std::unexpected(last_error_);
}

}  // namespace postrider::store::sql
