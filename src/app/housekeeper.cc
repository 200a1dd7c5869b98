#include "app/housekeeper.h"

#include "directory/directory.h"
#include "model/limits.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/recover.h"

namespace postrider::app {

namespace {

Result<void> write_uses(store::Transaction& tx, const std::vector<access::ApiKeyUse>& uses) {
    for (const access::ApiKeyUse& use : uses) {
        POSTRIDER_TRY(store::api_keys_table::touch(tx, use.realm, use.id, use.at));
    }
    return {};
}

}  // namespace

void Housekeeper::start() {
    loop_.post([this] {
        timer_ = loop_.make_timer();
        work();
    });
}

void Housekeeper::stop() {
    loop_.post([this] {
        timer_.reset();
        store_.write(
            store::WriteClass::ordinary,
            [uses = keys_.take_uses()](store::Transaction& tx) { return write_uses(tx, uses); },
            [](const Result<void>&) {});
    });
}

void Housekeeper::schedule(Duration wait) {
    if (timer_ == nullptr) return;
    timer_->expire_at(clock_.monotonic() + wait, [this] { work(); });
}

Result<bool> Housekeeper::step(store::Transaction& tx, const std::vector<access::ApiKeyUse>& uses) {
    POSTRIDER_TRY(write_uses(tx, uses));
    constexpr auto most = static_cast<std::int64_t>(limits::housekeeping_rows_max);
    POSTRIDER_ASSIGN(const auto keys, store::idempotency_table::expire(
                                          tx, tx.now() - limits::idempotency_key_lifetime,
                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto resets,
                     store::password_resets_table::expire(tx, tx.now() - limits::reset_token_window,
                                                          limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto sessions,
                     store::sessions_table::expire(tx, tx.now(), limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const auto tokens, store::oauth_tokens_table::expire(
                                            tx, tx.now(), limits::housekeeping_rows_max));
    POSTRIDER_ASSIGN(const bool purged, directory_.purge_step(tx));
    return keys == most || resets == most || sessions == most || tokens == most || purged;
}

void Housekeeper::work() {
    recoveries_.proceed();
    store::write<bool>(
        store_, [this, uses = keys_.take_uses()](store::Transaction& tx) { return step(tx, uses); },
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
