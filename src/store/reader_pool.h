#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/store.h"

namespace postrider::store {

/// A connection for reading, of one reader's thread.
class ReadSource {
 public:
    virtual ~ReadSource() = default;
    /// Begins a snapshot. Its connection lives until end().
    virtual Result<sql::Connection*> begin() = 0;
    virtual void end() = 0;
};

/// Threads that run reads, each on its own connection inside one read transaction.
/// Thread-safety: any thread.
class ReaderPool {
 public:
    /// `seen` gives the number up to which a snapshot that begins afterwards sees every commit.
    ReaderPool(std::vector<std::unique_ptr<ReadSource>> sources,
               std::function<CommitNumber()> seen);
    ~ReaderPool();
    ReaderPool(const ReaderPool&) = delete;
    ReaderPool& operator=(const ReaderPool&) = delete;

    void read(Store::Reader reader);
    /// Ends what is queued, then the threads.
    void stop();

 private:
    void run(ReadSource& source);

    std::function<CommitNumber()> seen_;
    Mutex mutex_;
    Condition changed_;
    std::deque<Store::Reader> queue_ GUARDED_BY(mutex_);
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::unique_ptr<ReadSource>> sources_;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::store
