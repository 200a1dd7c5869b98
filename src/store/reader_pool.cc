#include "store/reader_pool.h"

#include <pthread.h>

#include "model/limits.h"

namespace postrider::store {
namespace {

class ReadSnapshot final : public Snapshot {
 public:
    ReadSnapshot(sql::Connection& sql, CommitNumber commit) : sql_(sql), commit_(commit) {}
    sql::Connection& sql() override { return sql_; }
    CommitNumber commit_number() const override { return commit_; }

 private:
    sql::Connection& sql_;
    CommitNumber commit_;
};

}  // namespace

ReaderPool::ReaderPool(std::vector<std::unique_ptr<sql::SqliteConnection>> connections,
                       const std::atomic<CommitNumber>& last_commit)
    : last_commit_(last_commit), connections_(std::move(connections)) {
    for (auto& connection : connections_) {
        threads_.emplace_back([this, &connection] { run(*connection); });
    }
}

ReaderPool::~ReaderPool() { stop(); }

void ReaderPool::stop() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void ReaderPool::read(Store::Reader reader) {
    std::unexpected<Error> refusal{Error{}};
    {
        MutexLock lock(mutex_);
        if (!stopping_ && queue_.size() < limits::reader_queue_max) {
            queue_.push_back(std::move(reader));
            changed_.notify_one();
            return;
        }
        refusal = fail(ErrorCode::unavailable, stopping_ ? "The server is stopping."
                                                         : "Too many reads are waiting; retry.");
    }
    reader(std::move(refusal));
}

void ReaderPool::run(sql::SqliteConnection& connection) {
    pthread_setname_np(pthread_self(), "reader");
    while (true) {
        Store::Reader reader;
        {
            MutexLock lock(mutex_);
            while (queue_.empty() && !stopping_) changed_.wait(mutex_);
            if (queue_.empty()) return;
            reader = std::move(queue_.front());
            queue_.pop_front();
        }
        // Taken before BEGIN: the snapshot sees at least these commits.
        CommitNumber commit = last_commit_.load(std::memory_order_acquire);
        connection.set_deadline(std::chrono::steady_clock::now() + limits::read_duration_max);
        if (auto begun = connection.execute("BEGIN"); !begun) {
            reader(std::unexpected(std::move(begun).error()));
        } else {
            ReadSnapshot snapshot(connection, commit);
            reader(&snapshot);
            connection.clear_deadline();
            // Nothing was written: ending it cannot lose anything.
            (void)connection.execute("COMMIT");
        }
    }
}

}  // namespace postrider::store
