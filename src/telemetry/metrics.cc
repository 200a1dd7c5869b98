#include "telemetry/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

#include "base/check.h"
#include "telemetry/process.h"

namespace postrider::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

class Families {
 public:
    void counter(const char* name, const char* help, const Counter& counter) {
        ClientMetric metric;
        metric.counter.value = static_cast<double>(counter.value());
        open(name, help, MetricType::Counter).metric.push_back(std::move(metric));
    }
    void gauge(const char* name, const char* help, double value) {
        ClientMetric metric;
        metric.gauge.value = value;
        open(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
    }
    void gauge(const char* name, const char* help, const Gauge& gauge) {
        this->gauge(name, help, static_cast<double>(gauge.value()));
    }
    void total(const char* name, const char* help, double value) {
        ClientMetric metric;
        metric.counter.value = value;
        open(name, help, MetricType::Counter).metric.push_back(std::move(metric));
    }
    MetricFamily& open(const char* name, const char* help, MetricType type) {
        MetricFamily family;
        family.name = name;
        family.help = help;
        family.type = type;
        return families_.emplace_back(std::move(family));
    }
    static void labelled(MetricFamily& family, const char* label, std::string_view value,
                         const Counter& counter) {
        ClientMetric metric;
        metric.label.push_back({label, std::string(value)});
        metric.counter.value = static_cast<double>(counter.value());
        family.metric.push_back(std::move(metric));
    }
    void histogram(const char* name, const char* help, const DurationHistogram& histogram) {
        ClientMetric metric;
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i <= DurationHistogram::bounds.size(); ++i) {
            cumulative += histogram.count_in(i);
            ClientMetric::Bucket bucket;
            bucket.cumulative_count = cumulative;
            bucket.upper_bound = i < DurationHistogram::bounds.size()
                                     ? seconds(DurationHistogram::bounds[i])
                                     : std::numeric_limits<double>::infinity();
            metric.histogram.bucket.push_back(bucket);
        }
        metric.histogram.sample_count = cumulative;
        metric.histogram.sample_sum = seconds(histogram.sum());
        open(name, help, MetricType::Histogram).metric.push_back(std::move(metric));
    }
    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
    std::vector<MetricFamily> families_;
};

void add_deliveries(Families& families, const Metrics& metrics) {
    families.counter("postrider_events_accepted_total", "Events accepted from publishers.",
                     metrics.events_accepted);
    families.counter("postrider_deliveries_created_total",
                     "Deliveries committed with their events.", metrics.deliveries_created);
    auto& ended = families.open("postrider_deliveries_ended_total",
                                "Deliveries that came to a final state.", MetricType::Counter);
    for (std::size_t i = 0; i < Metrics::states; ++i) {
        auto state = static_cast<DeliveryState>(i);
        if (state == DeliveryState::pending) continue;
        Families::labelled(ended, "state", to_string(state), metrics.deliveries_ended[i]);
    }
    auto& attempts = families.open("postrider_attempts_total", "Attempts, by what came of them.",
                                   MetricType::Counter);
    for (std::size_t i = 0; i < Metrics::outcomes; ++i) {
        Families::labelled(attempts, "outcome", to_string(static_cast<OutcomeReason>(i)),
                           metrics.attempts[i]);
    }
    families.histogram("postrider_attempt_duration_seconds", "From DNS to the last body byte.",
                       metrics.attempt_duration);
    families.gauge("postrider_attempts_in_flight", "Attempts that wait for their answer.",
                   metrics.attempts_in_flight);
    families.gauge("postrider_deliveries_held",
                   "Pending deliveries in memory; more are in the store.", metrics.deliveries_held);
    families.gauge("postrider_lanes_behind", "Webhooks whose backlog is read from the store.",
                   metrics.lanes_behind);
    families.gauge("postrider_feed_waits", "Calls that wait for the log's next event.",
                   metrics.feed_waits);
    families.gauge("postrider_nodes", "Nodes that share the database; 0: it is not shared.",
                   metrics.nodes);
    families.gauge("postrider_lanes_owned", "Webhooks that this node delivers to, of several.",
                   metrics.lanes_owned);
    families.counter("postrider_lanes_taken_over_total",
                     "Webhooks that this node took over from one that had died.",
                     metrics.lanes_taken_over);
}

void add_store_and_api(Families& families, const Metrics& metrics) {
    families.histogram("postrider_commit_duration_seconds",
                       "From a group's first work to its commit.", metrics.commit_duration);
    families.counter("postrider_commits_total", "Transactions committed.", metrics.commits);
    families.counter("postrider_commit_works_total", "Writes in them; many share one commit.",
                     metrics.commit_works);
    families.gauge("postrider_writer_queue", "Writes that wait for the writer.",
                   metrics.writer_queue);
    families.gauge("postrider_wal_bytes", "Size of SQLite's write-ahead log.", metrics.wal_bytes);
    families.gauge("postrider_disk_full", "1 while publishing is refused because the disk is full.",
                   metrics.disk_full);
    auto& requests =
        families.open("postrider_http_requests_total", "Answers of the API.", MetricType::Counter);
    constexpr const char* classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    for (std::size_t i = 0; i < metrics.requests.size(); ++i) {
        Families::labelled(requests, "status", classes[i], metrics.requests[i]);
    }
    families.histogram("postrider_http_request_duration_seconds",
                       "From a request's head to its answer.", metrics.request_duration);
    families.gauge("postrider_http_connections", "Open connections to the API.",
                   metrics.connections);
    families.counter("postrider_logins_failed_total",
                     "Logins refused for a wrong name or password.", metrics.logins_failed);
    families.counter("postrider_log_lines_dropped_total",
                     "Log lines dropped because stderr was too slow.", metrics.log_lines_dropped);
}

void add_process(Families& families) {
    // The names that every Prometheus client library uses, so that dashboards fit.
    auto process = process_numbers();
    families.total("process_cpu_seconds_total", "User and system time.", process.cpu_seconds);
    families.gauge("process_start_time_seconds", "When the process started, since the epoch.",
                   process.start_time_seconds);
    families.gauge("process_resident_memory_bytes", "Memory in RAM.",
                   static_cast<double>(process.resident_bytes));
    families.gauge("process_virtual_memory_bytes", "Address space.",
                   static_cast<double>(process.virtual_bytes));
    families.gauge("process_open_fds", "Open file descriptors.",
                   static_cast<double>(process.open_descriptors));
    families.gauge("process_max_fds", "How many may be open.",
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
    Families families;
    add_deliveries(families, *this);
    add_store_and_api(families, *this);
    add_process(families);
    return families.text();
}

}  // namespace postrider::telemetry
