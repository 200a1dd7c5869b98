#include "store/postgresql_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"
#include "model/limits.h"
#include "store/commit_order.h"
#include "store/last_commit.h"
#include "store/name_keys.h"
#include "store/node_file.h"
#include "store/postgresql_cluster.h"
#include "store/postgresql_link.h"
#include "store/postgresql_partitions.h"
#include "store/postgresql_schema.h"
#include "store/postgresql_writer.h"
#include "store/reader_pool.h"
#include "store/sql/postgresql_errors.h"
#include "store/transfer.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

/// A snapshot is a read transaction of one point in time.
class PostgresqlReadSource final : public ReadSource {
 public:
    PostgresqlReadSource(PostgresqlLink link, const Clock& clock)
        : link_(std::move(link)), clock_(clock) {}
    Result<sql::Connection*> begin(Duration budget) override {
        const std::string script = fmt::format(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            // The lock comes before the snapshot: see postgresql_writer.cc. The budget is not for
            // it.
            "LOCK TABLE ONLY deliveries IN ACCESS SHARE MODE; SET LOCAL statement_timeout = {}",
            std::chrono::duration_cast<std::chrono::milliseconds>(budget).count());
        // A connection that was closed while it was idle is noticed by its first use.
        for (int attempt = 0; attempt < 2; ++attempt) {
            auto connection = link_.get();
            if (!connection) break;
            (*connection)->clear_failure();
            connection_ = *connection;
            if (connection_->execute(script.c_str())) {
                connection_->budget().begin(clock_, budget, sql::ReadBudget::Lasts::any_time);
                return connection_;
            }
            connection_ = nullptr;
            link_.drop();
        }
        return fail(ErrorCode::unavailable,
                    "The database is not reachable; try again in a few seconds.");
    }
    bool ran_out() const override {
        constexpr std::string_view query_canceled = "57014";
        return connection_ != nullptr &&
               (connection_->last_state() == query_canceled || connection_->budget().ran_out());
    }
    void end() override {
        connection_->budget().end();
        // Nothing was written: ending it cannot lose anything.
        if (!(*link_.get())->execute("COMMIT")) link_.drop();
    }

 private:
    PostgresqlLink link_;
    const Clock& clock_;
    PostgresqlConnection* connection_ = nullptr;  // of the snapshot
};

class PostgresqlStore final : public Store {
 public:
    PostgresqlStore(const PostgresqlOptions& options, NodeFile file, PostgresqlLink link,
                    std::string channel, const Uuid& node, const Clock& clock, Random& random,
                    const LastCommit& last)
        : file_(std::move(file)),
          last_run_(last.time),
          cluster_(std::move(link), std::move(channel), node, order_, clock,
                   {.last = [this] { return writer_.last_id(); },
                    .raise = [this](const Uuid& id) { writer_.mint_above(id); }},
                   options.news),
          writer_(options.url, node, cluster_, order_, clock, random, last.id, options.committed),
          readers_(make_readers(options.url, clock), limits::postgresql_read_duration_first, clock,
                   [this] { return order_.seen(); }) {}
    ~PostgresqlStore() override { stop(); }

    void write(const Turn& turn, WriteClass write_class, Closure closure, Done done) override {
        writer_.write(turn, write_class, std::move(closure), std::move(done));
    }
    void publish(PublishWork work) override { writer_.publish(std::move(work)); }
    void read(const Turn& turn, ReadClass read_class, Reader reader) override {
        readers_.read(turn, read_class, std::move(reader));
    }
    void set_publish_handler(PublishHandler handler) override {
        writer_.set_publish_handler(std::move(handler));
    }
    CommitNumber last_commit() const override { return order_.last(); }
    std::optional<Timestamp> last_run() const override { return last_run_; }
    bool is_disk_full() const override { return false; }
    std::size_t reads_waiting() const override { return readers_.waiting(); }
    Duration dropped_at_once(Duration retention) const override {
        return partition_width(retention);
    }
    Cluster* cluster() override { return &cluster_; }
    void stop() override {
        readers_.stop();
        writer_.stop();
        cluster_.leave();
    }

 private:
    static ReaderPool::Sources make_readers(const std::string& url, const Clock& clock) {
        auto sources = ReaderPool::make_sources([&url,
                                                 &clock]() -> Result<std::unique_ptr<ReadSource>> {
            return std::make_unique<PostgresqlReadSource>(
                PostgresqlLink(url, {.statement_max = limits::read_duration_max}, clock), clock);
        });
        CHECK(sources.has_value());  // it connects later
        return std::move(*sources);
    }

    NodeFile file_;
    const std::optional<Timestamp> last_run_;
    CommitOrder order_;
    PostgresqlCluster cluster_;
    PostgresqlWriter writer_;
    ReaderPool readers_;
};

/// As one of the nodes, or alone. Waits for who is about to go: the server may still be ending a
/// killed node's session.
Result<void> take_part(PostgresqlConnection& sql, bool is_alone, const Clock& clock) {
    const auto deadline = clock.monotonic() + limits::node_start_wait_max;
    while (true) {
        POSTRIDER_ASSIGN(const bool taken, is_alone ? take_alone(sql) : take_together(sql));
        if (taken) return {};
        if (clock.monotonic() > deadline) {
            return fail(ErrorCode::unavailable,
                        fmt::format("the PostgreSQL database {} is in use by {}", sql.place(),
                                    is_alone ? "postrider nodes; stop them all first"
                                             : "a postrider command that needs it alone; wait for "
                                               "its end, or choose another --database"));
        }
        std::this_thread::sleep_for(limits::postgresql_reconnect_first);
    }
}

/// A row that nobody counts as a node yet; its writers' rows belong to it. `before` has died: the
/// others need not wait for its lease to end.
Result<void> register_node(PostgresqlConnection& sql, const Uuid& node,
                           const std::optional<Uuid>& before) {
    if (before) {
        POSTRIDER_TRY(sql.execute(
            fmt::format("UPDATE nodes SET heartbeat_at = '-infinity' WHERE id = '\\x{}'",
                        hex_encode(before->view()))
                .c_str()));
    }
    return sql.execute(fmt::format("INSERT INTO nodes VALUES ('\\x{}', '', 'starting', "
                                   "clock_timestamp(), clock_timestamp(), '')",
                                   hex_encode(node.view()))
                           .c_str());
}

/// The id is above every id of every node.
Result<LastCommit> find_last_commit(PostgresqlConnection& sql) {
    static constexpr sql::Query query{
        "SELECT last_id FROM nodes WHERE length(last_id) = 16 ORDER BY last_id DESC LIMIT 1"};
    POSTRIDER_ASSIGN(LastCommit last, read_last_commit(sql));
    auto rows = sql.rows(query);
    if (rows.next()) last.id = std::max(last.id, rows.uuid(0));
    POSTRIDER_TRY(rows.finish());
    return last;
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgresql(PostgresqlOptions options, const Clock& clock,
                                               Random& random) {
    PostgresqlLink link(options.url,
                        {.statement_max = limits::cluster_statement_max,
                         .lock_wait_max = limits::cluster_statement_max},
                        clock);
    POSTRIDER_ASSIGN(auto* sql, link.get());
    POSTRIDER_TRY(prepare_schema(*sql));
    POSTRIDER_TRY(take_part(*sql, options.is_alone, clock));
    POSTRIDER_TRY(check_whole(*sql));
    POSTRIDER_TRY(fold_name_keys(*sql));
    const Uuid node = Uuid::from_bytes(random.bytes(16));
    NodeFile file;
    std::optional<Uuid> before;
    if (!options.node_file.empty()) {
        POSTRIDER_ASSIGN(before, file.take(options.node_file, node));
    }
    POSTRIDER_TRY(register_node(*sql, node, before));
    POSTRIDER_ASSIGN(const auto last, find_last_commit(*sql));
    // Of this schema, in a database that may have several.
    POSTRIDER_ASSIGN(auto channel,
                     sql->value("SELECT 'postrider_' || to_hex(hashtext(current_schema()))"));
    return std::make_unique<PostgresqlStore>(options, std::move(file), std::move(link),
                                             channel.value_or("postrider"), node, clock, random,
                                             last);
}

}  // namespace postrider::store
