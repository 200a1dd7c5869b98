#include "app/node.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "access/api_keys.h"
#include "delivery/engine.h"
#include "directory/directory.h"
#include "store/tables.h"
#include "webhooks/target_rebuilds.h"
#include "webhooks/webhooks.h"

namespace postrider::app {

using store::Announcement;
using store::Subject;

void Node::lease_renewed(Monotonic until) { engine_.lease(until); }

void Node::lanes_owned(std::vector<store::OwnedLane> lanes) { engine_.own(std::move(lanes)); }

void Node::release_lanes(std::vector<store::OwnedLane> lanes) { engine_.release(std::move(lanes)); }

void Node::deliveries_elsewhere(std::vector<WebhookId> webhooks, Timestamp due_since) {
    engine_.hinted(std::move(webhooks), store_.cluster()->mark(), due_since);
}

void Node::take_in(std::vector<Announcement> what, std::function<void(bool)> done) {
    {
        const MutexLock lock(mutex_);
        std::ranges::move(what, std::back_inserter(waiting_.what));
        waiting_.done.push_back(std::move(done));
        if (std::exchange(is_reading_, true)) return;
    }
    read_next();
}

void Node::read_next() {
    auto batch = std::make_shared<Batch>();
    {
        const MutexLock lock(mutex_);
        std::swap(*batch, waiting_);
        if (batch->done.empty()) {
            is_reading_ = false;
            return;
        }
    }
    store_.read(store::Turn::server(), store::ReadClass::first,
                [this, batch](Result<store::Snapshot*> snapshot) {
                    const Result<void> done = snapshot ? read((*snapshot)->sql(), batch->what)
                                                       : std::unexpected(snapshot.error());
                    finish(std::move(*batch), done);
                });
}

void Node::finish(Batch batch, const Result<void>& read) {
    if (read) {
        // Targets that are built again count as read when the engine has them.
        std::vector<store::AnswerWait> waits;
        for (const Announcement& one : batch.what) {
            if (one.subject != Subject::realm) continue;
            waits.push_back([this, realm = one.realm](std::function<void()> then) {
                rebuilds_.when_done(realm, std::move(then));
            });
        }
        store::after_all(std::move(waits), [this, done = std::move(batch.done)] {
            engine_.after([done] {
                for (const auto& tell : done) tell(true);
            });
        });
    } else {
        for (const auto& tell : batch.done) tell(false);
    }
    read_next();
}

Result<void> Node::read(store::sql::Connection& sql, const std::vector<Announcement>& what) {
    const bool is_everything = std::ranges::any_of(
        what, [](const Announcement& one) { return one.subject == Subject::everything; });
    if (is_everything) return read_everything(sql);
    for (const Announcement& one : what) {
        const auto done = read_one(sql, one);
        if (done) continue;
        if (done.error().code != ErrorCode::corrupt) return done;
        // The changes of others are read all the same; nobody gets in with a key that cannot be.
        store::log_unreadable(done.error());
        if (one.subject == Subject::api_key) keys_.remove(ApiKeyId{one.id});
    }
    return {};
}

Result<void> Node::read_one(store::sql::Connection& sql, const Announcement& one) {
    switch (one.subject) {
        case Subject::webhook:
            return webhooks_.reload(sql, one.realm, WebhookId{one.id});
        case Subject::realm: {
            POSTRIDER_ASSIGN(const bool is_there, directory_.reload(sql, one.realm));
            if (is_there) {
                rebuilds_.proceed(one.realm);
            } else {
                keys_.remove_all(one.realm);
            }
            break;
        }
        case Subject::api_key: {
            const ApiKeyId id{one.id};
            POSTRIDER_ASSIGN(const auto row, store::api_keys_table::find(sql, one.realm, id));
            if (row) {
                keys_.put(*row, directory_.realms().master());
            } else {
                keys_.remove(id);
            }
            break;
        }
        case Subject::everything:
            break;
    }
    return {};
}

Result<void> Node::read_everything(store::sql::Connection& sql) {
    POSTRIDER_TRY(directory_.reload_all(sql));
    POSTRIDER_ASSIGN(const auto keys, store::api_keys_table::all(sql));
    keys_.replace(keys, directory_.realms().master());
    return webhooks_.reload_all(sql);
}

}  // namespace postrider::app
