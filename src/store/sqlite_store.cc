#include "store/sqlite_store.h"

#include <future>
#include <utility>

#include "model/limits.h"
#include "store/checkpointer.h"
#include "store/last_commit.h"
#include "store/name_keys.h"
#include "store/reader_pool.h"
#include "store/resource_indexer.h"
#include "store/sqlite_file.h"
#include "store/transfer.h"
#include "store/writer.h"
#include "telemetry/log.h"

namespace postrider::store {
namespace {

using sql::SqliteConnection;

class SqliteStore final : public Store {
 public:
    struct Connections {
        std::unique_ptr<SqliteConnection> writer, checkpointer, indexer;
        ReaderPool::Sources readers;
    };

    SqliteStore(ProcessLock lock, Connections connections, const SqliteOptions& options,
                const Clock& clock, Random& random, const LastCommit& last)
        : lock_(std::move(lock)),
          last_run_(last.time),
          checkpointer_(std::move(connections.checkpointer),
                        [path = options.path] { return room_to_grow(path); }),
          writer_(std::move(connections.writer), checkpointer_,
                  DiskReserve(options.path, options.reserve_bytes), clock, random, last.id),
          indexer_(std::move(connections.indexer), clock,
                   [this](const RealmId& realm, Closure closure) {
                       return write_and_wait(realm, std::move(closure));
                   }),
          readers_(std::move(connections.readers), limits::read_duration_first, clock,
                   [this] { return last_commit(); }) {
        writer_.set_observer(options.committed);
        writer_.set_event_observer([this](const RealmId& realm, std::uint64_t events) {
            indexer_.written(realm, events);
        });
        writer_.start();
        indexer_.start();
    }
    ~SqliteStore() override { stop(); }

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
    CommitNumber last_commit() const override {
        return writer_.last_commit().load(std::memory_order_acquire);
    }
    std::optional<Timestamp> last_run() const override { return last_run_; }
    bool is_disk_full() const override { return writer_.is_disk_full(); }
    std::size_t reads_waiting() const override { return readers_.waiting(); }
    void stop() override {
        readers_.stop();
        indexer_.stop();
        writer_.stop();
    }

 private:
    Result<void> write_and_wait(const RealmId& realm, Closure closure) {
        std::promise<Result<void>> done;
        writer_.write(Turn::of(realm), WriteClass::ordinary, std::move(closure),
                      [&done](Result<void> result) { done.set_value(std::move(result)); });
        return done.get_future().get();
    }

    ProcessLock lock_;
    const std::optional<Timestamp> last_run_;
    Checkpointer checkpointer_;
    Writer writer_;
    ResourceIndexer indexer_;
    ReaderPool readers_;
};

/// A snapshot is a read transaction, bounded in time.
class SqliteReadSource final : public ReadSource {
 public:
    SqliteReadSource(std::unique_ptr<SqliteConnection> connection, const Clock& clock)
        : connection_(std::move(connection)), clock_(clock) {}
    Result<sql::Connection*> begin(Duration budget) override {
        connection_->set_budget(clock_, budget);
        POSTRIDER_TRY(connection_->execute("BEGIN"));
        return connection_.get();
    }
    bool ran_out() const override { return connection_->ran_out(); }
    void end() override {
        connection_->clear_budget();
        // Nothing was written: ending it cannot lose anything.
        (void)connection_->execute("COMMIT");
    }

 private:
    std::unique_ptr<SqliteConnection> connection_;
    const Clock& clock_;
};

Result<std::unique_ptr<Store>> open_once(const SqliteOptions& options, const Clock& clock,
                                         Random& random, SqliteConnection::LogIndex index) {
    POSTRIDER_ASSIGN(auto file, open_sqlite_file(options.path, index));
    POSTRIDER_TRY(check_whole(*file->connection));
    if (auto folded = fold_name_keys(*file->connection); !folded) {
        return cannot_open(options.path, folded.error());
    }
    auto last = read_last_commit(*file->connection);
    if (!last) return cannot_open(options.path, last.error());
    SqliteStore::Connections connections;
    connections.writer = std::move(file->connection);
    const auto open_one = [&options, index](SqliteConnection::Mode mode) {
        return SqliteConnection::open(options.path, mode, index);
    };
    auto checkpointer = open_one(SqliteConnection::Mode::checkpointer);
    if (!checkpointer) return cannot_open(options.path, checkpointer.error());
    connections.checkpointer = std::move(*checkpointer);
    auto indexer = open_one(SqliteConnection::Mode::reader);
    if (!indexer) return cannot_open(options.path, indexer.error());
    connections.indexer = std::move(*indexer);
    const auto open_reader = [&]() -> Result<std::unique_ptr<ReadSource>> {
        auto reader = open_one(SqliteConnection::Mode::reader);
        if (!reader) return cannot_open(options.path, reader.error());
        return std::make_unique<SqliteReadSource>(std::move(*reader), clock);
    };
    POSTRIDER_ASSIGN(connections.readers, ReaderPool::make_sources(open_reader));
    return std::make_unique<SqliteStore>(std::move(file->lock), std::move(connections), options,
                                         clock, random, *last);
}

bool is_for_want_of_room(const Result<std::unique_ptr<Store>>& opened) {
    return !opened && opened.error().problem != nullptr &&
           std::string_view(opened.error().problem) == "disk-full";
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock,
                                           Random& random) {
    using LogIndex = SqliteConnection::LogIndex;
    auto opened = open_once(options, clock, random, LogIndex::in_a_file);
    if (!is_for_want_of_room(opened)) return opened;
    // A start needs some room, too: what is held back is held back for this.
    DiskReserve(options.path, options.reserve_bytes).give_up();
    opened = open_once(options, clock, random, LogIndex::in_a_file);
    if (!is_for_want_of_room(opened)) return opened;
    opened = open_once(options, clock, random, LogIndex::in_memory);
    if (opened) {
        log::warning("store",
                     "the disk has no room at all: the server has started without any, and until "
                     "its next start other programs cannot read the database beside it",
                     {{"path", options.path}});
    }
    return opened;
}

}  // namespace postrider::store
