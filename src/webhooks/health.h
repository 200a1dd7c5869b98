#pragma once

#include <map>
#include <optional>

#include "base/json.h"
#include "store/breakers_table.h"
#include "store/counters_table.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {

/// How a webhook fares, for people.
struct Health {
    store::LastResults last;
    /// Of the running hour and the 24 before it.
    store::Counts day;
    std::int64_t waiting = 0;  ///< pending deliveries, counted to limits::waiting_counted_max
    bool waiting_is_more = false;
    /// Of those that are waiting; when they are more than are counted, of those due first.
    std::optional<Timestamp> oldest_waiting_at;
    std::optional<store::BreakerRow> breaker;  ///< nullopt: closed
};

/// Reads the health of several webhooks of a realm in one snapshot: what is counted and not yet
/// folded is read once. Thread-safety: one thread.
class HealthReader {
 public:
    static Result<HealthReader> begin(store::sql::Connection& sql, const RealmId& realm,
                                      Timestamp now);
    Result<Health> read(store::sql::Connection& sql, const WebhookId& webhook) const;

 private:
    HealthReader(const RealmId& realm, Timestamp now) : realm_(realm), now_(now) {}

    RealmId realm_;
    Timestamp now_;
    std::map<WebhookId, store::LastResults> later_;
    std::map<WebhookId, store::Counts> not_folded_;  ///< of the day
};

/// One JSON object.
void write_health(json::Writer& writer, const Health& health);
/// As write_webhook() of view.h, with the member `health`.
void write_webhook(json::Writer& writer, const Webhook& webhook, const Headers* revealed,
                   const Health& health);

}  // namespace postrider::webhooks
