#include "delivery/recorder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "model/limits.h"
#include "store/tables.h"

namespace postrider::delivery {
namespace {

using store::Transaction;

/// One more failure of a webhook; whether it has failed for long enough to be disabled.
Result<bool> count_failure(Transaction& tx, const store::DeliveryRow& row, Timestamp now) {
    POSTRIDER_ASSIGN(auto health,
                     store::webhook_health_table::find(tx.sql(), row.realm, row.webhook));
    if (!health) health = store::WebhookHealthRow{row.realm, row.webhook, now, 0};
    ++health->failures;
    POSTRIDER_TRY(store::webhook_health_table::put(tx, *health));
    return now - health->first_failure_at >= limits::failing_before_disable &&
           health->failures >= static_cast<std::int64_t>(limits::failures_before_disable);
}

/// What one batch does inside its transaction. Runs again from the start when the group does.
class Batch {
 public:
    Batch(Transaction& tx, const WebhookActions& actions, const Ownership* ownership,
          Timestamp steady_now, const std::vector<Outcome>& outcomes,
          const std::vector<bool>& was_failing, std::vector<bool>& applied,
          std::vector<bool>& fenced)
        : tx_(tx),
          steady_now_(steady_now),
          actions_(actions),
          ownership_(ownership),
          outcomes_(outcomes),
          was_failing_(was_failing),
          applied_(applied),
          fenced_(fenced) {}

    Result<void> run() {
        POSTRIDER_TRY(fence());
        // In key order, so that transactions on several connections wait, and do not deadlock.
        std::vector<std::size_t> order(outcomes_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::erase_if(order, [this](std::size_t i) { return fenced_[i]; });
        std::ranges::sort(order, {},
                          [this](std::size_t i) { return std::pair(next(i).realm, next(i).id); });
        std::vector<const store::AttemptRow*> attempts;
        std::vector<const store::DeliveryRow*> deliveries;
        for (const std::size_t i : order) {
            attempts.push_back(&outcomes_[i].attempt);
            deliveries.push_back(&next(i));
        }
        std::vector<bool> settled;
        POSTRIDER_TRY(store::attempts_table::insert_all(tx_, attempts));
        POSTRIDER_TRY(store::deliveries_table::settle_all(tx_, deliveries, settled));
        applied_.assign(outcomes_.size(), false);
        for (std::size_t i = 0; i < order.size(); ++i) applied_[order[i]] = settled[i];
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            if (!fenced_[i]) POSTRIDER_TRY(follow_up(i));
        }
        return {};
    }

 private:
    /// Finds the outcomes of lanes that another node has taken over. A lane may have gone and come
    /// back meanwhile: then there are outcomes of it from before and from after.
    Result<void> fence() {
        fenced_.assign(outcomes_.size(), false);
        if (ownership_ == nullptr) return {};
        std::map<std::pair<WebhookId, std::int64_t>, std::size_t> places;
        std::vector<store::OwnedLane> lanes;
        for (const Outcome& outcome : outcomes_) {
            const auto& row = outcome.held.row;
            if (!outcome.is_planned) continue;
            if (!places.emplace(std::pair(row.webhook, outcome.epoch), lanes.size()).second)
                continue;
            lanes.push_back({row.realm, row.webhook, outcome.epoch});
        }
        if (lanes.empty()) return {};
        POSTRIDER_ASSIGN(const auto held, ownership_->hold(tx_, lanes));
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            if (!outcomes_[i].is_planned) continue;
            fenced_[i] = !held[places.at({outcomes_[i].held.row.webhook, outcomes_[i].epoch})];
        }
        return {};
    }

    const store::DeliveryRow& next(std::size_t i) const { return outcomes_[i].decision.next; }

    Result<void> follow_up(std::size_t i) {
        if (!applied_[i]) POSTRIDER_TRY(store::deliveries_table::count_attempt(tx_, next(i)));
        POSTRIDER_TRY(update_health(i));
        if (outcomes_[i].tombstone) {
            POSTRIDER_TRY(actions_.purge_if_final(tx_, next(i).realm, next(i).webhook));
        }
        return {};
    }

    Result<void> update_health(std::size_t i) {
        const auto& decision = outcomes_[i].decision;
        const auto& row = decision.next;
        if (row.state == DeliveryState::delivered) {
            if (!was_failing_[i] || row.test) return {};
            return store::webhook_health_table::clear(tx_, row.realm, row.webhook);
        }
        bool failed_for_long = false;
        if (decision.counts_as_failure) {
            POSTRIDER_ASSIGN(failed_for_long, count_failure(tx_, row, steady_now_));
        }
        if (!decision.disable_gone && !failed_for_long) return {};
        POSTRIDER_TRY(actions_.disable(
            tx_, row.realm, row.webhook,
            decision.disable_gone ? DisabledReason::gone : DisabledReason::failing));
        // What this batch left pending of the webhook was cancelled with the rest.
        for (std::size_t j = 0; j < outcomes_.size(); ++j) {
            if (next(j).webhook == row.webhook && next(j).state == DeliveryState::pending) {
                applied_[j] = false;
            }
        }
        return {};
    }

    Transaction& tx_;
    const Timestamp steady_now_;
    const WebhookActions& actions_;
    const Ownership* ownership_;
    const std::vector<Outcome>& outcomes_;
    const std::vector<bool>& was_failing_;
    std::vector<bool>& applied_;
    std::vector<bool>& fenced_;
};

}  // namespace

void Recorder::flush() {
    if (under_way_ > 0 || waiting_.empty()) return;
    auto outcomes = std::make_shared<std::vector<Outcome>>();
    if (waiting_.size() <= limits::record_batch_max) {
        outcomes->swap(waiting_);
    } else {
        auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(limits::record_batch_max);
        outcomes->assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
        waiting_.erase(waiting_.begin(), end);
    }
    under_way_ = outcomes->size();

    std::vector<bool> was_failing;
    was_failing.reserve(outcomes->size());
    for (const auto& outcome : *outcomes) {
        const auto& webhook = outcome.decision.next.webhook;
        was_failing.push_back(failing_.contains(webhook));
        if (outcome.decision.counts_as_failure) {
            failing_.insert(webhook);
        } else if (outcome.decision.next.state == DeliveryState::delivered) {
            failing_.erase(webhook);
        }
    }
    struct Shared {
        std::vector<bool> was_failing;
        std::vector<bool> applied;
        std::vector<bool> fenced;
        store::CommitNumber commit = 0;
    };
    auto shared = std::make_shared<Shared>();
    shared->was_failing = std::move(was_failing);
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [outcomes, shared, &actions = actions_, ownership = ownership_,
         steady_now = steady_.at(clock_.now(), clock_.monotonic())](Transaction& tx) {
            shared->commit = tx.commit_number();
            return Batch(tx, actions, ownership, steady_now, *outcomes, shared->was_failing,
                         shared->applied, shared->fenced)
                .run();
        },
        [outcomes, shared, done = done_](Result<void> result) {
            done({outcomes, std::move(shared->applied), std::move(shared->fenced), shared->commit,
                  std::move(result)});
        });
}

void Recorder::finished(const RecordedBatch& batch) {
    under_way_ = 0;
    if (batch.result) return;
    // Written again: as failing as they were, so that no success skips its health row.
    for (auto& outcome : *batch.outcomes) {
        failing_.insert(outcome.decision.next.webhook);
        waiting_.push_back(std::move(outcome));
    }
}

}  // namespace postrider::delivery
