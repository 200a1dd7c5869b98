#include "directory/oauth_tokens.h"

#include "audit/record.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "directory/authority.h"
#include "directory/client.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

constexpr std::string_view prefix = "pra_";

Actor actor_of(const RealmId& realm, const ClientId& client) {
    return {"client", client.to_string(), realm};
}

}  // namespace

AccessToken make_access_token(Random& random) {
    AccessToken token;
    token.text = std::string(prefix) + base64url_encode(random.bytes(limits::oauth_token_bytes));
    token.hash = sha256(token.text);
    return token;
}

bool is_access_token(std::string_view text) { return text.starts_with(prefix); }

Result<std::optional<store::ClientRow>> authenticate_client(store::sql::Connection& sql,
                                                            const RealmId& realm,
                                                            std::string_view client_id,
                                                            std::string_view secret) {
    POSTRIDER_ASSIGN(auto client, store::clients_table::find_by_client_id(sql, realm, client_id));
    const std::string hash = sha256(secret);
    if (!client || !client->enabled || client->type != confidential_client ||
        client->secret_hash.size() != hash.size() ||
        !equal_in_constant_time(client->secret_hash, hash)) {
        return std::nullopt;
    }
    return client;
}

std::optional<access::PermissionSet> parse_scope(std::string_view scope) {
    access::PermissionSet set;
    bool is_empty = true;
    while (!scope.empty()) {
        const auto word = scope.substr(0, scope.find(' '));
        scope.remove_prefix(std::min(word.size() + 1, scope.size()));
        if (word.empty()) continue;
        const auto permission = access::parse_permission(word);
        if (!permission) return std::nullopt;
        set.add(*permission);
        is_empty = false;
    }
    return is_empty ? access::PermissionSet::all() : set;
}

std::string format_scope(const access::PermissionSet& permissions) {
    std::string scope;
    for (const access::Permission permission : access::all_permissions()) {
        if (!permissions.has(permission)) continue;
        if (!scope.empty()) scope += ' ';
        scope += to_string(permission);
    }
    return scope;
}

Result<store::OauthTokenRow> issue_token(store::Transaction& tx, const store::ClientRow& client,
                                         const AccessToken& token, const std::string& scope) {
    POSTRIDER_ASSIGN(const auto now, store::clients_table::find(tx.sql(), client.realm, client.id));
    if (!now || !now->enabled || now->secret_hash != client.secret_hash) {
        return fail(ErrorCode::unauthenticated, "the client's secret has changed meanwhile");
    }
    store::OauthTokenRow row{.realm = client.realm,
                             .id = tx.mint_id<OauthTokenId>(),
                             .client = client.id,
                             .hash = token.hash,
                             .scope = scope,
                             .created_at = tx.now(),
                             .expires_at = tx.now() + limits::oauth_token_lifetime};
    POSTRIDER_TRY(store::oauth_tokens_table::insert(tx, row));
    POSTRIDER_TRY(audit::record(
        tx, actor_of(row.realm, row.client),
        {.realm = row.realm, .action = "oauth_token.create", .resource_id = row.id.to_string()}));
    return row;
}

Result<void> revoke_token(store::Transaction& tx, const store::OauthTokenRow& row) {
    POSTRIDER_ASSIGN(const bool was_there,
                     store::oauth_tokens_table::remove(tx, row.realm, row.id));
    if (!was_there) return {};
    return audit::record(
        tx, actor_of(row.realm, row.client),
        {.realm = row.realm, .action = "oauth_token.revoke", .resource_id = row.id.to_string()});
}

Result<LiveToken> find_token(store::sql::Connection& sql, std::string_view text, Timestamp now,
                             const RealmId& master) {
    POSTRIDER_ASSIGN(auto row, store::oauth_tokens_table::find_by_hash(sql, sha256(text)));
    const auto none = [] { return fail(ErrorCode::not_found, "no such token is in force"); };
    if (!row || row->expires_at <= now) return none();
    POSTRIDER_ASSIGN(const auto realm, store::realms_table::find(sql, row->realm));
    POSTRIDER_ASSIGN(auto client, store::clients_table::find(sql, row->realm, row->client));
    if (!realm || !client || !client->enabled) return none();
    POSTRIDER_ASSIGN(const auto granted,
                     store::service_account_roles_table::permissions(sql, row->realm, row->client));
    const auto scope = parse_scope(row->scope).value_or(access::PermissionSet{});
    const auto all = union_of(granted);
    access::SharedPrincipal principal(
        access::Principal{.kind = access::Principal::Kind::client,
                          .id = client->id.uuid,
                          .name = client->client_id,
                          .realm = row->realm,
                          .of_master = row->realm == master,
                          .permissions = all.without(all.without(scope)),
                          .expires_at = row->expires_at});
    return LiveToken{std::move(principal), std::move(*row), std::move(*client)};
}

}  // namespace postrider::directory
