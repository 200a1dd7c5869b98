#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/work_queue.h"

namespace postrider::access {

/// Hashes and checks passwords on its own few threads of low priority, so that a flood of logins
/// takes time from logins and not from deliveries. Hashes that another system made may cost twenty
/// times as much: they have a thread and a queue of their own, so that they delay each other alone.
/// In each queue realms take turns, and in a realm those who ask. A realm has one hash at a time;
/// those of two realms run beside each other. When as many wait as limits.h lets, whatever is most
/// crowded gives way (base/work_queue.h).
/// Errors of both: resource_exhausted (too many wait, or it gave way), unavailable (stopping).
/// Thread-safety: any thread; callbacks come on its threads, at once with an error, or from another
/// thread that adds one.
class PasswordHasher {
 public:
    /// On whose account a hash is made.
    using Asker = WorkQueue::Asker;

    PasswordHasher();
    ~PasswordHasher();
    PasswordHasher(const PasswordHasher&) = delete;
    PasswordHasher& operator=(const PasswordHasher&) = delete;

    void hash(const Asker& asker, std::string password,
              std::function<void(Result<std::string>)> done);

    struct Verdict {
        bool matches = false;
        /// When it matches and the hash is another system's or has old parameters: the new one, to
        /// be stored.
        std::string rehashed;
    };
    /// An empty `stored` matches nothing and takes as long as any other.
    void verify(const Asker& asker, std::string password, std::string stored,
                std::function<void(Result<Verdict>)> done);

    /// What waits ends as unavailable.
    void stop();
    std::size_t waiting() const { return own_.waiting() + imported_.waiting(); }

 private:
    const std::string decoy_;  ///< the hash of nobody's password
    WorkQueue own_;
    WorkQueue imported_;
};

/// Checks a hash of another system, as base/crypto_imported_hash.h describes them, against the
/// limits of limits.h. Errors: invalid_argument, the end of a sentence about it.
Result<void> check_importable_hash(std::string_view text);

}  // namespace postrider::access
