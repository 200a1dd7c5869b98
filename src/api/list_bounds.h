#pragma once

#include "base/json_bounds.h"
#include "model/limits.h"

namespace postrider::api {

/// How long the lists in a body may be: reading ends at the first element too many, with 422.
/// What else holds of them is for who reads the resource.
namespace bounds {
inline constexpr json::Bound webhook[] = {
    {"events", limits::webhook_events_count_max},
    {"headers", 2 * limits::webhook_headers_count_max},  // a PATCH may take as many away
    {"retry_schedule", limits::retry_schedule_entries_max},
};
inline constexpr json::Bound permissions[] = {{"permissions", limits::field_errors_max}};
inline constexpr json::Bound ids[] = {{"ids", limits::bulk_delete_users_max}};
inline constexpr json::Bound client[] = {
    {"service_account_roles", limits::service_account_roles_max},
};
inline constexpr json::Bound settings[] = {
    {"retry_schedule", limits::retry_schedule_entries_max},
    {"allowed_networks", limits::allowed_networks_max},
};
inline constexpr json::Bound import_part[] = {
    {"roles", limits::import_entries_max},
    {"clients", limits::import_entries_max},
    {"service_accounts", limits::import_entries_max},
    {"users", limits::import_entries_max},
};
}  // namespace bounds

}  // namespace postrider::api
