#include "webhooks/release.h"

#include <fmt/format.h>

#include <array>

#include "audit/record.h"
#include "base/json.h"
#include "store/order_table.h"
#include "store/tables.h"

namespace postrider::webhooks {
namespace {

constexpr std::array<std::string_view, 2> names{"retry", "skip"};

}  // namespace

std::string_view to_string(Release how) { return names[static_cast<std::size_t>(how)]; }

std::optional<Release> parse_release(std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == text) return static_cast<Release>(i);
    }
    return std::nullopt;
}

namespace {

/// Returns false for what is out of sight, even if it is not removed yet.
Result<bool> retry(store::Transaction& tx, const RealmId& realm, const DeliveryId& delivery,
                   Timestamp kept_since) {
    POSTRIDER_ASSIGN(const auto view, store::deliveries_table::find(tx.sql(), realm, delivery));
    if (!view) return false;
    POSTRIDER_ASSIGN(const bool is_kept,
                     store::events_table::is_kept(tx.sql(), realm, view->row.event, kept_since));
    if (!is_kept) return false;
    return store::deliveries_table::revive(tx, realm, delivery, tx.now());
}

}  // namespace

Result<DeliveryId> release(store::Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                           const ResourceId& resource, Release how, const Actor& actor,
                           Timestamp kept_since) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, webhook));
    if (!row || row->deleted_at) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no webhook \"{}\"", webhook.to_string()));
    }
    POSTRIDER_ASSIGN(const auto held,
                     store::order_table::find_held(tx.sql(), realm, webhook, resource));
    if (!held) {
        return fail(ErrorCode::not_found,
                    fmt::format("the webhook holds no resource \"{}\"", resource.to_string()));
    }
    if (how == Release::skip) {
        POSTRIDER_TRY(store::order_table::skip_held(tx, realm, webhook, resource));
    } else {
        POSTRIDER_ASSIGN(const bool is_pending, retry(tx, realm, held->delivery, kept_since));
        if (!is_pending) {
            return fail(ErrorCode::conflict,
                        fmt::format("delivery {} is past its retention and cannot be retried: skip "
                                    "it",
                                    held->delivery.to_string()));
        }
    }
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm,
         .action = "webhook.release",
         .resource_id = webhook.to_string(),
         .detail = json::serialize(json::Object{{"how", to_string(how)},
                                                {"resource_id", resource.to_string()},
                                                {"delivery_id", held->delivery.to_string()}})}));
    return held->delivery;
}

}  // namespace postrider::webhooks
