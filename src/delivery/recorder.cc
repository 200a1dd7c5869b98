#include "delivery/recorder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "model/limits.h"
#include "store/counters_table.h"
#include "store/tables.h"

namespace postrider::delivery {
namespace {

using store::Transaction;

bool has_failed_for_long(const store::WebhookHealthRow& health, Timestamp now) {
    return now - health.first_failure_at >= limits::failing_before_disable &&
           health.failures >= static_cast<std::int64_t>(limits::failures_before_disable);
}

/// What a batch leaves behind beside its rows.
struct BatchResult {
    std::vector<Verdict> verdicts;
    std::vector<Turning> turnings;
    store::CommitNumber commit = 0;
};

/// What one batch does inside its transaction. Runs again from the start when the group does.
class Batch {
 public:
    Batch(Transaction& tx, const WebhookActions& actions, const Ownership* ownership,
          Timestamp steady_now, const std::vector<Outcome>& outcomes, BatchResult& result)
        : tx_(tx),
          steady_now_(steady_now),
          actions_(actions),
          ownership_(ownership),
          outcomes_(outcomes),
          verdicts_(result.verdicts),
          turnings_(result.turnings) {}

    Result<void> run() {
        turnings_.clear();
        POSTRIDER_TRY(fence());
        // In key order, so that transactions on several connections wait, and do not deadlock.
        std::vector<std::size_t> order(outcomes_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::erase_if(order, [this](std::size_t i) { return is_fenced(i); });
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
        for (std::size_t i = 0; i < order.size(); ++i) {
            if (settled[i]) verdicts_[order[i]] = Verdict::applied;
        }
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            if (!is_fenced(i)) POSTRIDER_TRY(follow_up(i));
        }
        return store::counters_table::append(tx_, count());
    }

 private:
    /// Finds the outcomes of lanes that another node has taken over. A lane may have gone and come
    /// back meanwhile: then there are outcomes of it from before and from after.
    Result<void> fence() {
        verdicts_.assign(outcomes_.size(), Verdict::superseded);
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
            const auto place = places.at({outcomes_[i].held.row.webhook, outcomes_[i].epoch});
            if (!held[place]) verdicts_[i] = Verdict::fenced;
        }
        return {};
    }

    bool is_fenced(std::size_t i) const { return verdicts_[i] == Verdict::fenced; }
    bool is_applied(std::size_t i) const { return verdicts_[i] == Verdict::applied; }

    const store::DeliveryRow& next(std::size_t i) const { return outcomes_[i].decision.next; }

    /// Of each attempt by the time of its start. Tests count for nothing.
    std::vector<store::Counting> count() const {
        store::Tally tally;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            const auto& row = next(i);
            if (is_fenced(i) || row.test) continue;
            const auto& attempt = outcomes_[i].attempt;
            auto& counting = tally.at(row.realm, row.webhook, attempt.started_at);
            counting.counts.add_attempt(attempt.outcome, attempt.status, attempt.timings.total);
            counting.last.add_attempt(attempt.started_at, attempt.outcome, attempt.status);
            if (!is_applied(i)) continue;
            if (row.state == DeliveryState::failed) ++counting.counts.of(store::Counted::failed);
            if (row.state == DeliveryState::delivered) {
                counting.counts.add_delivered(row.finished_at.value_or(attempt.started_at) -
                                              row.pending_since);
            }
        }
        return tally.take();
    }

    Result<void> follow_up(std::size_t i) {
        if (!is_applied(i)) POSTRIDER_TRY(store::deliveries_table::count_attempt(tx_, next(i)));
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
            if (!outcomes_[i].was_failing || row.test) return {};
            return recover(row);
        }
        bool failed_for_long = false;
        if (decision.counts_as_failure) {
            POSTRIDER_ASSIGN(failed_for_long, count_failure(i));
        }
        if (!decision.disable_gone && !failed_for_long) return {};
        POSTRIDER_TRY(actions_.disable(
            tx_, row.realm, row.webhook,
            decision.disable_gone ? DisabledReason::gone : DisabledReason::failing));
        // What this batch left pending of the webhook was cancelled with the rest.
        for (std::size_t j = 0; j < outcomes_.size(); ++j) {
            if (next(j).webhook == row.webhook && next(j).state == DeliveryState::pending) {
                if (is_applied(j)) verdicts_[j] = Verdict::superseded;
            }
        }
        return {};
    }

    /// One more failure of a webhook; whether it has failed for long enough to be disabled.
    Result<bool> count_failure(std::size_t i) {
        const auto& row = next(i);
        POSTRIDER_ASSIGN(auto health,
                         store::webhook_health_table::find(tx_.sql(), row.realm, row.webhook));
        if (!health) {
            health = store::WebhookHealthRow{row.realm, row.webhook, steady_now_, 0};
            const auto& attempt = outcomes_[i].attempt;
            turnings_.push_back({.kind = Turning::Kind::fails,
                                 .realm = row.realm,
                                 .webhook = row.webhook,
                                 .since = steady_now_,
                                 .reason = attempt.detail.empty()
                                               ? std::string(to_string(attempt.outcome))
                                               : attempt.detail});
        }
        ++health->failures;
        POSTRIDER_TRY(store::webhook_health_table::put(tx_, *health));
        return has_failed_for_long(*health, steady_now_);
    }

    Result<void> recover(const store::DeliveryRow& row) {
        POSTRIDER_ASSIGN(const auto health,
                         store::webhook_health_table::find(tx_.sql(), row.realm, row.webhook));
        if (!health) return {};
        turnings_.push_back({.kind = Turning::Kind::recovers,
                             .realm = row.realm,
                             .webhook = row.webhook,
                             .since = health->first_failure_at,
                             .failures = health->failures,
                             .reason = {}});
        return store::webhook_health_table::clear(tx_, row.realm, row.webhook);
    }

    Transaction& tx_;
    const Timestamp steady_now_;
    const WebhookActions& actions_;
    const Ownership* ownership_;
    const std::vector<Outcome>& outcomes_;
    std::vector<Verdict>& verdicts_;
    std::vector<Turning>& turnings_;
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

    for (auto& outcome : *outcomes) {
        const auto& webhook = outcome.decision.next.webhook;
        outcome.was_failing = failing_.contains(webhook);
        if (outcome.decision.counts_as_failure) {
            failing_.insert(webhook);
        } else if (outcome.decision.next.state == DeliveryState::delivered) {
            failing_.erase(webhook);
        }
    }
    auto made = std::make_shared<BatchResult>();
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [outcomes, made, &actions = actions_, ownership = ownership_,
         steady_now = steady_.at(clock_.now(), clock_.monotonic())](Transaction& tx) {
            made->commit = tx.commit_number();
            return Batch(tx, actions, ownership, steady_now, *outcomes, *made).run();
        },
        [outcomes, made, done = done_](Result<void> result) {
            done({outcomes, std::move(made->verdicts), std::move(made->turnings), made->commit,
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
