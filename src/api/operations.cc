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
    {"get_docs_file", open},
    {"get_openapi_json", open},
    {"get_openapi_yaml", open},
    {"get_problem_type", open},
    {"get_console", open},
    {"get_console_page", open},
    {"get_set_password_page", open},
    {"get_console_asset", open},
    {"get_metrics", view_metrics},
    // events
    {"publish_event", publish_events},
    {"publish_events", publish_events},
    {"list_events", view_events},
    {"get_event", view_events},
    {"explain_event", view_events},
    {"read_feed", view_events},
    {"list_consumers", view_events},
    {"get_consumer", view_events},
    {"put_consumer", manage_webhooks},
    {"delete_consumer", manage_webhooks},
    {"read_consumer_events", view_events},
    {"commit_consumer", manage_webhooks},
    {"get_stream", view_events},
    {"get_statistics", view_events},
    {"search", any_token},  // finds what the caller may view
    // event types
    {"list_built_in_event_types", any_token},
    {"list_event_types", view_webhooks},
    {"get_asyncapi", view_webhooks},
    {"get_jwks", open},
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
    {"list_held_resources", view_events},
    {"release_resource", redeliver},
    // deliveries
    {"list_webhook_deliveries", view_events},
    {"list_deliveries", view_events},
    {"get_delivery", view_events},
    {"redeliver", redeliver},
    {"attempt_now", redeliver},
    {"retry_deliveries", redeliver},
    // operations
    {"list_operations", view_events},
    {"get_operation", view_events},
    {"cancel_operation", redeliver},
    // realms
    {"create_realm", manage_realms},
    {"list_realms", view_realms},
    {"get_realm", view_realms},
    {"replace_realm", manage_realms},
    {"update_realm", manage_realms},
    {"delete_realm", manage_realms},
    {"get_realm_settings", view_realms},
    {"replace_realm_settings", manage_realms},
    {"update_realm_settings", manage_realms},
    {"import_realm_part", manage_users},
    // access
    {"create_api_key", manage_api_keys},
    {"list_api_keys", view_api_keys},
    {"get_api_key", view_api_keys},
    {"revoke_api_key", manage_api_keys},
    {"list_audit", view_audit},
    {"create_session", open},
    {"get_current_session", any_token},
    {"end_current_session", any_token},
    {"list_sessions", view_users},
    {"get_session", view_users},
    {"end_session", manage_users},
    // OAuth 2
    {"get_oauth_metadata", open},
    {"issue_oauth_token", Need::Kind::client},
    {"introspect_oauth_token", Need::Kind::client},
    {"revoke_oauth_token", Need::Kind::client},
    // users
    {"create_user", manage_users},
    {"list_users", view_users},
    {"bulk_delete_users", manage_users},
    {"get_user", view_users},
    {"replace_user", manage_users},
    {"update_user", manage_users},
    {"delete_user", manage_users},
    {"list_user_roles", view_users},
    {"assign_user_role", manage_users},
    {"unassign_user_role", manage_users},
    {"list_user_api_keys", view_api_keys},
    {"list_user_credentials", view_users},
    {"delete_user_credential", manage_users},
    {"set_user_password", manage_users},
    {"reset_user_password", manage_users},
    {"request_password_reset", open},
    {"complete_password_reset", open},
    // roles
    {"create_role", manage_roles},
    {"list_roles", view_roles},
    {"get_role", view_roles},
    {"replace_role", manage_roles},
    {"update_role", manage_roles},
    {"delete_role", manage_roles},
    {"set_role_permissions", manage_roles},
    // clients
    {"create_client", manage_clients},
    {"list_clients", view_clients},
    {"get_client", view_clients},
    {"replace_client", manage_clients},
    {"update_client", manage_clients},
    {"delete_client", manage_clients},
    {"rotate_client_secret", manage_clients},
    {"create_client_role", manage_clients},
    {"list_client_roles", view_clients},
    {"get_client_role", view_clients},
    {"replace_client_role", manage_clients},
    {"update_client_role", manage_clients},
    {"delete_client_role", manage_clients},
    {"create_redirect_uri", manage_clients},
    {"list_redirect_uris", view_clients},
    {"get_redirect_uri", view_clients},
    {"replace_redirect_uri", manage_clients},
    {"update_redirect_uri", manage_clients},
    {"delete_redirect_uri", manage_clients},
});

}  // namespace

std::string_view to_string(Need need) {
    switch (need.kind) {
        case Need::Kind::nothing:
            return "open";
        case Need::Kind::client:
            return "client";
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
