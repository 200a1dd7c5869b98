#include "store/reader_pool.h"

#include "base/memory_guard.h"
#include "base/thread.h"
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

ReaderPool::ReaderPool(std::vector<std::unique_ptr<ReadSource>> sources,
                       std::function<CommitNumber()> seen)
    : seen_(std::move(seen)), sources_(std::move(sources)) {
    for (auto& source : sources_) {
        threads_.push_back(start_thread("reader", [this, &source] { run(*source); }));
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

void ReaderPool::run(ReadSource& source) {
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
        CommitNumber commit = seen_();
        auto connection = source.begin();
        if (!connection) {
            reader(std::unexpected(std::move(connection).error()));
        } else {
            ReadSnapshot snapshot(**connection, commit);
            (void)spare_others([&] { reader(&snapshot); });
            source.end();
        }
    }
}

}  // namespace postrider::store
