#include "directory/reset_mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "directory/fields.h"
#include "directory/users.h"
#include "events/catalogue.h"
#include "store/tables.h"
#include "webhooks/webhook.h"

namespace postrider::directory {

namespace {

constexpr std::string_view reset_event = "auth.reset_password";

vault::Place place_of(const RealmId& realm, const DeliveryId& delivery) {
    return {realm, delivery.uuid, vault::columns::sealed_reset};
}

}  // namespace

Result<bool> ResetMail::may_go(store::sql::Connection& sql, const RealmId& realm,
                               const WebhookId& webhook, const UserId& user) const {
    POSTRIDER_ASSIGN(const auto row, store::realms_table::find(sql, realm));
    if (!row) return false;
    POSTRIDER_ASSIGN(const auto settings, settings_of(*row, defaults_));
    const auto& chosen = settings.password_reset_webhook;
    if (!chosen || chosen->id != webhook) return false;
    POSTRIDER_ASSIGN(const auto lists, store::user_roles_table::permissions(sql, realm, user));
    return chosen->set_by.has_all(union_of(lists));
}

Result<void> ResetMail::keep(store::Transaction& tx, const Issued& issued) const {
    const RealmId& realm = issued.user.realm;
    POSTRIDER_ASSIGN(const auto row, require_realm(tx.sql(), realm));
    POSTRIDER_ASSIGN(const auto settings, settings_of(row, defaults_));
    if (!settings.password_reset_webhook) return {};
    const WebhookId webhook = settings.password_reset_webhook->id;
    POSTRIDER_ASSIGN(const bool may, may_go(tx.sql(), realm, webhook, issued.user.id));
    if (!may) return {};
    const store::DeliveryFilter filter{
        .webhook = webhook, .event = issued.event, .state = std::nullopt, .event_type = {}};
    POSTRIDER_ASSIGN(const auto deliveries,
                     store::deliveries_table::list(tx.sql(), realm, filter, std::nullopt, 1));
    if (deliveries.empty()) return {};
    const DeliveryId delivery = deliveries.front().row.id;
    return store::sealed_resets_table::insert(
        tx, {.realm = realm,
             .delivery = delivery,
             .webhook = webhook,
             .user = issued.user.id,
             .hash = issued.token.hash,
             .sealed = vault_.seal(place_of(realm, delivery), issued.token.text),
             .expires_at = issued.expires_at});
}

Result<std::string> ResetMail::token_of(store::sql::Connection& sql,
                                        const store::DeliveryRow& delivery, Timestamp now) const {
    if (delivery.test || delivery.by_hand) return std::string();
    POSTRIDER_ASSIGN(const auto kept,
                     store::sealed_resets_table::find(sql, delivery.realm, delivery.id));
    if (!kept || kept->webhook != delivery.webhook || kept->expires_at <= now) return std::string();
    POSTRIDER_ASSIGN(const auto reset,
                     store::password_resets_table::find(sql, delivery.realm, kept->hash));
    if (!reset || reset->voided_at || reset->expires_at <= now) return std::string();
    POSTRIDER_ASSIGN(const bool may, may_go(sql, delivery.realm, kept->webhook, kept->user));
    if (!may) return std::string();
    return vault_.open(place_of(delivery.realm, delivery.id), kept->sealed);
}

Result<void> check_reset_webhook(store::sql::Connection& sql, const Caller& caller,
                                 const RealmId& realm, const ResetWebhook& wanted) {
    if (!caller.held.has(access::Permission::manage_users)) {
        return fail(ErrorCode::permission_denied,
                    "whoever gets reset tokens can set passwords: password_reset_webhook needs the "
                    "permission manage_users too");
    }
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, wanted.id));
    if (!row || row->deleted_at) {
        return fail_field(
            "#/password_reset_webhook",
            fmt::format("there is no webhook \"{}\" in this realm", wanted.id.to_string()));
    }
    POSTRIDER_ASSIGN(const auto patterns, webhooks::parse_words(row->events));
    if (events::matches_any(patterns, reset_event)) return {};
    return fail_field(
        "#/password_reset_webhook",
        fmt::format("the webhook does not get {}: add it to its events first", reset_event));
}

}  // namespace postrider::directory
