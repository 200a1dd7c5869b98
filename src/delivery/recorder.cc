#include "delivery/recorder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include "events/catalogue.h"
#include "model/limits.h"
#include "model/turn_limits.h"
#include "store/counters_table.h"
#include "store/health_table.h"
#include "store/store_error.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/operational.h"

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
    std::vector<FailingSince> failing;
    store::order_table::Lanes let_go;
    Timestamp at;
    store::CommitNumber commit = 0;
};

/// The outcomes of one webhook in a batch, as far as they concern its health.
struct OfWebhook {
    std::vector<std::size_t> outcomes;  ///< in their order
    std::int64_t failures = 0;
    bool has_recovered = false;  ///< a success among them ends what may be on record
    bool is_looked_up = false;
};

/// What one batch does inside its transaction. Runs again from the start when the group does.
class Batch {
 public:
    struct Times {
        Timestamp steady;  ///< of health
        Monotonic now;
    };
    Batch(Transaction& tx, const WebhookActions& actions, const Ownership* ownership,
          store::HoldRooms& rooms, const Times& times, const std::vector<Outcome>& outcomes,
          BatchResult& result)
        : tx_(tx),
          steady_now_(times.steady),
          now_(times.now),
          rooms_(rooms),
          actions_(actions),
          ownership_(ownership),
          outcomes_(outcomes),
          verdicts_(result.verdicts),
          turnings_(result.turnings),
          failing_(result.failing),
          let_go_(result.let_go) {}

    Result<void> run() {
        turnings_.clear();
        failing_.clear();
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
        POSTRIDER_TRY(end_turns());
        // One that is bare is alone in its batch.
        if (!outcomes_.front().is_bare) {
            POSTRIDER_TRY(update_health());
            POSTRIDER_TRY(keep_breakers());
            POSTRIDER_TRY(tell_failed());
            for (std::size_t i = 0; i < outcomes_.size(); ++i) {
                if (!is_fenced(i)) POSTRIDER_TRY(follow_up(i));
            }
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

    /// Those that are final now leave the order of their resources, and the next ones may go.
    Result<void> end_turns() {
        std::vector<store::order_table::Ended> ended;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            const auto& row = next(i);
            if (!row.ordered || !is_applied(i) || row.state == DeliveryState::pending) continue;
            ended.push_back(
                {.member = {row.realm, row.webhook, outcomes_[i].held.event->resource_id(), row.id},
                 .has_failed = row.state == DeliveryState::failed});
        }
        POSTRIDER_ASSIGN(let_go_, store::order_table::end(tx_, ended, rooms_, now_, overflowing_));
        for (const auto& [realm, webhook] : overflowing_) {
            turnings_.push_back({.kind = Turning::Kind::holds_too_many,
                                 .realm = realm,
                                 .webhook = webhook,
                                 .since = steady_now_,
                                 .reason = {}});
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
        if (is_applied(i) && next(i).state == DeliveryState::failed) tell_end(i);
        if (outcomes_[i].tombstone) {
            POSTRIDER_TRY(actions_.purge_if_final(tx_, next(i).realm, next(i).webhook));
        }
        return {};
    }

    /// Counts the failures of webhooks that only failed as one set, and those of the others one by
    /// one. Then disables those whose time has come.
    Result<void> update_health() {
        std::map<std::pair<RealmId, WebhookId>, OfWebhook> webhooks;
        std::map<WebhookId, DisabledReason> to_disable;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            if (is_fenced(i)) continue;
            const auto& decision = outcomes_[i].decision;
            const bool has_succeeded = next(i).state == DeliveryState::delivered;
            const bool ends_failing = has_succeeded && outcomes_[i].was_failing && !next(i).test;
            const bool fails = !has_succeeded && decision.counts_as_failure;
            if (!has_succeeded && decision.disable_gone) {
                to_disable.emplace(next(i).webhook, DisabledReason::gone);
            }
            if (!ends_failing && !fails) continue;
            OfWebhook& one = webhooks[{next(i).realm, next(i).webhook}];
            one.outcomes.push_back(i);
            one.failures += fails ? 1 : 0;
            one.has_recovered = one.has_recovered || ends_failing;
            one.is_looked_up = one.is_looked_up || outcomes_[i].is_looked_up;
        }
        std::vector<store::WebhookHealthRow> failed;
        for (const auto& [key, one] : webhooks) {
            if (one.has_recovered) {
                POSTRIDER_TRY(go_through(key.first, key.second, one, to_disable));
            } else {
                failed.push_back({key.first, key.second, steady_now_, one.failures});
            }
        }
        POSTRIDER_TRY(count_failures(failed, webhooks, to_disable));
        return disable(to_disable);
    }

    /// The last change of each lane's.
    Result<void> keep_breakers() {
        std::map<WebhookId, std::size_t> last;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            if (!is_fenced(i) && outcomes_[i].breaker.has_changed) last[next(i).webhook] = i;
        }
        for (const auto& [webhook, i] : last) {
            const auto& open = outcomes_[i].breaker.open;
            POSTRIDER_ASSIGN(const auto before,
                             store::breakers_table::find(tx_.sql(), next(i).realm, webhook));
            POSTRIDER_TRY(open ? store::breakers_table::put(tx_, next(i).realm, webhook, *open)
                               : store::breakers_table::remove(tx_, next(i).realm, webhook));
            if (open.has_value() != before.has_value()) POSTRIDER_TRY(tell_breaker(i, before));
        }
        return {};
    }

    /// Returns true if the outcome is of an event about webhooks: its failure is not told in turn.
    bool is_of_operational_event(std::size_t i) const {
        return events::is_operational(outcomes_[i].held.event->type());
    }

    Result<void> tell_breaker(std::size_t i, const std::optional<store::BreakerRow>& before) {
        if (actions_.operational == nullptr) return {};
        const auto& row = next(i);
        const auto& open = outcomes_[i].breaker.open;
        if (!open) {
            return actions_.operational->recovered(tx_, row.realm, row.webhook, before->opened_at);
        }
        if (is_of_operational_event(i)) return {};
        const auto& attempt = outcomes_[i].attempt;
        return actions_.operational->failing(tx_, {.realm = row.realm,
                                                   .webhook = row.webhook,
                                                   .since = open->opened_at,
                                                   .next_attempt_at = open->next_probe_at,
                                                   .outcome = attempt.outcome,
                                                   .status = attempt.status,
                                                   .detail = attempt.detail});
    }

    /// Of each webhook, the deliveries that failed for good.
    Result<void> tell_failed() {
        if (actions_.operational == nullptr) return {};
        std::map<WebhookId, webhooks::FailedDeliveries> failed;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            const auto& row = next(i);
            const bool has_failed = is_applied(i) && row.state == DeliveryState::failed;
            if (!has_failed || row.test || is_of_operational_event(i)) continue;
            auto& one = failed[row.webhook];
            one = {.realm = row.realm,
                   .webhook = row.webhook,
                   .count = one.count + 1,
                   .holds_too_many = overflowing_.contains({row.realm, row.webhook}),
                   .delivery = row.id,
                   .event = row.event,
                   .event_type = std::string(outcomes_[i].held.event->type()),
                   .reason = row.reason};
        }
        for (const auto& [webhook, one] : failed) {
            POSTRIDER_TRY(actions_.operational->deliveries_failed(tx_, one));
        }
        return {};
    }

    Result<void> count_failures(const std::vector<store::WebhookHealthRow>& failed,
                                const std::map<std::pair<RealmId, WebhookId>, OfWebhook>& webhooks,
                                std::map<WebhookId, DisabledReason>& to_disable) {
        std::vector<bool> was_there;
        POSTRIDER_TRY(store::webhook_health_table::add_failures(tx_, failed, was_there));
        std::vector<store::WebhookHealthRow> begun;
        for (std::size_t i = 0; i < failed.size(); ++i) {
            const auto& row = failed[i];
            const auto& one = webhooks.at({row.realm, row.webhook});
            if (!was_there[i]) {
                begun.push_back(row);
                tell_failure(one.outcomes.front());
                failing_.push_back({row.webhook, row.first_failure_at});
            } else if (one.is_looked_up) {
                POSTRIDER_ASSIGN(const auto health, store::webhook_health_table::find(
                                                        tx_.sql(), row.realm, row.webhook));
                if (!health) continue;
                failing_.push_back({row.webhook, health->first_failure_at});
                note_if_failed_for_long(*health, to_disable);
            }
        }
        return store::webhook_health_table::put_all(tx_, begun);
    }

    /// One outcome after the other, of a webhook that also succeeded.
    Result<void> go_through(const RealmId& realm, const WebhookId& webhook, const OfWebhook& one,
                            std::map<WebhookId, DisabledReason>& to_disable) {
        POSTRIDER_ASSIGN(auto health, store::webhook_health_table::find(tx_.sql(), realm, webhook));
        const bool was_there = health.has_value();
        for (const std::size_t i : one.outcomes) {
            if (next(i).state == DeliveryState::delivered) {
                if (health) tell_recovery(*health);
                health.reset();
                continue;
            }
            if (!health) {
                health = store::WebhookHealthRow{realm, webhook, steady_now_, 0};
                tell_failure(i);
            }
            ++health->failures;
            note_if_failed_for_long(*health, to_disable);
        }
        if (!health && !was_there) return {};
        if (!health) return store::webhook_health_table::clear(tx_, realm, webhook);
        failing_.push_back({webhook, health->first_failure_at});
        return store::webhook_health_table::put_all(tx_, std::span(&*health, 1));
    }

    void note_if_failed_for_long(const store::WebhookHealthRow& health,
                                 std::map<WebhookId, DisabledReason>& to_disable) const {
        if (!has_failed_for_long(health, steady_now_)) return;
        to_disable.emplace(health.webhook, DisabledReason::failing);
    }

    Result<void> disable(const std::map<WebhookId, DisabledReason>& to_disable) {
        if (to_disable.empty()) return {};
        std::map<WebhookId, bool> was_disabled;
        for (std::size_t i = 0; i < outcomes_.size(); ++i) {
            const auto found = to_disable.find(next(i).webhook);
            if (is_fenced(i) || found == to_disable.end()) continue;
            const auto [done, is_first] = was_disabled.try_emplace(found->first, false);
            if (is_first) {
                POSTRIDER_ASSIGN(done->second, actions_.disable(tx_, next(i).realm, next(i).webhook,
                                                                found->second));
            }
            // What this batch left pending of the webhook was cancelled with the rest.
            if (done->second && next(i).state == DeliveryState::pending) {
                verdicts_[i] = Verdict::superseded;
            }
        }
        return {};
    }

    std::string reason_of(std::size_t i) const {
        const auto& attempt = outcomes_[i].attempt;
        return attempt.detail.empty() ? std::string(to_string(attempt.outcome)) : attempt.detail;
    }

    void tell_failure(std::size_t i) {
        turnings_.push_back({.kind = Turning::Kind::fails,
                             .realm = next(i).realm,
                             .webhook = next(i).webhook,
                             .since = steady_now_,
                             .reason = reason_of(i)});
    }

    void tell_end(std::size_t i) {
        turnings_.push_back({.kind = Turning::Kind::gives_up,
                             .realm = next(i).realm,
                             .webhook = next(i).webhook,
                             .since = steady_now_,
                             .reason = reason_of(i),
                             .delivery = next(i).id,
                             .event = next(i).event,
                             .attempts = next(i).attempts,
                             .trace = outcomes_[i].held.event->trace()});
    }

    void tell_recovery(const store::WebhookHealthRow& health) {
        turnings_.push_back({.kind = Turning::Kind::recovers,
                             .realm = health.realm,
                             .webhook = health.webhook,
                             .since = health.first_failure_at,
                             .failures = health.failures,
                             .reason = {}});
    }

    Transaction& tx_;
    const Timestamp steady_now_;
    const Monotonic now_;
    store::HoldRooms& rooms_;
    const WebhookActions& actions_;
    const Ownership* ownership_;
    const std::vector<Outcome>& outcomes_;
    std::vector<Verdict>& verdicts_;
    std::vector<Turning>& turnings_;
    std::vector<FailingSince>& failing_;
    store::order_table::Lanes& let_go_;
    store::order_table::Lanes overflowing_;  ///< of which too many resources are held
};

/// Whether nothing happens because of it but that somebody may look. One that keeps the order of
/// its resource lets the next one go.
bool can_wait(const Outcome& outcome) {
    return outcome.decision.next.state == DeliveryState::delivered && !outcome.recorded &&
           !outcome.breaker.has_changed && !outcome.held.row.ordered;
}

}  // namespace

/// What could not be written with others is written alone.
std::size_t Recorder::next_batch_size() {
    if (alone_ > 0) {
        --alone_;
        return 1;
    }
    const auto last = waiting_.begin() + static_cast<std::ptrdiff_t>(
                                             std::min(waiting_.size(), limits::record_batch_max));
    const auto bare = std::ranges::find_if(waiting_.begin(), last, &Outcome::is_bare);
    return std::max<std::size_t>(static_cast<std::size_t>(bare - waiting_.begin()), 1);
}

void Recorder::flush(bool is_quiet) {
    if (under_way_ > 0 || waiting_.empty()) return;
    auto outcomes = std::make_shared<std::vector<Outcome>>();
    const std::size_t most = next_batch_size();
    if (waiting_.size() <= most) {
        outcomes->swap(waiting_);
    } else {
        auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(most);
        outcomes->assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
        waiting_.erase(waiting_.begin(), end);
    }
    under_way_ = outcomes->size();

    const Timestamp steady_now = steady_.at(clock_.now(), clock_.monotonic());
    for (auto& outcome : *outcomes) {
        const auto& webhook = outcome.decision.next.webhook;
        const auto known = failing_.find(webhook);
        outcome.was_failing = known != failing_.end();
        outcome.is_looked_up = !outcome.was_failing || is_looked_up(known->second, steady_now);
        if (outcome.decision.counts_as_failure) {
            failing_.try_emplace(webhook);
        } else if (outcome.decision.next.state == DeliveryState::delivered) {
            failing_.erase(webhook);
        }
    }
    auto made = std::make_shared<BatchResult>();
    const bool is_unhurried = is_quiet && waiting_.empty() &&
                              outcomes->size() <= limits::unhurried_outcomes_max &&
                              std::ranges::all_of(*outcomes, can_wait);
    store_.write(
        store::Turn::server(),
        is_unhurried ? store::WriteClass::unhurried_outcomes : store::WriteClass::outcomes,
        [outcomes, made, &actions = actions_, ownership = ownership_, &rooms = rooms_,
         times = Batch::Times{steady_now, clock_.monotonic()}](Transaction& tx) {
            made->commit = tx.commit_number();
            made->at = tx.now();
            return Batch(tx, actions, ownership, rooms, times, *outcomes, *made).run();
        },
        [outcomes, made, done = done_](Result<void> result) {
            done({outcomes, std::move(made->verdicts), std::move(made->turnings),
                  std::move(made->failing), std::move(made->let_go), made->at, made->commit,
                  std::move(result)});
        });
}

/// Whether it may have failed for long enough to be disabled, or was last looked at long ago.
bool Recorder::is_looked_up(const Failing& failing, Timestamp steady_now) const {
    return steady_now - failing.since >= limits::failing_before_disable ||
           clock_.monotonic() >= failing.looked_at + limits::failing_since_kept;
}

void Recorder::finished(const RecordedBatch& batch) {
    under_way_ = 0;
    if (batch.result) {
        for (const FailingSince& each : batch.failing) {
            const auto known = failing_.find(each.webhook);
            if (known != failing_.end()) known->second = {each.since, clock_.monotonic()};
        }
        return;
    }
    // Written again: as failing as they were, so that no success skips its health row.
    // Before those that ended meanwhile, so that the last one of a lane stays the last.
    for (const auto& outcome : *batch.outcomes) failing_.try_emplace(outcome.decision.next.webhook);
    auto place = waiting_.begin();
    if (!store::is_of_the_store(batch.result.error())) {
        Outcome& first = batch.outcomes->front();
        if (batch.outcomes->size() > 1) {
            alone_ = batch.outcomes->size();
        } else if (!std::exchange(first.is_bare, true)) {
            log::error("delivery", "an outcome is recorded without what follows from it",
                       {{"realm", first.held.row.realm},
                        {"webhook", first.held.row.webhook},
                        {"event", first.held.row.event},
                        {"delivery", first.held.row.id},
                        {"reason", batch.result.error().message}});
        } else {
            place = waiting_.end();  // it must not hold up the others
        }
    }
    waiting_.insert(place, std::make_move_iterator(batch.outcomes->begin()),
                    std::make_move_iterator(batch.outcomes->end()));
}

}  // namespace postrider::delivery
