#include "app/overlook.h"

#include <algorithm>

#include "model/counter_limits.h"
#include "store/overview_table.h"
#include "telemetry/log.h"

namespace postrider::app {
namespace {

Duration age(std::optional<Timestamp> since, Timestamp now) {
    return since ? std::max(now - *since, Duration{0}) : Duration{0};
}

void tell(const store::overview_table::Overview& seen, Timestamp now, telemetry::Metrics& metrics) {
    metrics.backlog_due.set(seen.due);
    metrics.backlog_scheduled.set(seen.scheduled);
    metrics.backlog_overdue.set(age(seen.due_since, now).count());
    metrics.webhooks_enabled.set(seen.webhooks_enabled);
    metrics.webhooks_disabled.set(seen.webhooks_disabled);
    metrics.webhooks_failing.set(seen.webhooks_failing);
    metrics.breakers_open.set(seen.breakers_open);
    metrics.counters_lag.set(age(seen.counted_since, now).count());
}

}  // namespace

void Overlook::start() {
    loop_.post([this] {
        timer_ = loop_.make_timer();
        look();
    });
}

void Overlook::stop() {
    loop_.post([this] { timer_.reset(); });
}

void Overlook::look() {
    const Timestamp now = clock_.now();
    store_.read(store::Turn::server(), store::ReadClass::lengthy,
                [this, now](Result<store::Snapshot*> snapshot) {
                    const Monotonic began = clock_.monotonic();
                    Result<void> looked = {};
                    if (snapshot) {
                        auto seen = store::overview_table::read((*snapshot)->sql(), now);
                        if (seen) tell(*seen, now, metrics_);
                        if (!seen) looked = std::unexpected(seen.error());
                    } else {
                        looked = std::unexpected(snapshot.error());
                    }
                    if (!looked) {
                        log::debug("app", "what waits was not counted",
                                   {{"reason", looked.error().message}});
                    }
                    const auto took = clock_.monotonic() - began;
                    const auto wait = std::max<Monotonic::duration>(
                        limits::overview_interval, took * limits::overview_pause_factor);
                    loop_.post([this, wait] {
                        if (timer_ == nullptr) return;
                        timer_->expire_at(clock_.monotonic() + wait, [this] { look(); });
                    });
                });
}

}  // namespace postrider::app
