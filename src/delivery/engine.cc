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
#include "delivery/lane_ownership.h"
#include "delivery/last_run_notes.h"
#include "delivery/recorder.h"
#include "delivery/refill_reader.h"
#include "delivery/renderer.h"
#include "delivery/request.h"
#include "delivery/scheduler.h"
#include "delivery/secret_member.h"
#include "delivery/tokens.h"
#include "delivery/trials.h"
#include "delivery/turning_notes.h"
#include "model/credential_limits.h"
#include "model/limits.h"
#include "model/template_limits.h"
#include "model/trace.h"
#include "net/event_loop.h"
#include "net/http_sender.h"
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

LaneSignal lane_signal(const AttemptResult& result) {
    if (result.reason == OutcomeReason::accepted) return LaneSignal::success;
    if (kind_of(result.reason) == OutcomeKind::internal) return LaneSignal::none;
    if (is_timeout(result.reason)) return LaneSignal::timeout;
    const bool is_down = result.status == 0 || result.status == 429 || result.status >= 500;
    return is_down ? LaneSignal::failure : LaneSignal::refused;
}

/// Of its certificates; "" for none.
std::string_view digest_of(const webhooks::Target& target) {
    return target.client_tls == nullptr ? std::string_view() : target.client_tls->digest;
}

bool is_same(const std::shared_ptr<const webhooks::TokenClient>& a,
             const std::shared_ptr<const webhooks::TokenClient>& b) {
    return a == nullptr || b == nullptr ? a == b : *a == *b;
}

admission::Policy policy_of(const webhooks::Target& target) {
    admission::Policy policy;
    const auto& controls = target.controls;
    if (controls.max_in_flight) {
        policy.max_in_flight = static_cast<std::size_t>(*controls.max_in_flight);
    }
    if (controls.rate_limit) {
        policy.rate_limit = {.count = controls.rate_limit->count, .per = controls.rate_limit->per};
    }
    if (target.body_template != nullptr) policy.rendered_bytes = limits::rendered_bytes_max;
    return policy;
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
          ownership_(make_lane_ownership(cluster())),
          scheduler_(options_.attempts_in_flight_max),
          recorder_(store, clock, options_.actions, cluster(),
                    [this](RecordedBatch batch) { inbox_.put(std::move(batch)); }) {}

    void offer(events::Offer offer) override { inbox_.offer(std::move(offer)); }
    void target_changed(webhooks::SharedTarget target) override {
        inbox_.put(TargetChanged{std::move(target), store_.last_commit()});
    }
    void target_rebuilt(webhooks::SharedTarget target) override {
        inbox_.put(TargetChanged{std::move(target), store_.last_commit(), true});
    }
    void target_removed(const WebhookId& webhook) override { inbox_.put(TargetRemoved{webhook}); }
    void send_test(events::Offer offer, std::function<void(Result<void>)> done) override {
        inbox_.put(TestOffered{std::move(offer), std::move(done)});
    }
    void wake(const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit,
              std::optional<DeliveryId> wanted) override {
        inbox_.put(Woken{realm, webhook, commit, wanted});
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
    void look(std::vector<Asked> asked,
              std::function<void(std::vector<std::optional<Wait>>)> then) override {
        after([this, asked = std::move(asked), then = std::move(then)] {
            std::vector<std::optional<Wait>> waits;
            for (const Asked& each : asked) waits.push_back(scheduler_.wait_of(each, due_now()));
            then(std::move(waits));
        });
    }
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
        std::string access_token = {};  ///< likewise, of the headers
        Duration asking{0};             ///< how long its access token took
    };

    const Ownership* cluster() const { return options_.ownership ? &*options_.ownership : nullptr; }
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
    void handle(Leased& leased) { ownership_->lease(leased.until); }
    void handle(Hinted& hinted);
    void handle(Afterwards& afterwards) { afterwards.task(); }
    void fenced(const Outcome& outcome);
    void add_lane(const webhooks::Target& target, bool is_taken_over);
    void recorded(Outcome& outcome, const RecordedBatch& batch, bool applied);
    void submit_planned();
    Trials::Turn whose_turn();
    void attempt(Held held);
    void end_trial(const DeliveryId& delivery);
    void submit(Flight flight);
    void look_up_secret(std::shared_ptr<Flight> flight);
    void note_token(const WebhookId& webhook);
    void prepare(const std::shared_ptr<Flight>& flight);
    void has_token(const std::shared_ptr<Flight>& flight, Tokens::Given given);
    RequestContext context_of(const Flight& flight) const;
    void render(const std::shared_ptr<Flight>& flight);
    void send(const std::shared_ptr<Flight>& flight, const Result<SharedBody>& body);
    void not_sent(Flight& flight, OutcomeReason reason, std::string_view detail);
    void completed(Flight& flight, AttemptResult result);
    void start_refills();
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
    std::unique_ptr<LaneOwnership> ownership_;
    Scheduler scheduler_;
    Recorder recorder_;
    RefillReader refill_reader_{store_,
                                [this](Message message) { inbox_.put(std::move(message)); }};
    FlightLog flights_;
    Trials trials_;
    TurningNotes turning_notes_{store_};
    Renderer renderer_{options_.attempts_in_flight_max};
    Tokens tokens_{{.sender = sender_,
                    .user_agent = options_.user_agent,
                    .now = [this] { return due_now(); },
                    .changed =
                        [this](const WebhookId& webhook, const admission::Token& token) {
                            scheduler_.set_token(webhook, token, due_now());
                            tick_soon();
                        }}};
    DueTime due_time_;
    /// Tests that came during a trial.
    std::vector<Flight> held_back_;
    std::unordered_map<WebhookId, webhooks::SharedTarget> targets_;
    std::unique_ptr<net::EventLoop::Timer> timer_;
    LastRunNotes last_run_notes_{store_, loop_, clock_};
    std::optional<Timestamp> timer_at_;
    std::size_t in_the_air_ = 0;  ///< attempts; those of a released lane are not the scheduler's
    bool tick_posted_ = false;
    bool is_first_tick_ = true;  ///< what is told in it was there before the process
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

Result<void> EngineImpl::start() {
    POSTRIDER_ASSIGN(const auto last,
                     flights_.open(options_.flight_file, options_.attempts_in_flight_max));
    POSTRIDER_ASSIGN(const auto failing, last_run_notes_.recall(last));
    for (const WebhookId& webhook : failing) recorder_.set_failing(webhook);
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
    renderer_.stop();
    loop_.post([this] {
        sender_.stop();
        timer_->cancel();
        last_run_notes_.stop();
        flights_.end();
        loop_.stop();
    });
    thread_.join();
}

void EngineImpl::tick() {
    tick_posted_ = false;
    take_inbox();
    is_first_tick_ = false;
    if (!record_retry_due_) recorder_.flush(scheduler_.lanes_behind() == 0 && !stopping_);
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

void EngineImpl::handle(Owned& owned) {
    const auto change = ownership_->own(owned.lanes);
    for (const auto& webhook : change.gone) scheduler_.remove_lane(webhook);
    for (const auto& lane : change.come) {
        // Who had it before may have left failures on record.
        recorder_.set_failing(lane.webhook);
        const auto target = targets_.find(lane.webhook);
        if (target != targets_.end()) add_lane(*target->second, true);
    }
}

void EngineImpl::handle(Released& released) {
    for (const auto& webhook : ownership_->release(released.lanes)) {
        scheduler_.remove_lane(webhook);
    }
}

void EngineImpl::handle(Hinted& hinted) {
    for (const auto& webhook : hinted.webhooks) {
        const auto target = targets_.find(webhook);
        if (target == targets_.end() || !ownership_->has(webhook)) continue;
        scheduler_.mark_behind(target->second->realm, webhook, hinted.commit, hinted.due_since);
    }
}

void EngineImpl::handle(events::Offer& offer) {
    if (ownership_->has(offer.row.webhook)) {
        scheduler_.offer(std::move(offer), due_now());
    } else {
        ownership_->tell_owner(offer.row.webhook);
    }
}

void EngineImpl::handle(TargetChanged& changed) {
    const auto& target = *changed.target;
    if (changed.is_rebuilt) {
        const auto found = targets_.find(target.webhook);
        if (found == targets_.end() || found->second->version != target.version) return;
    }
    auto& known = targets_[target.webhook];
    // Disabling and deleting cancel what is pending; what is not (redelivered by hand, the
    // deletion's own event) comes back from the store.
    // So may a disabling of which only the enabling after it was seen, of another node's.
    bool cancelled = known != nullptr && known->enabled &&
                     (!target.enabled || target.version > known->version + 1);
    // What waited while it could not be read.
    const bool is_back = known != nullptr && !known->enabled && target.enabled;
    const bool is_elsewhere = known != nullptr && known->url != nullptr && target.url != nullptr &&
                              *known->url != *target.url;
    const bool has_other_credentials =
        known != nullptr && (known->authorization != target.authorization ||
                             !is_same(known->token_client, target.token_client) ||
                             digest_of(*known) != digest_of(target));
    known = changed.target;
    if (target.token_client == nullptr) tokens_.remove(target.webhook);
    if (!ownership_->has(target.webhook)) return;
    if (is_back || is_elsewhere || has_other_credentials || (cancelled && target.enabled))
        scheduler_.close_breaker(target.webhook, due_now());
    if (cancelled) {
        scheduler_.reset_lane(target.webhook, changed.commit);
        scheduler_.set_policy(target.webhook, policy_of(target), false, due_now());
        scheduler_.set_token(target.webhook, tokens_.state(target), due_now());
    } else {
        add_lane(target, is_first_tick_);
        if (is_back) {
            scheduler_.mark_behind(target.realm, target.webhook, changed.commit, Timestamp{});
        }
    }
}

/// `is_taken_over`: another process had the lane just now.
void EngineImpl::add_lane(const webhooks::Target& target, bool is_taken_over) {
    scheduler_.add_lane(target.realm, target.webhook);
    scheduler_.set_policy(target.webhook, policy_of(target), is_taken_over, due_now());
    scheduler_.set_token(target.webhook, tokens_.state(target), due_now());
}

void EngineImpl::handle(TargetRemoved& removed) {
    targets_.erase(removed.webhook);
    tokens_.remove(removed.webhook);
    scheduler_.remove_lane(removed.webhook);
}

void EngineImpl::handle(Woken& woken) {
    if (ownership_->has(woken.webhook)) {
        if (woken.wanted) scheduler_.hurry(woken.webhook, *woken.wanted, due_now());
        scheduler_.mark_behind(woken.realm, woken.webhook, woken.commit,
                               clock_.now() - limits::told_late_max);
    } else {
        ownership_->tell_owner(woken.webhook);
    }
}

void EngineImpl::handle(TestOffered& test) {
    auto& row = test.offer.row;
    // Elsewhere it is left alone until limits::test_grace has passed.
    if (ownership_->has(row.webhook)) {
        scheduler_.adopt(row.realm, row.webhook, row.id, test.offer.event->size(), due_now());
    }
    auto target = targets_.find(row.webhook);
    Flight flight{.held = {row, std::move(test.offer.event)},
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
        scheduler_.refilled(refilled.refill, std::move(*refilled.due), refilled.commit, due_now(),
                            refilled.breaker);
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
    for (const auto& [realm, webhook] : batch.let_go) {
        scheduler_.tell(webhook, batch.commit, batch.at);
    }
    for (std::size_t i = 0; i < batch.outcomes->size(); ++i) {
        Outcome& outcome = (*batch.outcomes)[i];
        if (outcome.is_planned) {
            scheduler_.landed(outcome.held);
        }
        if (outcome.breaker.has_changed) scheduler_.breaker_recorded(outcome.held, batch.commit);
        if (batch.verdicts[i] == Verdict::fenced) {
            fenced(outcome);
        } else {
            recorded(outcome, batch, batch.verdicts[i] == Verdict::applied);
        }
    }
}

/// Its lane was another's when it was to be recorded. If it is this node's all the same when the
/// lanes were looked at again, what the store has is attempted again.
void EngineImpl::fenced(const Outcome& outcome) {
    flights_.clear(outcome.flight_slot);
    ownership_->lost();
    const auto& row = outcome.held.row;
    end_trial(row.id);
    if (outcome.epoch != ownership_->epoch(row.webhook)) return;
    if (ownership_->has(row.webhook) && targets_.contains(row.webhook)) {
        scheduler_.recorded(row.webhook, row.id, std::nullopt, 0, due_now());
        scheduler_.mark_behind(row.realm, row.webhook, 0, row.due_at);
    }
    ownership_->ended(row.webhook);
}

void EngineImpl::recorded(Outcome& outcome, const RecordedBatch& batch, bool applied) {
    flights_.clear(outcome.flight_slot);
    auto& next = outcome.decision.next;
    end_trial(next.id);
    std::optional<Held> again;
    if (applied && next.state == DeliveryState::pending) {
        again = Held{next, std::move(outcome.held.event)};
    }
    if (!outcome.is_planned || outcome.epoch == ownership_->epoch(next.webhook)) {
        scheduler_.recorded(next.webhook, next.id, std::move(again), batch.commit, due_now());
        if (outcome.is_planned) ownership_->ended(next.webhook);
    }
    if (next.state == DeliveryState::delivered) ++delivered_;
    if (next.state == DeliveryState::failed) ++failed_;
    if (outcome.recorded) outcome.recorded({});
}

void EngineImpl::submit_planned() {
    const bool may_start = !stopping_ && ownership_->may_attempt(clock_.monotonic());
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
    const bool may_send = target != nullptr && ownership_->has(held.row.webhook) &&
                          (target->enabled || target->tombstone || held.row.by_hand);
    if (!may_send) {
        // Cancelled in the store, or set aside; the message about it is on its way.
        scheduler_.finished(held, {}, due_now());
        scheduler_.landed(held);
        scheduler_.recorded(held.row.webhook, held.row.id, std::nullopt, 0, due_now());
        note_token(held.row.webhook);
        end_trial(held.row.id);
        tick_soon();  // no answer will come that makes the lane go on
        return;
    }
    const std::int64_t epoch = ownership_->epoch(held.row.webhook);
    ownership_->began(held.row.webhook);
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
        return not_sent(flight, OutcomeReason::unsealable,
                        "the webhook's secret or headers cannot be opened with this key");
    }
    auto shared = std::make_shared<Flight>(std::move(flight));
    if (options_.secret_of != nullptr && may_carry_secret(*shared->held.event)) {
        return look_up_secret(std::move(shared));
    }
    prepare(shared);
}

void EngineImpl::not_sent(Flight& flight, OutcomeReason reason, std::string_view detail) {
    AttemptResult result;
    result.reason = reason;
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
            if (!secret) {
                return not_sent(*flight, OutcomeReason::unsealable,
                                "the token of the reset cannot be read");
            }
            flight->secret = *secret;
            prepare(flight);
        });
    };
    store_.read(turn, store::ReadClass::first, look);
}

/// The lane's admission has taken it for granted that a planned attempt asks for a missing token.
void EngineImpl::note_token(const WebhookId& webhook) {
    const auto target = targets_.find(webhook);
    if (target == targets_.end() || target->second->token_client == nullptr) return;
    scheduler_.set_token(webhook, tokens_.state(*target->second), due_now());
}

/// Sends it once it has the access token that it needs.
void EngineImpl::prepare(const std::shared_ptr<Flight>& flight) {
    // A token is of the newest target; that of what had to wait may be an older one.
    const auto newest = targets_.find(flight->held.row.webhook);
    if (newest != targets_.end() && !newest->second->unsealable) flight->target = newest->second;
    if (flight->target->token_client == nullptr) return render(flight);
    tokens_.get(flight->target, [this, flight, asked_at = clock_.monotonic()](Tokens::Given given) {
        flight->asking = std::chrono::ceil<Duration>(clock_.monotonic() - asked_at);
        has_token(flight, std::move(given));
    });
}

/// One deadline holds for all that an attempt does, the question for its token among them.
void EngineImpl::has_token(const std::shared_ptr<Flight>& flight, Tokens::Given given) {
    if (given.token.empty()) return completed(*flight, std::move(given.failure));
    if (flight->target->timeout - flight->asking < limits::after_token_min) {
        return not_sent(*flight, OutcomeReason::token_failed,
                        "the token endpoint took all the time of this attempt; the next one has "
                        "the access token");
    }
    flight->access_token = std::move(given.token);
    flight->started_at = clock_.now();
    render(flight);
}

RequestContext EngineImpl::context_of(const Flight& flight) const {
    return {.user_agent = options_.user_agent,
            .origin = options_.origin,
            .secret = flight.secret,
            .access_token = flight.access_token};
}

/// Nobody changes the flight while it is rendered elsewhere.
void EngineImpl::render(const std::shared_ptr<Flight>& flight) {
    if (flight->target->body_template == nullptr) {
        return send(flight, render_body(flight->held, *flight->target, context_of(*flight)));
    }
    renderer_.add(
        flight->held.row.realm, flight->held.row.webhook,
        [this, flight] { return render_body(flight->held, *flight->target, context_of(*flight)); },
        [this, flight](Result<SharedBody> body) {
            loop_.post([this, flight, body = std::move(body)] {
                flight->started_at = clock_.now();
                if (flight->planned) scheduler_.rendered(flight->held, body ? (*body)->size() : 0);
                send(flight, body);
            });
        });
}

void EngineImpl::send(const std::shared_ptr<Flight>& flight, const Result<SharedBody>& body) {
    if (!body) {
        const bool is_ours = body.error().code == ErrorCode::unavailable;
        return not_sent(*flight,
                        is_ours ? OutcomeReason::shutting_down : OutcomeReason::unrenderable,
                        body.error().message);
    }
    RequestContext context = context_of(*flight);
    if (!flight->held.event->trace().empty()) context.span = jitter_.next();
    auto request = build_request(flight->held, *flight->target, context, *body, flight->started_at);
    request.send.timeout -= flight->asking;
    flight->recorded_headers = std::move(request.recorded_headers);
    sender_.send(std::move(request.send),
                 [this, flight](AttemptResult result) { completed(*flight, std::move(result)); });
}

void log_attempt(const Held& held, const std::string& realm, const AttemptResult& result) {
    if (!log::enabled(LogLevel::debug)) return;
    const auto& row = held.row;
    log::debug("delivery", "attempted",
               {{"realm", realm.empty() ? row.realm.to_string() : realm},
                {"webhook", row.webhook},
                {"event", row.event},
                {"delivery", row.id},
                {"attempt", row.attempts + 1},
                {"outcome", to_string(result.reason)},
                {"status", result.status},
                {"duration", result.timings.total},
                {"trace", trace::id(held.event->trace())}});
}

void EngineImpl::completed(Flight& flight, AttemptResult result) {
    if (abort_on_poison && flight.held.event->body().contains("poison")) std::abort();
    --in_the_air_;
    if (options_.attempted) options_.attempted(result.reason, result.timings);
    mask_secret(result, flight.secret);
    mask_secret(result, flight.access_token);
    mask_authorization(result, flight.target->authorization);
    log_attempt(flight.held, flight.target->realm_name, result);
    if (result.status == 401) tokens_.refused(flight.held.row.webhook, flight.access_token);
    const auto& row = flight.held.row;
    const Timestamp now = clock_.now();
    admission::Breaker::Change breaking;
    if (flight.planned) {
        breaking = scheduler_.finished(
            flight.held, {lane_signal(result), now, asked_delay(result, now)}, due_now());
        note_token(row.webhook);
    }
    std::optional<Timestamp> probe_again_at;
    if (flight.held.is_probe && breaking.open) {
        probe_again_at = breaking.open->next_probe_at - due_time_.ahead();
    }
    auto decision =
        decide(row, result, *flight.target, flight.started_at, now, jitter_, probe_again_at);
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
                   .breaker = breaking,
                   .recorded = std::move(flight.done)});
    tick_soon();
}

void EngineImpl::start_refills() {
    if (stopping_) return;
    for (const auto& refill : scheduler_.refills(due_now())) refill_reader_.read(refill);
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
