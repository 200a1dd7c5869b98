#include "store/postgresql_store.h"

#include <fmt/format.h>

#include <thread>
#include <utility>

#include "model/limits.h"
#include "store/commit_order.h"
#include "store/last_commit.h"
#include "store/postgresql_keeper.h"
#include "store/postgresql_link.h"
#include "store/postgresql_schema.h"
#include "store/postgresql_writer.h"
#include "store/reader_pool.h"
#include "store/sql/postgresql_errors.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

/// A snapshot is a read transaction of one point in time.
class PostgresqlReadSource final : public ReadSource {
 public:
    explicit PostgresqlReadSource(PostgresqlLink link) : link_(std::move(link)) {}
    Result<sql::Connection*> begin() override {
        // A connection that was closed while it was idle is noticed by its first use.
        for (int attempt = 0; attempt < 2; ++attempt) {
            auto connection = link_.get();
            if (!connection) break;
            (*connection)->clear_failure();
            auto begun = (*connection)->execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            if (begun) return *connection;
            link_.drop();
        }
        return fail(ErrorCode::unavailable,
                    "The database is not reachable; try again in a few seconds.");
    }
    void end() override {
        // Nothing was written: ending it cannot lose anything.
        if (!(*link_.get())->execute("COMMIT")) link_.drop();
    }

 private:
    PostgresqlLink link_;
};

class PostgresqlStore final : public Store {
 public:
    PostgresqlStore(const PostgresqlOptions& options, PostgresqlLink keeper, std::string session,
                    const Clock& clock, Random& random, Uuid last_id)
        : writer_(options.url, order_, clock, random, last_id, options.committed),
          readers_(make_readers(options.url, clock), [this] { return order_.seen(); }),
          keeper_(std::move(keeper), std::move(session), clock,
                  [this] { return writer_.last_id(); }) {}
    ~PostgresqlStore() override { stop(); }

    void write(WriteClass write_class, Closure closure, Done done) override {
        writer_.write(write_class, std::move(closure), std::move(done));
    }
    void publish(PublishWork work) override { writer_.publish(std::move(work)); }
    void read(Reader reader) override { readers_.read(std::move(reader)); }
    void set_publish_handler(PublishHandler handler) override {
        writer_.set_publish_handler(std::move(handler));
    }
    CommitNumber last_commit() const override { return order_.last(); }
    bool is_disk_full() const override { return false; }
    void stop() override {
        readers_.stop();
        writer_.stop();
        keeper_.stop();
    }

 private:
    static std::vector<std::unique_ptr<ReadSource>> make_readers(const std::string& url,
                                                                 const Clock& clock) {
        std::vector<std::unique_ptr<ReadSource>> readers;
        for (std::size_t i = 0; i < limits::postgresql_read_connections; ++i) {
            readers.push_back(std::make_unique<PostgresqlReadSource>(
                PostgresqlLink(url, {.statement_max = limits::read_duration_max}, clock)));
        }
        return readers;
    }

    CommitOrder order_;
    PostgresqlWriter writer_;
    ReaderPool readers_;
    PostgresqlKeeper keeper_;
};

/// Waits for a node that was just killed: the server may still be ending its session.
Result<void> own(PostgresqlConnection& sql, const Clock& clock) {
    const auto deadline = clock.monotonic() + limits::postgresql_owner_wait_max;
    while (true) {
        POSTRIDER_ASSIGN(const bool taken, take_ownership(sql));
        if (taken) return {};
        if (clock.monotonic() > deadline) {
            return fail(ErrorCode::unavailable,
                        fmt::format("the PostgreSQL database {} is in use by another postrider "
                                    "node; stop it, or choose another --database",
                                    sql.place()));
        }
        std::this_thread::sleep_for(limits::postgresql_reconnect_first);
    }
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgresql(PostgresqlOptions options, const Clock& clock,
                                               Random& random) {
    PostgresqlLink link(options.url, {}, clock);
    POSTRIDER_ASSIGN(auto* sql, link.get());
    POSTRIDER_TRY(prepare_schema(*sql));
    POSTRIDER_TRY(own(*sql, clock));
    // Rows of writers that are no more: the schema is ours.
    POSTRIDER_TRY(sql->execute("DELETE FROM postrider_writers"));
    POSTRIDER_ASSIGN(auto session, PostgresqlKeeper::session_of(*sql));
    POSTRIDER_ASSIGN(const auto last_id, read_last_id(*sql));
    return std::make_unique<PostgresqlStore>(options, std::move(link), std::move(session), clock,
                                             random, last_id);
}

}  // namespace postrider::store
