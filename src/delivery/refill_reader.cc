#include "delivery/refill_reader.h"

#include <memory>
#include <utility>

#include "store/cancellations_table.h"
#include "store/order_table.h"
#include "store/tables.h"

namespace postrider::delivery {
namespace {

/// Errors: unavailable, while what is pending is still to be cancelled: it may not be sent any more
/// (webhooks/cancellations.h).
Result<store::deliveries_table::Due> read_due(store::sql::Connection& sql,
                                              const Scheduler::Refill& refill) {
    POSTRIDER_ASSIGN(const bool is_cancelling,
                     store::cancellations_table::is_open(sql, refill.realm, refill.webhook));
    if (is_cancelling) return fail(ErrorCode::unavailable, "it is being cancelled");
    return store::deliveries_table::due(sql, refill.realm, refill.webhook, refill.due_since,
                                        refill.limit, refill.bytes);
}

/// Requires: `answer` has what is due.
void recall_breaker(store::Snapshot& snapshot, Refilled& answer) {
    auto found =
        store::breakers_table::find(snapshot.sql(), answer.refill.realm, answer.refill.webhook);
    if (found) {
        answer.breaker = *found;
    } else {
        answer.due = std::unexpected(std::move(found).error());
    }
}

}  // namespace

void RefillReader::read(const Scheduler::Refill& refill) {
    store_.read(store::Turn::of(refill.realm), store::ReadClass::first,
                [this, refill](Result<store::Snapshot*> snapshot) {
                    Refilled answer{refill, std::unexpected(Error{}), 0, {}};
                    if (!snapshot) {
                        answer.due = std::unexpected(std::move(snapshot).error());
                        return put_(std::move(answer));
                    }
                    answer.commit = (*snapshot)->commit_number();
                    answer.due = read_due((*snapshot)->sql(), refill);
                    if (refill.asks_breaker && answer.due) recall_breaker(**snapshot, answer);
                    if (answer.due) set_aside(refill, std::move(answer.due->unreadable));
                    if (answer.due && !answer.due->blocked.empty()) return park(std::move(answer));
                    put_(std::move(answer));
                });
}

void RefillReader::set_aside(const Scheduler::Refill& refill,
                             std::vector<store::deliveries_table::Due::Unreadable> unreadable) {
    if (unreadable.empty()) return;
    auto commit = std::make_shared<store::CommitNumber>(0);
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [unreadable = std::move(unreadable), commit](store::Transaction& tx) -> Result<void> {
            *commit = tx.commit_number();
            for (const auto& each : unreadable) {
                POSTRIDER_TRY(store::deliveries_table::set_aside(
                    tx, each.realm, each.id, "It cannot be sent: " + each.reason + "."));
            }
            return {};
        },
        // What could not be written is seen by the next refill of its lane.
        [this, realm = refill.realm, webhook = refill.webhook, commit](const Result<void>& done) {
            if (done) put_(Woken{realm, webhook, *commit});
        });
}

/// The lane is read again only when it is done, so that it does not find the same ones for ever.
void RefillReader::park(Refilled answer) {
    const auto shared = std::make_shared<Refilled>(std::move(answer));
    const auto is_all = std::make_shared<bool>(false);
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [shared, is_all](store::Transaction& tx) -> Result<void> {
            POSTRIDER_ASSIGN(
                *is_all, store::order_table::park(tx, shared->refill.realm, shared->refill.webhook,
                                                  shared->due->blocked));
            return {};
        },
        [this, shared, is_all](Result<void> done) {
            if (!done) {
                shared->due = std::unexpected(std::move(done).error());
            } else if (!*is_all) {
                shared->due->complete = false;  // it may be the turn of one of them now
            }
            put_(std::move(*shared));
        });
}

}  // namespace postrider::delivery
