// FerrisKey's permissions and triggers in our words.
#include <algorithm>
#include <array>
#include <initializer_list>

#include "cli/ferriskey.h"

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

/// The catalogue's 27 (docs, events/catalogue).
constexpr std::array<std::string_view, 27> triggers{"user.created",
                                                    "user.updated",
                                                    "user.deleted",
                                                    "user.role.assigned",
                                                    "user.role.unassigned",
                                                    "user.bulk_deleted",
                                                    "user.credentials.deleted",
                                                    "auth.reset_password",
                                                    "client.created",
                                                    "client.updated",
                                                    "client.deleted",
                                                    "client.role.created",
                                                    "client.role.updated",
                                                    "redirect_uri.created",
                                                    "redirect_uri.updated",
                                                    "redirect_uri.deleted",
                                                    "role.created",
                                                    "role.updated",
                                                    "role.deleted",
                                                    "role.permission.updated",
                                                    "realm.created",
                                                    "realm.updated",
                                                    "realm.deleted",
                                                    "realm.settings.updated",
                                                    "webhook.created",
                                                    "webhook.updated",
                                                    "webhook.deleted"};

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
    return std::ranges::find(triggers, trigger) != triggers.end();
}

}  // namespace postrider::cli::ferriskey
