#include "webhooks/operational.h"

#include "base/json.h"
#include "base/json_text.h"
#include "events/told_by.h"
#include "model/limits.h"
#include "model/operational_limits.h"
#include "store/failure_notices_table.h"
#include "store/store_error.h"
#include "store/tables.h"

namespace postrider::webhooks {
namespace {

using store::FailureNotice;
using store::Transaction;
namespace notices = store::failure_notices_table;

/// The members of an object, without its braces.
template <typename Write>
std::string members(Write write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write(writer);
    writer.end_object();
    return out.substr(1, out.size() - 2);
}

std::string last_of(const FailedDeliveries& failed) {
    return '{' + members([&](json::Writer& writer) {
               writer.member("delivery_id", failed.delivery.to_string());
               writer.member("event_id", failed.event.to_string());
               writer.member("event", failed.event_type);
               writer.member("reason", failed.reason);
           }) +
           '}';
}

std::string members_of(const FailureNotice& notice) {
    return members([&](json::Writer& writer) {
        writer.member("count", notice.untold);
        writer.member("since", format_rfc3339(notice.since));
        writer.member("holds_too_many", notice.holds_too_many);
        // Whatever the row says there, the event stays JSON.
        const auto last = json::compact(notice.last, limits::json_depth_max);
        writer.member_raw("last", last && last->starts_with('{') ? *last : "{}");
    });
}

}  // namespace

Result<void> OperationalEvents::tell(Transaction& tx, const Told& told) const {
    const auto webhook = store::webhooks_table::find(tx.sql(), told.realm, told.webhook);
    if (!webhook && webhook.error().code != ErrorCode::corrupt) {
        return std::unexpected(webhook.error());
    }
    if (webhook && (!*webhook || (*webhook)->deleted_at)) return {};
    POSTRIDER_ASSIGN(const auto realm, events::name_of_realm(tx.sql(), told.realm));
    std::string data = members([&](json::Writer& writer) {
        writer.key("webhook");
        writer.begin_object();
        writer.member("id", told.webhook.to_string());
        writer.member("name", webhook ? (*webhook)->name : std::string());
        writer.end_object();
    });
    data = events::with_realm('{' + data + ',' + told.members + '}', realm);
    const auto published = publisher_.publish(tx, told.realm,
                                              {.type = told.type,
                                               .resource_id = ResourceId{told.webhook.uuid},
                                               .data = std::move(data),
                                               .timestamp = {}},
                                              EventOrigin::directory);
    if (published) return {};
    if (store::is_of_the_store(published.error())) return std::unexpected(published.error());
    store::log_unreadable(fail(published.error().code,
                               std::string("an event ") + told.type + " of the webhook " +
                                   told.webhook.to_string() + ": " + published.error().message)
                              .error());
    return {};
}

Result<void> OperationalEvents::failing(Transaction& tx, const OpenedBreaker& opened) const {
    return tell(tx, {"postrider.webhook.failing", opened.realm, opened.webhook,
                     members([&](json::Writer& writer) {
                         writer.member("since", format_rfc3339(opened.since));
                         writer.key("failure");
                         writer.begin_object();
                         writer.member("outcome", to_string(opened.outcome));
                         if (opened.status != 0) {
                             writer.member("status", opened.status);
                         } else {
                             writer.member_null("status");
                         }
                         writer.member("detail", opened.detail);
                         writer.end_object();
                         writer.member("next_attempt_at", format_rfc3339(opened.next_attempt_at));
                     })});
}

Result<void> OperationalEvents::recovered(Transaction& tx, const RealmId& realm,
                                          const WebhookId& webhook, Timestamp failing_since) const {
    return tell(tx,
                {"postrider.webhook.recovered", realm, webhook, members([&](json::Writer& writer) {
                     writer.member("failing_since", format_rfc3339(failing_since));
                 })});
}

Result<void> OperationalEvents::disabled(Transaction& tx, const RealmId& realm,
                                         const WebhookId& webhook, DisabledReason reason) const {
    return tell(
        tx, {"postrider.webhook.disabled", realm, webhook,
             members([&](json::Writer& writer) { writer.member("reason", to_string(reason)); })});
}

Result<void> OperationalEvents::deliveries_failed(Transaction& tx,
                                                  const FailedDeliveries& failed) const {
    FailureNotice more{.realm = failed.realm,
                       .webhook = failed.webhook,
                       .told_at = tx.now(),
                       .since = tx.now(),
                       .untold = failed.count,
                       .holds_too_many = failed.holds_too_many,
                       .last = last_of(failed)};
    POSTRIDER_ASSIGN(const auto known, notices::find(tx.sql(), failed.realm, failed.webhook));
    if (!known) {
        POSTRIDER_TRY(notices::begin(tx, failed.realm, failed.webhook, tx.now()));
        return tell(tx,
                    {"postrider.delivery.failed", failed.realm, failed.webhook, members_of(more)});
    }
    POSTRIDER_TRY(notices::add(tx, more));
    // One that is told later than now is of a clock that was wrong.
    const Duration since_told = tx.now() - known->told_at;
    if (since_told >= Duration{0} && since_told < limits::failure_notice_interval) return {};
    POSTRIDER_ASSIGN(const auto now, notices::find(tx.sql(), failed.realm, failed.webhook));
    if (!now) return {};
    POSTRIDER_ASSIGN(const bool is_told, notices::tell(tx, *now, tx.now()));
    if (!is_told) return {};  // another transaction tells it
    return tell(tx, {"postrider.delivery.failed", now->realm, now->webhook, members_of(*now)});
}

Result<bool> OperationalEvents::tell_rest(Transaction& tx) const {
    const Timestamp before = tx.now() - limits::failure_notice_interval;
    POSTRIDER_ASSIGN(auto due, notices::older(tx.sql(), before, limits::failure_notices_at_once));
    if (due.unreadable > 0) {
        // They stay in the list, and must not hide those after them.
        POSTRIDER_ASSIGN(due, notices::older(tx.sql(), before, limits::webhooks_per_realm_max));
    }
    const bool is_more = due.read() >= limits::failure_notices_at_once;
    if (due.size() > limits::failure_notices_at_once) due.resize(limits::failure_notices_at_once);
    for (const FailureNotice& notice : due) {
        if (notice.untold == 0) {
            POSTRIDER_TRY(notices::end(tx, notice));
            continue;
        }
        POSTRIDER_ASSIGN(const bool is_told, notices::tell(tx, notice, tx.now()));
        if (!is_told) continue;
        POSTRIDER_TRY(tell(
            tx, {"postrider.delivery.failed", notice.realm, notice.webhook, members_of(notice)}));
    }
    return is_more && !due.empty();
}

}  // namespace postrider::webhooks
