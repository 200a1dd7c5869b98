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

void add_store_and_api(Exposition& out, const Metrics& metrics) {
    out.histogram("postrider_commit_duration_seconds", "From a group's first work to its commit.",
                  metrics.commit_duration);
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
    add_store_and_api(out, *this);
    add_process(out);
    return out.text();
}

}  // namespace postrider::telemetry
