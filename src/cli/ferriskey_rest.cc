// What a realm of FerrisKey's has and cannot bring: counted and named, also what later versions
// add.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/ferriskey.h"

namespace postrider::cli::ferriskey {
namespace {

struct Named {
    std::string_view table;
    std::string_view what;
};
/// Words for the tables of August 2026; others are called by their own names.
constexpr std::array named{
    Named{"identity_providers", "identity providers"},
    Named{"identity_provider_links", "users' accounts at identity providers"},
    Named{"client_scopes", "client scopes"},
    Named{"client_scope_mappings", "clients' scopes"},
    Named{"client_web_origins", "web origins of clients"},
    Named{"post_logout_redirect_uris", "redirect URIs after a logout"},
    Named{"client_maintenance_whitelist", "exceptions from a client's maintenance"},
    Named{"realm_maintenance_whitelist", "exceptions from maintenance"},
    Named{"organizations", "organizations, with their members, groups and roles"},
    Named{"organization_members", "memberships in organizations"},
    Named{"organization_group_members", "memberships in groups of organizations"},
    Named{"user_federation_providers", "user federation"},
    Named{"user_federation_mappings", "users of a federated directory"},
    Named{"smtp_configs", "the SMTP server"},
    Named{"password_policy", "the password policy"},
    Named{"email_templates", "e-mail templates"},
    Named{"portal_themes", "portal themes"},
    Named{"portal_layouts", "portal layouts"},
    Named{"compass_flows", "traces of logins"},
    Named{"security_events", "the log of security events"},
    Named{"jwt_keys", "keys of tokens"},
    Named{"realm_settings", "settings of logins, tokens and the portal"}};

/// Tables of which all is read, and those of what is under way: everybody logs in once more.
constexpr std::string_view not_named =
    "'realms', 'clients', 'redirect_uris', 'roles', 'users', 'user_role', 'user_attributes', "
    "'user_required_actions', 'credentials', 'webhooks', 'webhook_subscribers', "
    "'access_tokens', 'auth_sessions', 'broker_auth_sessions', 'device_auth_sessions', "
    "'refresh_tokens', 'user_sessions', 'login_action_tokens', 'magic_links', "
    "'otp_enrollments', 'password_reset_tokens', 'email_verification_tokens'";

/// Columns that are read, or say when something was written, by table.
struct Read {
    std::string_view table;
    std::string_view columns;
    std::string_view realm;  ///< the column that has the realm's id
};
constexpr std::array read_columns{
    Read{"realms", "'id', 'name', 'display_name', 'created_at', 'updated_at'", "id"},
    // Who has a service account has a role in it; whether it is a client of OpenID Connect is asked
    // below, by `protocol`.
    Read{"clients",
         "'id', 'realm_id', 'name', 'client_id', 'secret', 'enabled', 'public_client', "
         "'client_type', 'service_account_enabled', 'created_at', 'updated_at'",
         "realm_id"},
    Read{"roles",
         "'id', 'realm_id', 'client_id', 'name', 'description', 'permissions', 'created_at', "
         "'updated_at'",
         "realm_id"},
    Read{"users",
         "'id', 'realm_id', 'client_id', 'username', 'firstname', 'lastname', 'email', "
         "'email_verified', 'enabled', 'created_at', 'updated_at'",
         "realm_id"},
    Read{"webhooks",
         "'id', 'realm_id', 'endpoint', 'name', 'description', 'headers', 'secret', 'created_at', "
         "'updated_at', 'triggered_at', 'last_delivery_status', 'last_delivery_error'",
         "realm_id"}};

}  // namespace

/// The id comes from the database's own column of type uuid.
Result<void> Database::name_the_rest(const std::string& id, Realm& realm) {
    // What has a realm, or is a client's or a user's. Views and what may not be read are left.
    const auto query = fmt::format(
        "SELECT json_agg(json_build_array(t.relname, t.owner, quote_ident(t.relname)) "
        "ORDER BY t.relname)::text FROM "
        "(SELECT c.relname::text AS relname, (SELECT a.attname::text FROM pg_attribute a "
        "WHERE a.attrelid = c.oid AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped "
        "AND a.attname IN ('realm_id', 'client_id', 'user_id') "
        "ORDER BY a.attname <> 'realm_id', a.attname LIMIT 1) AS owner FROM pg_class c "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = (SELECT "
        "relnamespace FROM pg_class "
        "WHERE oid = to_regclass('realms')) AND c.relname NOT IN ({}) "
        "AND has_table_privilege(c.oid, 'SELECT')) t WHERE t.owner IS NOT NULL",
        not_named);
    POSTRIDER_ASSIGN(const auto found, connection_->value(query));
    const auto tables = json::parse(found.value_or("[]")).value_or(json::Value(json::Array{}));
    for (const json::Value& each : *tables.as_array()) {
        const json::Array& one = *each.as_array();
        const std::string& table = *one[0].as_string();
        const std::string& owner = *one[1].as_string();
        const auto where = owner == "realm_id"
                               ? fmt::format("realm_id = '{}'", id)
                               : fmt::format("{} IN (SELECT id FROM {} WHERE realm_id = '{}')",
                                             owner, owner == "client_id" ? "clients" : "users", id);
        POSTRIDER_ASSIGN(const auto count,
                         connection_->value(fmt::format("SELECT count(*)::text FROM {} WHERE {}",
                                                        *one[2].as_string(), where)));
        if (!count || *count == "0") continue;
        const auto known = std::ranges::find(named, table, &Named::table);
        realm.report.left_out("what a realm has there and not here",
                              fmt::format("{} ({})",
                                          known == named.end() ? fmt::format("the table {}", table)
                                                               : std::string(known->what),
                                          *count));
    }
    return name_columns(id, realm.report);
}

/// Columns of the tables that are read, where somebody has set one of them.
Result<void> Database::name_columns(const std::string& id, ImportReport& report) {
    for (const Read& each : read_columns) {
        POSTRIDER_ASSIGN(
            const auto found,
            connection_->value(fmt::format(
                "SELECT string_agg(key || ' (' || n || ')', ', ' ORDER BY key) FROM (SELECT m.key, "
                "count(*) AS n FROM {0} t, jsonb_each_text(to_jsonb(t)) m WHERE t.{1} = '{2}' AND "
                "m.key NOT IN ({3}) AND m.value IS NOT NULL AND m.value NOT IN ('', '0', 'false', "
                "'openid-connect', '[]', '{{}}') GROUP BY m.key) c",
                each.table, each.realm, id, each.columns)));
        if (found) {
            report.left_out("columns that have no counterpart here, and how many have them set",
                            fmt::format("{}: {}", each.table, *found));
        }
    }
    return {};
}

}  // namespace postrider::cli::ferriskey
