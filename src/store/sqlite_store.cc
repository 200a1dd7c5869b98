#include "store/sqlite_store.h"

#include <utility>

#include "model/limits.h"
#include "store/checkpointer.h"
#include "store/last_commit.h"
#include "store/name_keys.h"
#include "store/reader_pool.h"
#include "store/sqlite_file.h"
#include "store/transfer.h"
#include "store/writer.h"

namespace postrider::store {
namespace {

using sql::SqliteConnection;

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

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock,
                                           Random& random) {
    POSTRIDER_ASSIGN(auto file, open_sqlite_file(options.path));
    POSTRIDER_TRY(check_whole(*file->connection));
    if (auto folded = fold_name_keys(*file->connection); !folded) {
        return cannot_open(options.path, folded.error());
    }
    auto last_id = read_last_id(*file->connection);
    if (!last_id) return cannot_open(options.path, last_id.error());
    auto checkpointer = SqliteConnection::open(options.path, SqliteConnection::Mode::checkpointer);
    if (!checkpointer) return cannot_open(options.path, checkpointer.error());
    std::vector<std::unique_ptr<ReadSource>> readers;
    for (std::size_t i = 0; i < limits::reader_threads; ++i) {
        auto reader = SqliteConnection::open(options.path, SqliteConnection::Mode::reader);
        if (!reader) return cannot_open(options.path, reader.error());
        readers.push_back(std::make_unique<SqliteReadSource>(std::move(*reader)));
    }
    return std::make_unique<SqliteStore>(std::move(file->lock), std::move(*checkpointer),
                                         std::move(file->connection), std::move(readers), options,
                                         clock, random, *last_id);
}

}  // namespace postrider::store
