#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/random.h"
#include "base/turns.h"
#include "directory/passwords.h"
#include "store/store.h"

namespace postrider::directory {

/// Whose password is to be reset, as somebody at the door says it.
struct ResetRequest {
    RealmId realm;
    std::optional<std::string> username;
    std::optional<std::string> email;
    std::string address = {};  ///< of who asks
    std::string trace = {};    ///< of the request (model/trace.h); "" for none
};

/// Resets that users ask for themselves. They are answered before anybody looks whether there is
/// such an account, and worked off later, a few at a time: neither the answer nor its time tells.
/// Realms take turns, and in a realm the networks that ask. Where limits::reset_requests_max wait,
/// the newest of who has most waiting gives way, silently, to who has less.
/// Thread-safety: any thread.
class ResetRequests {
 public:
    ResetRequests(store::Store& store, Passwords& passwords, Random& random)
        : store_(store), passwords_(passwords), random_(random) {}

    /// Errors: resource_exhausted, whether or not there is such an account: as many wait as may,
    /// and nobody has more waiting than who asks.
    Result<void> add(ResetRequest request);

 private:
    /// Begins what may begin.
    void work();
    void ended(const Result<void>& result);
    Result<void> begin(store::Transaction& tx, const ResetRequest& request,
                       const ResetToken& token);

    store::Store& store_;
    Passwords& passwords_;
    Random& random_;
    Mutex mutex_;
    Turns<ResetRequest> waiting_ GUARDED_BY(mutex_);  ///< by realm and where they come from
    std::size_t under_way_ GUARDED_BY(mutex_) = 0;
};

}  // namespace postrider::directory
