#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace postrider::access {

/// Hashes and checks passwords on its own few threads of low priority, so that a flood of logins
/// takes time from logins and not from deliveries.
/// Errors of both: resource_exhausted (limits::password_hash_queue_max wait already), unavailable
/// (stopping). Thread-safety: any thread; callbacks come on its threads, or at once with an error.
class PasswordHasher {
 public:
    PasswordHasher();
    ~PasswordHasher();
    PasswordHasher(const PasswordHasher&) = delete;
    PasswordHasher& operator=(const PasswordHasher&) = delete;

    void hash(std::string password, std::function<void(Result<std::string>)> done);

    struct Verdict {
        bool matches = false;
        /// When it matches and the hash has old parameters: the new one, to be stored.
        std::string rehashed;
    };
    /// An empty `stored` matches nothing and takes as long as any other.
    void verify(std::string password, std::string stored,
                std::function<void(Result<Verdict>)> done);

    /// What waits ends as unavailable.
    void stop();

 private:
    /// Runs with true, or with false when the hasher has stopped.
    using Work = std::function<void(bool runs)>;
    Result<void> enqueue(Work work);
    void run();

    Mutex mutex_;
    Condition waiting_;
    std::deque<Work> queue_ GUARDED_BY(mutex_);
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    const std::string decoy_;  ///< the hash of nobody's password
    std::vector<std::thread> threads_;
};

}  // namespace postrider::access
