#include "telemetry/metrics.h"

#include "base/check.h"
#include "telemetry/exposition.h"
#include "telemetry/process.h"

namespace postrider::telemetry {
namespace {

double count_of(const Counter& counter) { return static_cast<double>(counter.value()); }

void add_deliveries(Exposition& out, const Metrics& metrics) {
    out.counter("postrider_events_accepted_total", "Events accepted from publishers.",
                metrics.events_accepted);
    out.counter("postrider_deliveries_created_total", "Deliveries committed with their events.",
                metrics.deliveries_created);
    out.family("postrider_deliveries_ended_total", "Deliveries that came to a final state.",
               Exposition::Type::counter);
    for (std::size_t i = 0; i < Metrics::states; ++i) {
        auto state = static_cast<DeliveryState>(i);
        if (state == DeliveryState::pending) continue;
        out.series("state", to_string(state), count_of(metrics.deliveries_ended[i]));
    }
    out.family("postrider_attempts_total", "Attempts, by what came of them.",
               Exposition::Type::counter);
    for (std::size_t i = 0; i < Metrics::outcomes; ++i) {
        out.series("outcome", to_string(static_cast<OutcomeReason>(i)),
                   count_of(metrics.attempts[i]));
    }
    out.histogram("postrider_attempt_duration_seconds", "From DNS to the last body byte.",
                  metrics.attempt_duration);
    out.family("postrider_attempt_phase_duration_seconds",
               "What an attempt's time went for; none of a phase that a reused connection has not.",
               Exposition::Type::histogram);
    constexpr const char* phases[] = {"dns", "connect", "tls", "first_byte"};
    for (std::size_t i = 0; i < metrics.attempt_phases.size(); ++i) {
        out.series("phase", phases[i], metrics.attempt_phases[i]);
    }
    out.gauge("postrider_attempts_in_flight", "Attempts that wait for their answer.",
              metrics.attempts_in_flight);
    out.gauge("postrider_deliveries_held", "Pending deliveries in memory; more are in the store.",
              metrics.deliveries_held);
    out.gauge("postrider_lanes_behind", "Webhooks whose backlog is read from the store.",
              metrics.lanes_behind);
    out.gauge("postrider_feed_waits", "Calls that wait for the log's next event.",
              metrics.feed_waits);
    out.gauge("postrider_nodes", "Nodes that share the database; 0: it is not shared.",
              metrics.nodes);
    out.gauge("postrider_lanes_owned", "Webhooks that this node delivers to, of several.",
              metrics.lanes_owned);
    out.counter("postrider_lanes_taken_over_total",
                "Webhooks that this node took over from one that had died.",
                metrics.lanes_taken_over);
}

double seconds_of(const Gauge& micros) { return static_cast<double>(micros.value()) / 1e6; }

/// Of the whole store, whichever node tells it.
void add_overview(Exposition& out, const Metrics& metrics) {
    out.family("postrider_backlog_deliveries",
               "Pending deliveries of all realms: due now, or scheduled for another try.",
               Exposition::Type::gauge);
    out.series("state", "due", static_cast<double>(metrics.backlog_due.value()));
    out.series("state", "scheduled", static_cast<double>(metrics.backlog_scheduled.value()));
    out.gauge("postrider_backlog_overdue_seconds",
              "For how long the oldest of the due deliveries has been due.",
              seconds_of(metrics.backlog_overdue));
    out.family("postrider_webhooks", "Webhooks of all realms.", Exposition::Type::gauge);
    out.series("state", "enabled", static_cast<double>(metrics.webhooks_enabled.value()));
    out.series("state", "disabled", static_cast<double>(metrics.webhooks_disabled.value()));
    out.gauge("postrider_webhooks_failing", "Enabled webhooks whose last attempt failed.",
              metrics.webhooks_failing);
    out.gauge("postrider_breakers_open",
              "Webhooks that are left alone because their receiver is down.",
              metrics.breakers_open);
    out.gauge("postrider_counters_lag_seconds",
              "Age of the oldest outcome that statistics have not added up yet.",
              seconds_of(metrics.counters_lag));
}

void add_queues(Exposition& out, const Metrics& metrics) {
    out.family("postrider_queue_works", "Works that wait for their turn.", Exposition::Type::gauge);
    out.series("queue", "reads", static_cast<double>(metrics.reads_waiting.value()));
    out.series("queue", "password_hashes", static_cast<double>(metrics.hashes_waiting.value()));
    out.series("queue", "filters", static_cast<double>(metrics.matches_waiting.value()));
    out.gauge("postrider_inbound_bytes",
              "Of request bodies at work and of answers that clients have not taken.",
              metrics.inbound_bytes);
    out.gauge("postrider_inbound_bytes_max", "Then bodies wait, and are refused.",
              metrics.inbound_bytes_max);
    out.gauge("postrider_feed_bytes", "Of pages of the log on their way to who follows it.",
              metrics.feed_bytes);
}

void add_store_and_api(Exposition& out, const Metrics& metrics) {
    out.histogram("postrider_commit_duration_seconds",
                  "Of each commit, its sync of the disk included.", metrics.commit_duration);
    out.counter("postrider_commits_total", "Transactions committed.", metrics.commits);
    out.counter("postrider_commit_works_total", "Writes in them; many share one commit.",
                metrics.commit_works);
    out.gauge("postrider_writer_queue", "Writes that wait for the writer.", metrics.writer_queue);
    out.gauge("postrider_wal_bytes", "Size of SQLite's write-ahead log.", metrics.wal_bytes);
    out.gauge("postrider_disk_full", "1 while publishing is refused because the disk is full.",
              metrics.disk_full);
    out.family("postrider_http_requests_total", "Answers of the API.", Exposition::Type::counter);
    constexpr const char* classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    for (std::size_t i = 0; i < metrics.requests.size(); ++i) {
        out.series("status", classes[i], count_of(metrics.requests[i]));
    }
    out.histogram("postrider_http_request_duration_seconds", "From a request's head to its answer.",
                  metrics.request_duration);
    out.gauge("postrider_http_connections", "Open connections to the API.", metrics.connections);
    out.family("postrider_config_reloads_total", "Readings of the configuration at SIGHUP.",
               Exposition::Type::counter);
    out.series("result", "applied", count_of(metrics.config_reloads_applied));
    out.series("result", "refused", count_of(metrics.config_reloads_refused));
    out.gauge("postrider_config_last_reload_successful",
              "0 after a configuration that was refused: the one before it is in force.",
              metrics.config_last_reload_successful);
    out.counter("postrider_logins_failed_total", "Logins refused for a wrong name or password.",
                metrics.logins_failed);
    out.counter("postrider_log_lines_dropped_total",
                "Log lines dropped because stderr was too slow.", metrics.log_lines_dropped);
}

void add_process(Exposition& out) {
    // The names that every Prometheus client library uses, so that dashboards fit.
    auto process = process_numbers();
    out.counter("process_cpu_seconds_total", "User and system time.", process.cpu_seconds);
    out.gauge("process_start_time_seconds", "When the process started, since the epoch.",
              process.start_time_seconds);
    out.gauge("process_resident_memory_bytes", "Memory in RAM.",
              static_cast<double>(process.resident_bytes));
    out.gauge("process_virtual_memory_bytes", "Address space.",
              static_cast<double>(process.virtual_bytes));
    out.gauge("process_open_fds", "Open file descriptors.",
              static_cast<double>(process.open_descriptors));
    out.gauge("process_max_fds", "How many may be open.",
              static_cast<double>(process.descriptors_max));
}

}  // namespace

void DurationHistogram::observe(Duration duration) {
    std::size_t index = 0;
    while (index < bounds.size() && duration > bounds[index]) ++index;
    counts_[index].fetch_add(1, std::memory_order_relaxed);
    sum_micros_.fetch_add(duration.count(), std::memory_order_relaxed);
}

void Metrics::attempted(OutcomeReason reason, const AttemptTimings& timings) {
    attempt(reason).add();
    attempt_duration.observe(timings.total);
    const std::array<Duration, 4> phases = {timings.dns, timings.connect, timings.tls,
                                            timings.first_byte};
    for (std::size_t i = 0; i < phases.size(); ++i) {
        if (phases[i] > Duration{0}) attempt_phases[i].observe(phases[i]);
    }
}

void Metrics::request(int status, Duration duration) {
    CHECK(status >= 100 && status < 600);
    requests[static_cast<std::size_t>(status / 100 - 1)].add();
    request_duration.observe(duration);
}

void Metrics::before_scrape(std::function<void(Metrics&)> update) {
    updates_.push_back(std::move(update));
}

std::string Metrics::scrape() {
    for (const auto& update : updates_) update(*this);
    Exposition out;
    add_deliveries(out, *this);
    add_overview(out, *this);
    add_store_and_api(out, *this);
    add_queues(out, *this);
    add_process(out);
    return out.text();
}

}  // namespace postrider::telemetry
