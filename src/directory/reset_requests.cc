#include "directory/reset_requests.h"

#include "model/limits.h"
#include "store/realm_store.h"
#include "store/tables.h"

namespace postrider::directory {

Result<void> ResetRequests::add(ResetRequest request) {
    {
        const MutexLock lock(mutex_);
        if (queue_.size() >= limits::reset_requests_max) {
            return fail(ErrorCode::resource_exhausted,
                        "too many password resets are waiting; try again in a moment");
        }
        queue_.push_back(std::move(request));
        if (queue_.size() > 1) return {};
    }
    work();
    return {};
}

void ResetRequests::work() {
    ResetRequest request;
    {
        const MutexLock lock(mutex_);
        request = queue_.front();
    }
    store::RealmStore(store_, store::Turn::of(request.realm))
        .write(
            [this, request, token = make_reset_token(random_)](store::Transaction& tx) {
                return begin(tx, request, token);
            },
            // Whoever asked has had the answer, whatever came of it: no such user, too many resets.
            [this](const Result<void>& result) {
                {
                    const MutexLock lock(mutex_);
                    queue_.pop_front();
                    const bool is_stopping =
                        !result && result.error().code == ErrorCode::unavailable;
                    if (is_stopping) queue_.clear();
                    if (queue_.empty()) return;
                }
                work();
            });
}

Result<void> ResetRequests::begin(store::Transaction& tx, const ResetRequest& request,
                                  const ResetToken& token) {
    std::optional<store::UserRow> user;
    if (request.username) {
        POSTRIDER_ASSIGN(
            user, store::users_table::find_by_username(tx.sql(), request.realm, *request.username));
    } else {
        POSTRIDER_ASSIGN(user, store::users_table::find_by_email(tx.sql(), request.realm,
                                                                 request.email.value_or("")));
    }
    if (!user || !user->enabled) return {};
    return passwords_.begin_reset_for_stranger(tx, *user, token);
}

}  // namespace postrider::directory
