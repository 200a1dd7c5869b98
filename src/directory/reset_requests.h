#pragma once

#include <deque>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/random.h"
#include "directory/passwords.h"
#include "store/store.h"

namespace postrider::directory {

/// Whose password is to be reset, as somebody at the door says it.
struct ResetRequest {
    RealmId realm;
    std::optional<std::string> username;
    std::optional<std::string> email;
};

/// Resets that users ask for themselves. They are answered before anybody looks whether there is
/// such an account, and worked off one after the other: neither the answer nor its time tells.
/// Thread-safety: any thread.
class ResetRequests {
 public:
    ResetRequests(store::Store& store, Passwords& passwords, Random& random)
        : store_(store), passwords_(passwords), random_(random) {}

    /// Errors: resource_exhausted, for everyone alike: limits::reset_requests_max wait.
    Result<void> add(ResetRequest request);

 private:
    void work();
    Result<void> begin(store::Transaction& tx, const ResetRequest& request,
                       const ResetToken& token);

    store::Store& store_;
    Passwords& passwords_;
    Random& random_;
    Mutex mutex_;
    std::deque<ResetRequest> queue_ GUARDED_BY(mutex_);  ///< the first is being worked on
};

}  // namespace postrider::directory
