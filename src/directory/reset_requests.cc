#include "directory/reset_requests.h"

#include "directory/origin.h"
#include "model/limits.h"
#include "store/realm_store.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

/// At a time: their commits are one, mostly, and a realm that floods has no more of them than its
/// turns at the writer.
constexpr std::size_t at_once = 8;

}  // namespace

Result<void> ResetRequests::add(ResetRequest request) {
    const std::string realm = request.realm.to_string();
    const std::string group = origin_of(request.address).group;
    {
        const MutexLock lock(mutex_);
        if (waiting_.size() + under_way_ >= limits::reset_requests_max &&
            !waiting_.push_out(realm, group)) {
            return fail(ErrorCode::resource_exhausted,
                        "too many password resets are waiting; try again in a moment");
        }
        waiting_.push(realm, group, 1, std::move(request));
    }
    work();
    return {};
}

void ResetRequests::work() {
    while (true) {
        std::optional<ResetRequest> request;
        {
            const MutexLock lock(mutex_);
            if (under_way_ < at_once) request = waiting_.pop();
            if (!request) return;
            ++under_way_;
        }
        store::RealmStore(store_, store::Turn::of(request->realm), store::WriteClass::ordinary,
                          request->trace)
            .write([this, request = *request, token = make_reset_token(random_)](
                       store::Transaction& tx) { return begin(tx, request, token); },
                   // Whoever asked has had the answer, whatever came of it: no such user, too many.
                   [this](const Result<void>& result) { ended(result); });
    }
}

void ResetRequests::ended(const Result<void>& result) {
    {
        const MutexLock lock(mutex_);
        --under_way_;
        const bool is_stopping = !result && result.error().code == ErrorCode::unavailable;
        if (is_stopping) waiting_ = {};
    }
    work();
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
