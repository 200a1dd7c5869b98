#pragma once

#include <optional>
#include <string>

#include "access/principal.h"
#include "base/random.h"
#include "base/result.h"
#include "store/rows.h"
#include "store/store.h"

/// Access tokens that clients get by their secret (OAuth 2, client_credentials). What a token may
/// do are the roles of its client's service account at the time of use, less what its scope leaves
/// out. Source: RFC 6749, section 4.4.
namespace postrider::directory {

struct AccessToken {
    std::string text;  ///< "pra_…"
    std::string hash;  ///< SHA-256, 32 raw bytes
};
AccessToken make_access_token(Random& random);
bool is_access_token(std::string_view text);

/// The client that has this id and secret. nullopt: unknown, public, disabled, or another secret.
Result<std::optional<store::ClientRow>> authenticate_client(store::sql::Connection& sql,
                                                            const RealmId& realm,
                                                            std::string_view client_id,
                                                            std::string_view secret);

/// The permissions that a scope names, all of them when it is empty; nullopt: it names another.
std::optional<access::PermissionSet> parse_scope(std::string_view scope);
std::string format_scope(const access::PermissionSet& permissions);

/// Writer's thread. Errors: unauthenticated (the client has lost its secret meanwhile).
Result<store::OauthTokenRow> issue_token(store::Transaction& tx, const store::ClientRow& client,
                                         const AccessToken& token, const std::string& scope);
/// Writer's thread. Nothing happens when the token is gone already.
Result<void> revoke_token(store::Transaction& tx, const store::OauthTokenRow& row);

/// A token that is in force, and whoever acts by it.
struct LiveToken {
    access::SharedPrincipal principal;
    store::OauthTokenRow row;
    store::ClientRow client;
};
/// Errors: not_found (no such token is in force).
Result<LiveToken> find_token(store::sql::Connection& sql, std::string_view text, Timestamp now,
                             const RealmId& master);

}  // namespace postrider::directory
