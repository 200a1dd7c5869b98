#include "app/counter_keeper.h"

#include "model/counter_limits.h"
#include "store/counters_table.h"
#include "telemetry/log.h"

namespace postrider::app {

void CounterKeeper::start() {
    loop_.post([this] {
        timer_ = loop_.make_timer();
        look();
    });
}

void CounterKeeper::stop() {
    loop_.post([this] { timer_.reset(); });
}

void CounterKeeper::schedule(Duration wait, std::function<void()> then) {
    if (timer_ == nullptr) return;
    timer_->expire_at(clock_.monotonic() + wait, std::move(then));
}

/// A store that nothing is written to costs nothing.
void CounterKeeper::look() {
    const store::CommitNumber last = store_.last_commit();
    const bool has_changed = is_first_ || last != seen_;
    is_first_ = false;
    seen_ = last;
    if (!has_changed) return schedule(limits::counters_fold_interval, [this] { look(); });
    store::read<bool>(
        store_, store::Turn::server(),
        [](store::sql::Connection& sql) { return store::counters_table::has_log(sql); },
        [this](Result<bool> has_log) {
            loop_.post([this, has_log = has_log.value_or(false)] {
                if (has_log) return fold();
                schedule(limits::counters_fold_interval, [this] { look(); });
            });
        });
}

void CounterKeeper::fold() {
    if (timer_ == nullptr) return;
    store::write<bool>(
        store_, store::Turn::server(), store::WriteClass::ordinary,
        [](store::Transaction& tx) {
            return store::counters_table::fold(tx, limits::counters_fold_places_max);
        },
        [this](Result<bool> has_more) {
            if (!has_more) {
                log::warning("app", "what was counted waits to be added up",
                             {{"reason", has_more.error().message}});
            }
            loop_.post([this, has_more = has_more.value_or(false)] {
                if (has_more) return schedule(limits::housekeeping_pause, [this] { fold(); });
                schedule(limits::counters_fold_interval, [this] { look(); });
            });
        });
}

}  // namespace postrider::app
