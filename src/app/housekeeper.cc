#include "app/housekeeper.h"

#include "model/limits.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/recover.h"

namespace postrider::app {

void Housekeeper::start() {
    loop_.post([this] {
        timer_ = loop_.make_timer();
        work();
    });
}

void Housekeeper::stop() {
    loop_.post([this] { timer_.reset(); });
}

void Housekeeper::schedule(Duration wait) {
    if (timer_ == nullptr) return;
    timer_->expire_at(clock_.monotonic() + wait, [this] { work(); });
}

void Housekeeper::work() {
    recoveries_.proceed();
    expire_keys();
}

void Housekeeper::expire_keys() {
    store::write<std::int64_t>(
        store_,
        [](store::Transaction& tx) {
            return store::idempotency_table::expire(tx, tx.now() - limits::idempotency_key_lifetime,
                                                    limits::housekeeping_rows_max);
        },
        [this](Result<std::int64_t> removed) {
            if (!removed) {
                log::warning("app", "housekeeping waits", {{"reason", removed.error().message}});
            }
            const bool more =
                removed && *removed == static_cast<std::int64_t>(limits::housekeeping_rows_max);
            loop_.post([this, more] {
                schedule(more ? limits::housekeeping_pause : limits::housekeeping_interval);
            });
        });
}

}  // namespace postrider::app
