#include "delivery/engine.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>
#include <unordered_map>

#include "base/check.h"
#include "base/crash_mark.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "delivery/due_time.h"
#include "delivery/flight_log.h"
#include "delivery/inbox.h"
#include "delivery/recorder.h"
#include "delivery/request.h"
#include "delivery/scheduler.h"
#include "delivery/secret_member.h"
#include "delivery/trials.h"
#include "delivery/turning_notes.h"
#include "model/limits.h"
#include "net/event_loop.h"
#include "net/http_sender.h"
#include "store/cancellations_table.h"
#include "store/counters_table.h"
#include "store/tables.h"
#include "telemetry/log.h"

namespace postrider::delivery {
namespace {

/// For a test of who is blamed for a crash (tests/integration/test_blame.py).
#ifdef POSTRIDER_SABOTAGE_ABORT_ON_POISON
constexpr bool abort_on_poison = true;
#else
constexpr bool abort_on_poison = false;
#endif

LaneSignal lane_signal(OutcomeReason reason) {
    if (reason == OutcomeReason::accepted) return LaneSignal::success;
    return is_timeout(reason) ? LaneSignal::timeout : LaneSignal::failure;
}

/// The wait from `now` until `when`, for a monotonic timer; a clock that was set ahead meanwhile is
/// seen within the hour.
Duration wait_until(Timestamp when, Timestamp now) {
    return std::clamp<Duration>(when - now, Duration{0}, 1h);
}

class EngineImpl final : public Engine {
 public:
    EngineImpl(store::Store& store, const Clock& clock, Random& random, net::EventLoop& loop,
               net::HttpSender& sender, EngineOptions options)
        : store_(store),
          clock_(clock),
          jitter_(random.next()),
          loop_(loop),
          sender_(sender),
          options_(std::move(options)),
          inbox_([this] { loop_.post([this] { tick(); }); }),
          scheduler_(options_.attempts_in_flight_max),
          recorder_(store, clock, options_.actions,
                    options_.ownership ? &*options_.ownership : nullptr,
                    [this](RecordedBatch batch) { inbox_.put(std::move(batch)); }) {}

    void offer(events::Offer offer) override { inbox_.offer(std::move(offer)); }
    void target_changed(webhooks::SharedTarget target) override {
        inbox_.put(TargetChanged{std::move(target), store_.last_commit()});
    }
    void target_removed(const WebhookId& webhook) override { inbox_.put(TargetRemoved{webhook}); }
    void send_test(events::Offer offer, std::function<void(Result<void>)> done) override {
        inbox_.put(TestOffered{std::move(offer), std::move(done)});
    }
    void wake(const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit) override {
        inbox_.put(Woken{realm, webhook, commit});
    }
    void own(std::vector<store::OwnedLane> lanes) override { inbox_.put(Owned{std::move(lanes)}); }
    void release(std::vector<store::OwnedLane> lanes) override {
        inbox_.put(Released{std::move(lanes)});
    }
    void lease(Monotonic until) override { inbox_.put(Leased{until}); }
    void hinted(std::vector<WebhookId> webhooks, store::CommitNumber commit,
                Timestamp due_since) override {
        inbox_.put(Hinted{std::move(webhooks), commit, due_since});
    }
    void after(std::function<void()> task) override { inbox_.put(Afterwards{std::move(task)}); }
    EngineCounts counts() const override;

    Result<void> start() override;
    void stop(Monotonic deadline) override;

 private:
    struct Flight {
        Held held;
        webhooks::SharedTarget target;
        std::string recorded_headers;
        Timestamp started_at;
        std::uint32_t slot = 0;
        bool planned = true;  ///< by the scheduler; tests are not
        std::int64_t epoch = 0;
        std::function<void(Result<void>)> done;
        std::string secret = {};  ///< part of the body that is sent, and masked in what is recorded
    };

    Result<void> recall_last_run(const FlightLog::LastRun& last);
    void tick();
    void take_inbox();
    void handle(events::Offer& offer);
    void handle(TargetChanged& changed);
    void handle(TargetRemoved& removed);
    void handle(Woken& woken);
    void handle(TestOffered& test);
    void handle(Refilled& refilled);
    void handle(RecordedBatch& batch);
    void handle(Owned& owned);
    void handle(Released& released);
    void handle(Leased& leased) { lease_until_ = leased.until; }
    void handle(Hinted& hinted);
    void handle(Afterwards& afterwards) { afterwards.task(); }
    bool is_here(const WebhookId& webhook) const;
    std::int64_t epoch_of(const WebhookId& webhook) const;
    void count_down(const WebhookId& webhook);
    bool may_attempt() const;
    void fenced(const Outcome& outcome);
    void recorded(Outcome& outcome, const RecordedBatch& batch, bool applied);
    void submit_planned();
    Trials::Turn whose_turn();
    void attempt(Held held);
    void end_trial(const DeliveryId& delivery);
    void submit(Flight flight);
    void look_up_secret(std::shared_ptr<Flight> flight);
    void send(const std::shared_ptr<Flight>& flight);
    void unsealable(Flight& flight, std::string_view detail);
    void completed(Flight& flight, AttemptResult result);
    void start_refills();
    void set_aside(std::vector<store::deliveries_table::Due::Unreadable> unreadable);
    void set_timer();
    Timestamp due_now();
    void tick_soon();
    void note_progress();

    store::Store& store_;
    const Clock& clock_;
    SeededRandom jitter_;
    net::EventLoop& loop_;
    net::HttpSender& sender_;
    EngineOptions options_;
    Inbox inbox_;
    Scheduler scheduler_;
    Recorder recorder_;
    FlightLog flights_;
    Trials trials_;
    TurningNotes turning_notes_{store_};
    DueTime due_time_;
    /// Tests that came during a trial.
    std::vector<Flight> held_back_;
    std::unordered_map<WebhookId, webhooks::SharedTarget> targets_;
    /// A lane that a cluster has given to this node.
    struct Own {
        store::OwnedLane lane;
        std::size_t unrecorded = 0;  ///< in flight, or not yet in the store
        bool is_releasing = false;
    };
    std::unordered_map<WebhookId, Own> own_;
    Monotonic lease_until_{};
    std::unique_ptr<net::EventLoop::Timer> timer_;
    std::optional<Timestamp> timer_at_;
    std::size_t in_the_air_ = 0;  ///< attempts; those of a released lane are not the scheduler's
    bool tick_posted_ = false;
    bool record_retry_due_ = false;
    bool stopping_ = false;

    std::atomic<std::uint64_t> attempts_{0}, delivered_{0}, failed_{0};
    std::atomic<std::size_t> in_flight_{0}, held_{0}, lanes_behind_{0};
    std::atomic<std::int64_t> due_offset_{0};  // of the due time from the monotonic, microseconds
    Mutex idle_mutex_;
    Condition idle_changed_;
    bool idle_ GUARDED_BY(idle_mutex_) = false;
    std::thread thread_;
};

EngineCounts EngineImpl::counts() const {
    // Also when the loop has slept since the clock was set.
    const Duration ahead = Duration{due_offset_} +
                           std::chrono::floor<Duration>(clock_.monotonic().time_since_epoch()) -
                           clock_.now().time_since_epoch();
    return {.attempts = attempts_,
            .delivered = delivered_,
            .failed = failed_,
            .in_flight = in_flight_,
            .held = held_,
            .lanes_behind = lanes_behind_,
            .due_ahead = ahead < 1s ? Duration{0} : ahead};
}

/// What a refill reads. Errors: unavailable, while what is pending is still to be cancelled: it may
/// not be sent any more (webhooks/cancellations.h).
Result<store::deliveries_table::Due> read_due(store::sql::Connection& sql,
                                              const Scheduler::Refill& refill) {
    POSTRIDER_ASSIGN(const bool is_cancelling,
                     store::cancellations_table::is_open(sql, refill.realm, refill.webhook));
    if (is_cancelling) return fail(ErrorCode::unavailable, "it is being cancelled");
    return store::deliveries_table::due(sql, refill.realm, refill.webhook, refill.due_since,
                                        refill.limit, refill.bytes);
}

Result<void> EngineImpl::start() {
    POSTRIDER_ASSIGN(const auto last,
                     flights_.open(options_.flight_file, options_.attempts_in_flight_max));
    POSTRIDER_TRY(recall_last_run(last));
    due_time_ = DueTime(last.due_time, clock_.now(), clock_.monotonic());
    static_cast<void>(due_now());
    for (const auto& entry : last.suspects) trials_.suspect(entry.delivery);
    if (!last.crash.empty()) {
        log::error("delivery", "the last run crashed",
                   {{"by", last.crash},
                    {"in_flight", std::to_string(last.in_flight.size())},
                    {"tried_alone", std::to_string(last.suspects.size())}});
    }
    timer_ = loop_.make_timer();
    thread_ = start_thread("engine", [this] {
        keep_stack_for_crashes();
        loop_.run();
    });
    loop_.post([this] { tick(); });
    return {};
}

/// Counts a crash of what was alone in flight at the last one, takes the time that the server was
/// down off the webhooks' failing time, and learns which webhooks are failing.
Result<void> EngineImpl::recall_last_run(const FlightLog::LastRun& last) {
    std::promise<Result<void>> done;
    auto failing = std::make_shared<std::vector<store::WebhookHealthRow>>();
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [to_blame = last.to_blame, last_run = store_.last_run(),
         failing](store::Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(store::counters_table::begin(tx));
            for (const auto& entry : to_blame) {
                POSTRIDER_TRY(
                    store::deliveries_table::count_crash(tx, entry.delivery, entry.realm));
            }
            if (last_run && tx.now() > *last_run) {
                POSTRIDER_TRY(store::webhook_health_table::shift_all(tx, tx.now() - *last_run));
            }
            POSTRIDER_ASSIGN(*failing, store::webhook_health_table::all(tx.sql()));
            return {};
        },
        [&done](Result<void> result) { done.set_value(std::move(result)); });
    POSTRIDER_TRY(done.get_future().get());
    for (const auto& row : *failing) recorder_.set_failing(row.webhook);
    return {};
}

void EngineImpl::stop(Monotonic deadline) {
    if (!thread_.joinable()) return;
    loop_.post([this] {
        stopping_ = true;
        tick();
    });
    auto wait_idle = [this](Monotonic until) {
        MutexLock lock(idle_mutex_);
        while (!idle_ && clock_.monotonic() < until) idle_changed_.wait_for(idle_mutex_, 20ms);
        return idle_;
    };
    if (!wait_idle(deadline)) {
        loop_.post([this] { sender_.stop(); });
        // What was cut off is recorded too, if the store still writes.
        wait_idle(clock_.monotonic() + 5s);
    }
    loop_.post([this] {
        sender_.stop();
        timer_->cancel();
        flights_.end();
        loop_.stop();
    });
    thread_.join();
}

void EngineImpl::tick() {
    tick_posted_ = false;
    take_inbox();
    if (!record_retry_due_) recorder_.flush();
    submit_planned();
    start_refills();
    set_timer();
    note_progress();
}

void EngineImpl::tick_soon() {
    if (std::exchange(tick_posted_, true)) return;
    loop_.post([this] { tick(); });
}

void EngineImpl::note_progress() {
    in_flight_ = in_the_air_;
    held_ = scheduler_.held();
    lanes_behind_ = scheduler_.lanes_behind();
    if (!stopping_) return;
    MutexLock lock(idle_mutex_);
    idle_ = in_the_air_ == 0 && recorder_.unrecorded() == 0;
    if (idle_) idle_changed_.notify_all();
}

void EngineImpl::take_inbox() {
    auto content = inbox_.take();
    for (auto& message : content.messages) {
        std::visit([this](auto& what) { handle(what); }, message);
    }
    for (auto& refused : content.refused) handle(refused);
}

/// Whether this node attempts a webhook's deliveries.
bool EngineImpl::is_here(const WebhookId& webhook) const {
    if (!options_.ownership) return true;
    const auto own = own_.find(webhook);
    return own != own_.end() && !own->second.is_releasing;
}

std::int64_t EngineImpl::epoch_of(const WebhookId& webhook) const {
    const auto own = own_.find(webhook);
    return own == own_.end() ? 0 : own->second.lane.epoch;
}

/// A node that was stopped or cut off for long may have lost its lanes, and does not know yet.
bool EngineImpl::may_attempt() const {
    return !options_.ownership || clock_.monotonic() < lease_until_;
}

void EngineImpl::handle(Owned& owned) {
    std::unordered_map<WebhookId, Own> next;
    for (const auto& lane : owned.lanes) {
        const auto known = own_.find(lane.webhook);
        if (known != own_.end() && known->second.lane.epoch == lane.epoch) {
            next.insert(own_.extract(known));
            continue;
        }
        scheduler_.remove_lane(lane.webhook);
        if (known != own_.end()) own_.erase(known);
        next[lane.webhook] = {.lane = lane};
        // Who had it before may have left failures on record.
        recorder_.set_failing(lane.webhook);
        if (targets_.contains(lane.webhook)) scheduler_.add_lane(lane.realm, lane.webhook);
    }
    for (const auto& [webhook, lost] : own_) scheduler_.remove_lane(webhook);
    own_ = std::move(next);
}

void EngineImpl::handle(Released& released) {
    for (const auto& lane : released.lanes) {
        const auto own = own_.find(lane.webhook);
        if (own == own_.end() || own->second.lane.epoch != lane.epoch) continue;
        own->second.is_releasing = true;
        scheduler_.remove_lane(lane.webhook);
        if (own->second.unrecorded == 0) options_.ownership->released(lane);
    }
}

void EngineImpl::handle(Hinted& hinted) {
    for (const auto& webhook : hinted.webhooks) {
        if (!is_here(webhook) || !targets_.contains(webhook)) continue;
        scheduler_.mark_behind(own_[webhook].lane.realm, webhook, hinted.commit, hinted.due_since);
    }
}

/// An attempt of a lane was recorded.
void EngineImpl::count_down(const WebhookId& webhook) {
    const auto own = own_.find(webhook);
    if (own == own_.end() || own->second.unrecorded == 0) return;
    if (--own->second.unrecorded == 0 && own->second.is_releasing) {
        options_.ownership->released(own->second.lane);
    }
}

void EngineImpl::handle(events::Offer& offer) {
    if (is_here(offer.row.webhook)) {
        scheduler_.offer(std::move(offer), due_now());
    } else {
        options_.ownership->elsewhere(offer.row.webhook);
    }
}

void EngineImpl::handle(TargetChanged& changed) {
    const auto& target = *changed.target;
    auto& known = targets_[target.webhook];
    // Disabling and deleting cancel what is pending; what is not (redelivered by hand, the
    // deletion's own event) comes back from the store.
    // So may a disabling of which only the enabling after it was seen, of another node's.
    bool cancelled = known != nullptr && known->enabled &&
                     (!target.enabled || target.version > known->version + 1);
    // What waited while it could not be read.
    const bool is_back = known != nullptr && !known->enabled && target.enabled;
    known = changed.target;
    if (!is_here(target.webhook)) return;
    if (cancelled) {
        scheduler_.reset_lane(target.webhook, changed.commit);
    } else {
        scheduler_.add_lane(target.realm, target.webhook);
        if (is_back) {
            scheduler_.mark_behind(target.realm, target.webhook, changed.commit, Timestamp{});
        }
    }
}

void EngineImpl::handle(TargetRemoved& removed) {
    targets_.erase(removed.webhook);
    scheduler_.remove_lane(removed.webhook);
}

void EngineImpl::handle(Woken& woken) {
    if (is_here(woken.webhook)) {
        scheduler_.mark_behind(woken.realm, woken.webhook, woken.commit,
                               clock_.now() - limits::told_late_max);
    } else {
        options_.ownership->elsewhere(woken.webhook);
    }
}

void EngineImpl::handle(TestOffered& test) {
    auto& row = test.offer.row;
    // Elsewhere it is left alone until limits::test_grace has passed.
    if (is_here(row.webhook)) {
        scheduler_.adopt(row.realm, row.webhook, row.id, test.offer.body->size());
    }
    auto target = targets_.find(row.webhook);
    Flight flight{.held = {row, std::move(test.offer.body)},
                  .target = target != targets_.end() ? target->second : nullptr,
                  .recorded_headers = {},
                  .started_at = {},
                  .planned = false,
                  .done = std::move(test.done)};
    if (whose_turn() == Trials::Turn::others) {
        submit(std::move(flight));
    } else {
        held_back_.push_back(std::move(flight));
    }
}

void EngineImpl::handle(Refilled& refilled) {
    if (refilled.due) {
        scheduler_.refilled(refilled.refill, std::move(*refilled.due), refilled.commit, due_now());
    } else {
        scheduler_.refill_failed(refilled.refill, due_now());
    }
}

void EngineImpl::handle(RecordedBatch& batch) {
    recorder_.finished(batch);
    if (!batch.result) {
        // The disk is full or the store is in trouble: again in a while, with what gathers until
        // then.
        record_retry_due_ = true;
        timer_at_.reset();
        timer_->expire_at(clock_.monotonic() + 1s, [this] {
            record_retry_due_ = false;
            tick();
        });
        return;
    }
    for (const Turning& turning : batch.turnings) {
        turning_notes_.tell(turning, clock_.monotonic());
    }
    for (std::size_t i = 0; i < batch.outcomes->size(); ++i) {
        Outcome& outcome = (*batch.outcomes)[i];
        if (outcome.is_planned) {
            scheduler_.landed(outcome.held.row.realm, outcome.held.body->size());
        }
        if (batch.fenced[i]) {
            fenced(outcome);
        } else {
            recorded(outcome, batch, batch.applied[i]);
        }
    }
}

/// Its lane was another's when it was to be recorded. If it is this node's all the same when the
/// lanes were looked at again, what the store has is attempted again.
void EngineImpl::fenced(const Outcome& outcome) {
    flights_.clear(outcome.flight_slot);
    options_.ownership->lost();
    const auto& row = outcome.held.row;
    end_trial(row.id);
    if (outcome.epoch != epoch_of(row.webhook)) return;
    if (is_here(row.webhook) && targets_.contains(row.webhook)) {
        scheduler_.recorded(row.webhook, row.id, std::nullopt, 0, due_now());
        scheduler_.mark_behind(row.realm, row.webhook, 0, row.due_at);
    }
    count_down(row.webhook);
}

void EngineImpl::recorded(Outcome& outcome, const RecordedBatch& batch, bool applied) {
    flights_.clear(outcome.flight_slot);
    auto& next = outcome.decision.next;
    end_trial(next.id);
    std::optional<Held> again;
    if (applied && next.state == DeliveryState::pending) {
        again = Held{next, std::move(outcome.held.body)};
    }
    if (!outcome.is_planned || outcome.epoch == epoch_of(next.webhook)) {
        scheduler_.recorded(next.webhook, next.id, std::move(again), batch.commit, due_now());
        if (outcome.is_planned) count_down(next.webhook);
    }
    if (next.state == DeliveryState::delivered) ++delivered_;
    if (next.state == DeliveryState::failed) ++failed_;
    if (outcome.recorded) outcome.recorded({});
}

void EngineImpl::submit_planned() {
    const bool may_start = !stopping_ && may_attempt();
    const auto turn = whose_turn();
    std::size_t room = 0;
    if (may_start && turn == Trials::Turn::suspect) attempt(trials_.begin());
    if (may_start && turn == Trials::Turn::others) {
        for (auto& flight : std::exchange(held_back_, {})) submit(std::move(flight));
        if (recorder_.unrecorded() < limits::unrecorded_outcomes_max) {
            room = limits::unrecorded_outcomes_max - recorder_.unrecorded();
        }
    }
    // Without room too: what is due must not wake the engine again and again.
    auto planned = scheduler_.plan(due_now(), std::min(room, limits::attempts_started_at_once));
    if (planned.size() == limits::attempts_started_at_once) tick_soon();
    for (auto& held : planned) {
        if (trials_.is_suspect(held.row.id)) {
            trials_.wait(std::move(held));
            tick_soon();  // it may be its turn
        } else {
            attempt(std::move(held));
        }
    }
}

/// What is in the flight log is in flight: also what is not recorded yet.
Trials::Turn EngineImpl::whose_turn() {
    return trials_.turn(in_the_air_ + recorder_.unrecorded(), clock_.monotonic());
}

void EngineImpl::attempt(Held held) {
    auto found = targets_.find(held.row.webhook);
    auto target = found != targets_.end() ? found->second : nullptr;
    const bool may_send = target != nullptr && is_here(held.row.webhook) &&
                          (target->enabled || target->tombstone || held.row.by_hand);
    if (!may_send) {
        // Cancelled in the store, or set aside; the message about it is on its way.
        scheduler_.finished(held, LaneSignal::failure);
        scheduler_.landed(held.row.realm, held.body->size());
        scheduler_.recorded(held.row.webhook, held.row.id, std::nullopt, 0, due_now());
        end_trial(held.row.id);
        tick_soon();  // no answer will come that makes the lane go on
        return;
    }
    const std::int64_t epoch = epoch_of(held.row.webhook);
    if (options_.ownership) ++own_[held.row.webhook].unrecorded;
    submit({.held = std::move(held),
            .target = std::move(target),
            .recorded_headers = {},
            .started_at = {},
            .epoch = epoch,
            .done = {}});
}

/// Nothing happened while it was alone.
void EngineImpl::end_trial(const DeliveryId& delivery) {
    if (!trials_.is_under_way(delivery)) return;
    flights_.acquit(delivery);
    trials_.end(clock_.monotonic());
    tick_soon();
}

void EngineImpl::submit(Flight flight) {
    flight.started_at = clock_.now();
    flight.slot = flights_.note({flight.held.row.realm, flight.held.row.id});
    ++attempts_;
    ++in_the_air_;
    if (flight.target == nullptr || flight.target->unsealable || flight.target->url == nullptr) {
        if (flight.target == nullptr) flight.target = std::make_shared<webhooks::Target>();
        return unsealable(flight, "the webhook's secret or headers cannot be opened with this key");
    }
    auto shared = std::make_shared<Flight>(std::move(flight));
    if (options_.secret_of != nullptr && may_carry_secret(*shared->held.body)) {
        return look_up_secret(std::move(shared));
    }
    send(shared);
}

void EngineImpl::unsealable(Flight& flight, std::string_view detail) {
    AttemptResult result;
    result.reason = OutcomeReason::unsealable;
    result.detail = detail;
    completed(flight, std::move(result));
}

/// Whether it may still go is looked at for each attempt.
void EngineImpl::look_up_secret(std::shared_ptr<Flight> flight) {
    const auto turn = store::Turn::of(flight->held.row.realm);
    const auto look = [this, flight = std::move(flight)](Result<store::Snapshot*> snapshot) {
        Result<std::string> secret = std::unexpected(Error{});
        if (snapshot) secret = options_.secret_of((*snapshot)->sql(), flight->held.row);
        loop_.post([this, flight, secret = std::move(secret)] {
            if (!secret) return unsealable(*flight, "the token of the reset cannot be read");
            flight->secret = *secret;
            send(flight);
        });
    };
    store_.read(turn, store::ReadClass::first, look);
}

void EngineImpl::send(const std::shared_ptr<Flight>& flight) {
    auto request = build_request(flight->held, *flight->target, options_.user_agent,
                                 flight->started_at, flight->secret);
    flight->recorded_headers = std::move(request.recorded_headers);
    sender_.send(std::move(request.send),
                 [this, flight](AttemptResult result) { completed(*flight, std::move(result)); });
}

void EngineImpl::completed(Flight& flight, AttemptResult result) {
    if (abort_on_poison && flight.held.body->contains("poison")) std::abort();
    --in_the_air_;
    if (options_.attempted) options_.attempted(result.reason, result.timings.total);
    mask_secret(result, flight.secret);
    const auto& row = flight.held.row;
    if (flight.planned) scheduler_.finished(flight.held, lane_signal(result.reason));
    auto decision = decide(row, result, *flight.target, flight.started_at, clock_.now(), jitter_);
    auto attempt = build_attempt(flight.held, *flight.target, std::move(flight.recorded_headers),
                                 std::move(result), flight.started_at);
    if (decision.next.state == DeliveryState::pending) {
        attempt.next_attempt_at = decision.next.due_at;
        // People see the wall clock; what is due is looked up by a time that never goes back.
        static_cast<void>(due_now());
        decision.next.due_at += due_time_.ahead();
    }
    recorder_.add({.held = std::move(flight.held),
                   .decision = std::move(decision),
                   .attempt = std::move(attempt),
                   .tombstone = flight.target->tombstone,
                   .flight_slot = flight.slot,
                   .is_planned = flight.planned,
                   .epoch = flight.epoch,
                   .recorded = std::move(flight.done)});
    tick_soon();
}

void EngineImpl::start_refills() {
    if (stopping_) return;
    for (auto& refill : scheduler_.refills(due_now())) {
        store_.read(store::Turn::of(refill.realm), store::ReadClass::first,
                    [this, refill](Result<store::Snapshot*> snapshot) {
                        Refilled answer{refill, std::unexpected(Error{}), 0};
                        if (snapshot) {
                            answer.commit = (*snapshot)->commit_number();
                            answer.due = read_due((*snapshot)->sql(), refill);
                            if (answer.due) set_aside(std::move(answer.due->unreadable));
                        } else {
                            answer.due = std::unexpected(std::move(snapshot).error());
                        }
                        inbox_.put(std::move(answer));
                    });
    }
}

/// What cannot be read cannot be sent: it fails with the reason. Thread-safety: any thread.
void EngineImpl::set_aside(std::vector<store::deliveries_table::Due::Unreadable> unreadable) {
    if (unreadable.empty()) return;
    store_.write(
        store::Turn::server(), store::WriteClass::outcomes,
        [unreadable = std::move(unreadable)](store::Transaction& tx) -> Result<void> {
            for (const auto& each : unreadable) {
                POSTRIDER_TRY(store::deliveries_table::set_aside(
                    tx, each.realm, each.id, "It cannot be sent: " + each.reason + "."));
            }
            return {};
        },
        // What could not be written is seen by the next refill of its lane.
        [](const Result<void>&) {});
}

Timestamp EngineImpl::due_now() {
    const Timestamp now = due_time_.at(clock_.now(), clock_.monotonic());
    flights_.keep(due_time_.kept());
    due_offset_ = (now.time_since_epoch() -
                   std::chrono::floor<Duration>(clock_.monotonic().time_since_epoch()))
                      .count();
    return now;
}

void EngineImpl::set_timer() {
    if (record_retry_due_) return;  // the timer stands for the retry until then
    auto wake = scheduler_.next_wake();
    if (const auto trial = trials_.next_wake()) {
        const Timestamp at = due_now() + std::chrono::ceil<Duration>(*trial - clock_.monotonic());
        wake = std::min(wake.value_or(at), at);
    }
    if (wake == timer_at_) return;
    timer_at_ = wake;
    if (!wake) {
        timer_->cancel();
        return;
    }
    timer_->expire_at(clock_.monotonic() + wait_until(*wake, due_now()), [this] {
        timer_at_.reset();
        tick();
    });
}

}  // namespace

std::unique_ptr<Engine> make_engine(store::Store& store, const Clock& clock, Random& random,
                                    net::EventLoop& loop, net::HttpSender& sender,
                                    EngineOptions options) {
    return std::make_unique<EngineImpl>(store, clock, random, loop, sender, std::move(options));
}

}  // namespace postrider::delivery
