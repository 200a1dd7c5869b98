// Whether a database is FerrisKey's, of a version that is known, and may be read.
#include <fmt/format.h>

#include "cli/ferriskey.h"

namespace postrider::cli::ferriskey {
namespace {

/// The columns that are read and were there when webhooks came to FerrisKey (July 2025). What came
/// later (a secret, headers and names of webhooks, attributes of users, temporary passwords, names
/// of realms to show) is read where it is.
constexpr const char* needed_columns =
    "('realms', 'id'), ('realms', 'name'), ('users', 'id'), "
    "('users', 'realm_id'), ('users', 'client_id'), ('users', 'username'), "
    "('users', 'firstname'), ('users', 'lastname'), ('users', 'email'), "
    "('users', 'email_verified'), ('users', 'enabled'), ('users', 'created_at'), "
    "('credentials', 'user_id'), ('credentials', 'credential_type'), "
    "('credentials', 'secret_data'), ('credentials', 'created_at'), ('roles', 'id'), "
    "('roles', 'name'), ('roles', 'description'), ('roles', 'permissions'), "
    "('roles', 'realm_id'), ('roles', 'client_id'), ('user_role', 'user_id'), "
    "('user_role', 'role_id'), ('clients', 'id'), ('clients', 'realm_id'), ('clients', 'name'), "
    "('clients', 'client_id'), ('clients', 'secret'), ('clients', 'enabled'), "
    "('clients', 'public_client'), ('redirect_uris', 'client_id'), ('redirect_uris', 'value'), "
    "('redirect_uris', 'enabled'), ('user_required_actions', 'user_id'), "
    "('user_required_actions', 'action'), ('webhooks', 'id'), ('webhooks', 'realm_id'), "
    "('webhooks', 'endpoint'), ('webhook_subscribers', 'webhook_id'), "
    "('webhook_subscribers', 'name')";

std::unexpected<Error> refuse(std::string sentence) {
    return fail(ErrorCode::unavailable, std::move(sentence));
}

}  // namespace

Result<void> Database::check_tables() {
    POSTRIDER_ASSIGN(const auto has_realms,
                     connection_->value("SELECT to_regclass('webhook_subscribers')::text"));
    if (!has_realms) {
        return refuse(
            fmt::format("the database {} has no table webhook_subscribers, so it is not "
                        "FerrisKey's; name FerrisKey's own database, such as "
                        "postgresql://reader@host/ferriskey",
                        place()));
    }
    POSTRIDER_ASSIGN(
        const auto missing,
        connection_->value(fmt::format(
            "SELECT string_agg(t || '.' || c, ', ') FROM (VALUES {}) AS needed(t, c) WHERE NOT "
            "EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(t) AND attname = c "
            "AND NOT attisdropped)",
            needed_columns)));
    if (missing) {
        return refuse(
            fmt::format("the database {} is of a FerrisKey whose tables are not known here: it "
                        "lacks {}; those of July 2025 to August 2026 (FerrisKey 0.7) are known",
                        place(), *missing));
    }
    POSTRIDER_ASSIGN(
        const auto closed,
        connection_->value(fmt::format(
            "SELECT string_agg(DISTINCT t, ', ') FROM (VALUES {}, ('user_attributes', '')) AS "
            "needed(t, c) WHERE NOT has_table_privilege(to_regclass(t), 'SELECT')",
            needed_columns)));
    if (!closed) return check_rows();
    return refuse(
        fmt::format("the role {0} may not read {1} of {2}; run there, as the tables' "
                    "owner: GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{0}\"",
                    connection_->user(), *closed, place()));
}

/// Where a policy hides rows, users would be missing without a word.
Result<void> Database::check_rows() {
    POSTRIDER_ASSIGN(
        const auto hidden,
        connection_->value(fmt::format("SELECT string_agg(DISTINCT t, ', ') FROM (VALUES {}) AS "
                                       "needed(t, c) WHERE row_security_active(to_regclass(t))",
                                       needed_columns)));
    if (!hidden) return {};
    return refuse(
        fmt::format("a policy may hide rows of {1} of {2} from the role {0}; run there, as a "
                    "superuser: ALTER ROLE \"{0}\" BYPASSRLS",
                    connection_->user(), *hidden, place()));
}

}  // namespace postrider::cli::ferriskey
