#include "app/housekeeper.h"

#include "directory/directory.h"
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

Result<bool> Housekeeper::step(store::Transaction& tx) {
    constexpr auto most = static_cast<std::int64_t>(limits::housekeeping_rows_max);
    POSTRIDER_ASSIGN(const auto keys, store::idempotency_table::expire(
                                          tx, tx.now() - limits::idempotency_key_lifetime,
                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto resets,
                     store::password_resets_table::expire(tx, tx.now() - limits::reset_token_window,
                                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const bool purged, directory_.purge_step(tx));
    return keys == most || resets == most || purged;
}

void Housekeeper::work() {
    recoveries_.proceed();
    store::write<bool>(
        store_, [this](store::Transaction& tx) { return step(tx); },
        [this](Result<bool> more) {
            if (!more) {
                log::warning("app", "housekeeping waits", {{"reason", more.error().message}});
            }
            const bool goes_on = more && *more;
            loop_.post([this, goes_on] {
                schedule(goes_on ? limits::housekeeping_pause : limits::housekeeping_interval);
            });
        });
}

}  // namespace postrider::app
