#include "api/operations.h"

#include <array>

#include "base/check.h"

namespace postrider::api {

namespace {

using access::Permission;
using enum access::Permission;

constexpr std::optional<Permission> open = std::nullopt;

constexpr std::array operations_table = std::to_array<Operation>({
    // meta
    {"get_health", open},
    {"get_readiness", open},
    {"get_docs", open},
    {"get_openapi", open},
    {"get_metrics", view_metrics},
    // events
    {"publish_event", publish_events},
    {"publish_batch", publish_events},
    {"list_events", view_events},
    {"get_event", view_events},
    {"explain_event", view_events},
    // event types
    {"list_built_in_event_types", view_events},
    {"list_event_types", view_events},
    {"create_event_type", manage_webhooks},
    {"get_event_type", view_events},
    {"put_event_type", manage_webhooks},
    {"delete_event_type", manage_webhooks},
    // webhooks
    {"create_webhook", manage_webhooks},
    {"list_webhooks", view_webhooks},
    {"get_webhook", view_webhooks},
    {"put_webhook", manage_webhooks},
    {"patch_webhook", manage_webhooks},
    {"delete_webhook", manage_webhooks},
    {"check_webhook_url", manage_webhooks},
    {"test_webhook", redeliver},
    {"get_webhook_secret", reveal_secrets},
    {"rotate_webhook_secret", manage_webhooks},
    {"recover_webhook", redeliver},
    // deliveries
    {"list_webhook_deliveries", view_events},
    {"list_deliveries", view_events},
    {"get_delivery", view_events},
    {"redeliver", access::Permission::redeliver},
    // operations
    {"list_operations", view_events},
    {"get_operation", view_events},
    {"cancel_operation", access::Permission::redeliver},
    // realms
    {"create_realm", manage_realms},
    {"list_realms", view_realms},
    {"get_realm", view_realms},
    {"patch_realm", manage_realms},
});

}  // namespace

std::span<const Operation> operations() { return operations_table; }

const Operation& operation(std::string_view id) {
    for (const Operation& row : operations_table) {
        if (row.id == id) return row;
    }
    CHECK(!"operationId without a row in operations.cc");
    return operations_table.front();
}

}  // namespace postrider::api
