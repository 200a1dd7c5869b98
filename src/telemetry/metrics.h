#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/attempt.h"
#include "model/states.h"

namespace postrider::telemetry {

/// A number that only grows. Thread-safety: any thread; one relaxed addition.
class Counter {
 public:
    void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
    /// For a number that somebody else counts, told at each scrape.
    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::uint64_t> value_ = 0;
};

/// A number that goes up and down. Thread-safety: any thread.
class Gauge {
 public:
    Gauge() = default;
    explicit Gauge(std::int64_t value) : value_(value) {}
    void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t count) { value_.fetch_add(count, std::memory_order_relaxed); }
    std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
    std::atomic<std::int64_t> value_ = 0;
};

/// How durations are spread. Thread-safety: any thread; two relaxed additions. The buckets reach
/// from 100 µs, a commit on a fast disk, to 30 s, the longest attempt.
class DurationHistogram {
 public:
    static constexpr std::array<Duration, 17> bounds = {100us, 250us,  500us, 1ms,   2500us, 5ms,
                                                        10ms,  25ms,   50ms,  100ms, 250ms,  500ms,
                                                        1s,    2500ms, 5s,    10s,   30s};

    void observe(Duration duration);
    /// Of bucket `index`, not cumulative; the last one holds what is above every bound.
    std::uint64_t count_in(std::size_t index) const {
        return counts_[index].load(std::memory_order_relaxed);
    }
    Duration sum() const { return Duration(sum_micros_.load(std::memory_order_relaxed)); }

 private:
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts_{};
    std::atomic<std::int64_t> sum_micros_ = 0;
};

/// Every metric of the server: this is the table, and metrics.cc has their names and help. Labels
/// are enumerators, never what a user chose, so the number of series is fixed.
class Metrics {
 public:
    static constexpr std::size_t outcomes = outcome_reasons_count;
    static constexpr std::size_t states = static_cast<std::size_t>(DeliveryState::cancelled) + 1;

    Counter events_accepted;
    Counter deliveries_created;
    std::array<Counter, states> deliveries_ended;  ///< by DeliveryState; `pending` is not shown
    std::array<Counter, outcomes> attempts;        ///< by OutcomeReason
    DurationHistogram attempt_duration;
    std::array<DurationHistogram, 4> attempt_phases;  ///< dns, connect, tls, first_byte
    Gauge attempts_in_flight;
    Gauge deliveries_held;  ///< in memory, of all lanes
    Gauge lanes_behind;
    Gauge feed_waits;
    Gauge feed_bytes;         ///< of pages on their way
    Gauge backlog_due;        ///< in the whole store, as all that follows to counters_lag
    Gauge backlog_scheduled;  ///< tried again later
    Gauge backlog_overdue;    ///< of the longest, in us
    Gauge webhooks_enabled;
    Gauge webhooks_disabled;
    Gauge webhooks_failing;
    Gauge breakers_open;
    Gauge counters_lag;        ///< in us
    Gauge nodes;               ///< that share the database; 0: it is not shared
    Gauge lanes_owned;         ///< of this node among them
    Counter lanes_taken_over;  ///< of nodes that died

    DurationHistogram commit_duration;
    Counter commits;
    Counter commit_works;  ///< divided by commits: how many share one
    Gauge writer_queue;
    Gauge wal_bytes;
    Gauge disk_full;  ///< 1 while publishing is refused (promise 13)

    std::array<Counter, 5> requests;  ///< by the first digit of the status, 1xx first
    DurationHistogram request_duration;
    Gauge connections;
    Gauge inbound_bytes;
    Gauge inbound_bytes_max;
    Gauge reads_waiting;
    Gauge hashes_waiting;
    Gauge matches_waiting;

    Counter config_reloads_applied;
    Counter config_reloads_refused;
    Gauge config_last_reload_successful{1};

    Counter logins_failed;
    Counter log_lines_dropped;

    Counter& ended(DeliveryState state) {
        return deliveries_ended[static_cast<std::size_t>(state)];
    }
    Counter& attempt(OutcomeReason reason) { return attempts[static_cast<std::size_t>(reason)]; }
    /// Counts an attempt; of its phases those that took place.
    void attempted(OutcomeReason reason, const AttemptTimings& timings);
    /// Counts an answer. Requires: 100 <= status < 600.
    void request(int status, Duration duration);

    /// `update` is called before each scrape, to set what others count. Call it before the first.
    void before_scrape(std::function<void(Metrics&)> update);
    /// Prometheus' text format, version 0.0.4, with the process' own numbers (memory, CPU,
    /// descriptors, start). Thread-safety: any thread.
    std::string scrape();

 private:
    std::vector<std::function<void(Metrics&)>> updates_;
};

}  // namespace postrider::telemetry
