#include "api/operations.h"

#include <array>

#include "base/check.h"

namespace postrider::api {

namespace {

using enum access::Permission;

constexpr auto open = Need::Kind::nothing;
constexpr auto any_token = Need::Kind::any_token;

constexpr std::array operations_table = std::to_array<Operation>({
    // server
    {"get_health", open},
    {"get_readiness", open},
    {"get_docs", open},
    {"get_console", open},
    {"get_console_page", open},
    {"get_console_asset", open},
    {"get_metrics", view_metrics},
    // events
    {"publish_event", publish_events},
    {"publish_events", publish_events},
    {"list_events", view_events},
    {"get_event", view_events},
    {"explain_event", view_events},
    // event types
    {"list_built_in_event_types", any_token},
    {"list_event_types", view_webhooks},
    {"create_event_type", manage_webhooks},
    {"get_event_type", view_webhooks},
    {"replace_event_type", manage_webhooks},
    {"delete_event_type", manage_webhooks},
    // webhooks
    {"create_webhook", manage_webhooks},
    {"list_webhooks", view_webhooks},
    {"check_webhook_url", manage_webhooks},
    {"get_webhook", view_webhooks},
    {"replace_webhook", manage_webhooks},
    {"update_webhook", manage_webhooks},
    {"delete_webhook", manage_webhooks},
    {"test_webhook", redeliver},
    {"get_webhook_secret", reveal_secrets},
    {"rotate_webhook_secret", manage_webhooks},
    {"recover_webhook", redeliver},
    // deliveries
    {"list_webhook_deliveries", view_events},
    {"list_deliveries", view_events},
    {"get_delivery", view_events},
    {"redeliver", redeliver},
    // operations
    {"list_operations", view_events},
    {"get_operation", view_events},
    {"cancel_operation", redeliver},
    // realms
    {"create_realm", manage_realms},
    {"list_realms", view_realms},
    {"get_realm", view_realms},
    {"update_realm", manage_realms},
});

}  // namespace

std::string_view to_string(Need need) {
    switch (need.kind) {
        case Need::Kind::nothing:
            return "open";
        case Need::Kind::any_token:
            return "any token";
        case Need::Kind::permission:
            return access::to_string(need.permission);
    }
    return {};
}

std::span<const Operation> operations() { return operations_table; }

const Operation& operation(std::string_view id) {
    for (const Operation& row : operations_table) {
        if (row.id == id) return row;
    }
    CHECK(!"an operationId without a row in operations.cc");
    return operations_table.front();
}

}  // namespace postrider::api
