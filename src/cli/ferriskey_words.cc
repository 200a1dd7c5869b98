// FerrisKey's permissions and triggers in our words.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "cli/ferriskey.h"
#include "events/catalogue.h"

namespace postrider::cli::ferriskey {
namespace {

struct Permission {
    const char* name;  ///< FerrisKey's; its place in the table is its bit
    std::initializer_list<const char*> ours;
};

/// A permission to manage lets its holder look, too. Bits are persistent there.
const std::array<Permission, 27>& permissions() {
    static const std::array<Permission, 27> table{{
        {"create_client", {"manage_clients", "view_clients"}},
        {"manage_authorization", {}},
        {"manage_clients", {"manage_clients", "view_clients"}},
        {"manage_events", {}},
        {"manage_identity_providers", {}},
        {"manage_realm", {"manage_realms", "view_realms"}},
        {"manage_users", {"manage_users", "view_users"}},
        {"manage_roles", {"manage_roles", "view_roles"}},
        {"query_clients", {"view_clients"}},
        {"query_groups", {}},
        {"query_realms", {"view_realms"}},
        {"query_users", {"view_users"}},
        {"view_authorization", {}},
        {"view_clients", {"view_clients"}},
        {"view_events", {"view_events"}},
        {"view_identity_providers", {}},
        {"view_realm", {"view_realms"}},
        {"view_users", {"view_users"}},
        {"view_roles", {"view_roles"}},
        {"manage_webhooks", {"manage_webhooks", "view_webhooks"}},
        {"query_webhooks", {"view_webhooks"}},
        {"view_webhooks", {"view_webhooks"}},
        {"manage_client_scopes", {}},
        {"query_client_scopes", {}},
        {"view_client_scopes", {}},
        {"manage_email_templates", {}},
        {"view_email_templates", {}},
    }};
    return table;
}

}  // namespace

json::Array permissions_of(std::uint64_t bits, std::vector<std::string>& left_out) {
    std::vector<std::string_view> ours;
    for (std::size_t bit = 0; bit < 64; ++bit) {
        if ((bits >> bit & 1) == 0) continue;
        if (bit >= permissions().size()) {
            left_out.push_back("bit " + std::to_string(bit));
            continue;
        }
        const Permission& permission = permissions()[bit];
        if (permission.ours.size() == 0) left_out.emplace_back(permission.name);
        for (const char* name : permission.ours) {
            if (std::ranges::find(ours, name) == ours.end()) ours.emplace_back(name);
        }
    }
    json::Array names;
    for (const auto name : ours) names.emplace_back(name);
    return names;
}

bool is_known_trigger(std::string_view trigger) {
    return events::find_built_in(trigger) != nullptr;
}

}  // namespace postrider::cli::ferriskey
