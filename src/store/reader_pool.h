#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "store/sql/sqlite_connection.h"
#include "store/store.h"

namespace postrider::store {

/// Threads that run reads, each on its own connection inside one read transaction.
/// Thread-safety: any thread.
class ReaderPool {
 public:
    ReaderPool(std::vector<std::unique_ptr<sql::SqliteConnection>> connections,
               const std::atomic<CommitNumber>& last_commit);
    ~ReaderPool();
    ReaderPool(const ReaderPool&) = delete;
    ReaderPool& operator=(const ReaderPool&) = delete;

    void read(Store::Reader reader);
    /// Ends what is queued, then the threads.
    void stop();

 private:
    void run(sql::SqliteConnection& connection);

    const std::atomic<CommitNumber>& last_commit_;
    Mutex mutex_;
    Condition changed_;
    std::deque<Store::Reader> queue_ GUARDED_BY(mutex_);
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::vector<std::unique_ptr<sql::SqliteConnection>> connections_;
    std::vector<std::thread> threads_;
};

}  // namespace postrider::store
