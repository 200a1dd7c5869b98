// The tables of what lets somebody in: password resets, sessions, OAuth tokens.
#include "model/turn_limits.h"
#include "store/tables.h"

namespace postrider::store {

using sql::Blob;
using sql::Query;

namespace {

template <typename Row, typename Read>
Result<std::optional<Row>> read_one(sql::Rows rows, Read read) {
    std::optional<Row> row;
    if (rows.next()) row = read(rows);
    POSTRIDER_TRY(rows.finish());
    return row;
}

}  // namespace

namespace password_resets_table {

Result<std::optional<PasswordResetRow>> find(sql::Connection& sql, const RealmId& realm,
                                             std::string_view hash) {
    static constexpr Query query{
        "SELECT realm_id, hash, user_id, created_at, expires_at, voided_at, power "
        "FROM password_resets "
        "WHERE realm_id = $1 AND hash = $2"};
    return read_one<PasswordResetRow>(
        sql.rows(query, realm, Blob{hash}), [](const sql::Rows& rows) {
            return PasswordResetRow{.realm = rows.id<RealmId>(0),
                                    .hash = rows.bytes(1),
                                    .user = rows.id<UserId>(2),
                                    .created_at = rows.time(3),
                                    .expires_at = rows.time(4),
                                    .voided_at = rows.optional_time(5),
                                    .power = rows.string(6)};
        });
}

Result<std::vector<Timestamp>> made_since(sql::Connection& sql, const RealmId& realm,
                                          const UserId& user, ResetOrigin origin, Timestamp since) {
    static constexpr Query query{
        "SELECT created_at FROM password_resets WHERE realm_id = $1 AND user_id = $2 "
        "AND created_at >= $3 AND origin = $4 ORDER BY created_at DESC"};
    std::vector<Timestamp> found;
    auto rows = sql.rows(query, realm, user, since, to_string(origin));
    while (rows.next()) found.push_back(rows.time(0));
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const PasswordResetRow& row) {
    static constexpr Query query{
        "INSERT INTO password_resets (realm_id, hash, user_id, created_at, expires_at, voided_at, "
        "origin, power) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, Blob{row.hash}, row.user, row.created_at,
                               row.expires_at, row.voided_at, to_string(row.origin), row.power));
    return {};
}

Result<std::int64_t> void_all(Transaction& tx, const RealmId& realm, const UserId& user,
                              Timestamp at) {
    static constexpr Query query{
        "UPDATE password_resets SET voided_at = $3 "
        "WHERE realm_id = $1 AND user_id = $2 AND voided_at IS NULL"};
    return tx.sql().run(query, realm, user, at);
}

Result<std::int64_t> void_of_strangers(Transaction& tx, const RealmId& realm, const UserId& user,
                                       Timestamp at) {
    static constexpr Query query{
        "UPDATE password_resets SET voided_at = $3 "
        "WHERE realm_id = $1 AND user_id = $2 AND voided_at IS NULL AND origin = $4"};
    return tx.sql().run(query, realm, user, at, to_string(ResetOrigin::stranger));
}

Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM password_resets WHERE (realm_id, hash) IN (SELECT realm_id, hash "
        "FROM password_resets WHERE created_at < $1 LIMIT $2)"};
    return tx.sql().run(query, time, limit);
}

}  // namespace password_resets_table

namespace sealed_resets_table {
namespace {

#define SEALED_RESET_COLUMNS "realm_id, delivery_id, webhook_id, user_id, hash, sealed, expires_at"

SealedResetRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .delivery = rows.id<DeliveryId>(1),
            .webhook = rows.id<WebhookId>(2),
            .user = rows.id<UserId>(3),
            .hash = rows.bytes(4),
            .sealed = rows.bytes(5),
            .expires_at = rows.time(6)};
}

}  // namespace

Result<std::optional<SealedResetRow>> find(sql::Connection& sql, const RealmId& realm,
                                           const DeliveryId& delivery) {
    static constexpr Query query{"SELECT " SEALED_RESET_COLUMNS
                                 " FROM sealed_resets WHERE realm_id = $1 AND delivery_id = $2"};
    return read_one<SealedResetRow>(sql.rows(query, realm, delivery), read_row);
}

Result<std::vector<SealedResetRow>> all(sql::Connection& sql) {
    static constexpr Query query{"SELECT " SEALED_RESET_COLUMNS " FROM sealed_resets"};
    std::vector<SealedResetRow> found;
    auto rows = sql.rows(query);
    while (rows.next()) found.push_back(read_row(rows));
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> update_sealed(Transaction& tx, const SealedResetRow& row) {
    static constexpr Query query{
        "UPDATE sealed_resets SET sealed = $3 WHERE realm_id = $1 AND delivery_id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.delivery, Blob{row.sealed}));
    return {};
}

Result<void> insert(Transaction& tx, const SealedResetRow& row) {
    static constexpr Query query{
        "INSERT INTO sealed_resets (realm_id, delivery_id, webhook_id, user_id, hash, sealed, "
        "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.delivery, row.webhook, row.user,
                               Blob{row.hash}, Blob{row.sealed}, row.expires_at));
    return {};
}

Result<std::int64_t> remove_void(Transaction& tx, const RealmId& realm, const UserId& user) {
    static constexpr Query query{
        "DELETE FROM sealed_resets WHERE realm_id = $1 AND user_id = $2 AND NOT EXISTS "
        "(SELECT 1 FROM password_resets r WHERE r.realm_id = sealed_resets.realm_id "
        "AND r.hash = sealed_resets.hash AND r.voided_at IS NULL)"};
    return tx.sql().run(query, realm, user);
}

Result<std::int64_t> remove_of_webhook(Transaction& tx, const RealmId& realm,
                                       const WebhookId& webhook) {
    static constexpr Query query{
        "DELETE FROM sealed_resets WHERE realm_id = $1 AND webhook_id = $2"};
    return tx.sql().run(query, realm, webhook);
}

Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM sealed_resets WHERE (realm_id, delivery_id) IN (SELECT realm_id, delivery_id "
        "FROM sealed_resets WHERE expires_at < $1 LIMIT $2)"};
    return tx.sql().run(query, time, limit);
}

}  // namespace sealed_resets_table

namespace sessions_table {
namespace {

#define SESSION_COLUMNS \
    "realm_id, id, user_id, hash, user_agent, address, created_at, expires_at, last_used_at"

SessionRow read_row(const sql::Rows& rows) {
    return {.realm = rows.id<RealmId>(0),
            .id = rows.id<SessionId>(1),
            .user = rows.id<UserId>(2),
            .hash = rows.bytes(3),
            .user_agent = rows.string(4),
            .address = rows.string(5),
            .created_at = rows.time(6),
            .expires_at = rows.time(7),
            .last_used_at = rows.time(8)};
}

}  // namespace

Result<std::optional<SessionRow>> find_by_hash(sql::Connection& sql, std::string_view hash) {
    static constexpr Query query{"SELECT " SESSION_COLUMNS " FROM sessions WHERE hash = $1"};
    return read_one<SessionRow>(sql.rows(query, Blob{hash}), read_row);
}

Result<std::optional<SessionRow>> find(sql::Connection& sql, const RealmId& realm,
                                       const SessionId& id) {
    static constexpr Query query{"SELECT " SESSION_COLUMNS
                                 " FROM sessions WHERE realm_id = $1 AND id = $2"};
    return read_one<SessionRow>(sql.rows(query, realm, id), read_row);
}

Result<List<SessionRow>> list(sql::Connection& sql, const RealmId& realm,
                              std::optional<UserId> user, std::optional<SessionId> before,
                              std::size_t limit) {
    static constexpr Query of_realm{"SELECT " SESSION_COLUMNS
                                    " FROM sessions WHERE realm_id = $1 "
                                    "AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"};
    static constexpr Query of_user{"SELECT " SESSION_COLUMNS
                                   " FROM sessions WHERE realm_id = $1 AND user_id = $2 "
                                   "AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"};
    List<SessionRow> found;
    auto rows = user ? sql.rows(of_user, realm, *user, before, limit)
                     : sql.rows(of_realm, realm, before, limit);
    while (rows.next()) take(rows, found, read_row);
    POSTRIDER_TRY(rows.finish());
    return found;
}

Result<void> insert(Transaction& tx, const SessionRow& row) {
    static constexpr Query query{"INSERT INTO sessions (" SESSION_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.user, Blob{row.hash}, row.user_agent,
                               row.address, row.created_at, row.expires_at, row.last_used_at));
    return {};
}

Result<void> touch(Transaction& tx, const RealmId& realm, const SessionId& id, Timestamp used_at,
                   Timestamp expires_at) {
    static constexpr Query query{
        "UPDATE sessions SET last_used_at = $3, expires_at = $4 WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_TRY(tx.sql().run(query, realm, id, used_at, expires_at));
    return {};
}

Result<bool> remove(Transaction& tx, const RealmId& realm, const SessionId& id) {
    static constexpr Query query{"DELETE FROM sessions WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(query, realm, id));
    return removed > 0;
}

Result<std::int64_t> remove_of_user(Transaction& tx, const RealmId& realm, const UserId& user) {
    static constexpr Query query{"DELETE FROM sessions WHERE realm_id = $1 AND user_id = $2"};
    return tx.sql().run(query, realm, user);
}

Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM sessions WHERE (realm_id, id) IN (SELECT realm_id, id FROM sessions "
        "WHERE expires_at < $1 LIMIT $2)"};
    return tx.sql().run(query, time, limit);
}

}  // namespace sessions_table

namespace oauth_tokens_table {
namespace {

#define TOKEN_COLUMNS "realm_id, id, client_id, hash, scope, created_at, expires_at"

}  // namespace

Result<std::optional<OauthTokenRow>> find_by_hash(sql::Connection& sql, std::string_view hash) {
    static constexpr Query query{
        "SELECT " TOKEN_COLUMNS
        " FROM oauth_tokens t WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM clients c "
        "WHERE c.realm_id = t.realm_id AND c.id = t.client_id AND c.tokens_after >= t.id)"};
    return read_one<OauthTokenRow>(sql.rows(query, Blob{hash}), [](const sql::Rows& rows) {
        return OauthTokenRow{.realm = rows.id<RealmId>(0),
                             .id = rows.id<OauthTokenId>(1),
                             .client = rows.id<ClientId>(2),
                             .hash = rows.bytes(3),
                             .scope = rows.string(4),
                             .created_at = rows.time(5),
                             .expires_at = rows.time(6)};
    });
}

Result<void> insert(Transaction& tx, const OauthTokenRow& row) {
    static constexpr Query query{"INSERT INTO oauth_tokens (" TOKEN_COLUMNS
                                 ") VALUES ($1, $2, $3, $4, $5, $6, $7)"};
    POSTRIDER_TRY(tx.sql().run(query, row.realm, row.id, row.client, Blob{row.hash}, row.scope,
                               row.created_at, row.expires_at));
    return {};
}

Result<bool> remove(Transaction& tx, const RealmId& realm, const OauthTokenId& id) {
    static constexpr Query query{"DELETE FROM oauth_tokens WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const auto removed, tx.sql().run(query, realm, id));
    return removed > 0;
}

/// A client may have had millions: the latest go at once, and those before are void by the client's
/// `tokens_after` until they expire.
Result<std::int64_t> remove_of_client(Transaction& tx, const RealmId& realm,
                                      const ClientId& client) {
    static constexpr Query latest{
        "DELETE FROM oauth_tokens WHERE realm_id = $1 AND id IN (SELECT id FROM oauth_tokens "
        "WHERE realm_id = $1 AND client_id = $2 ORDER BY id DESC LIMIT $3)"};
    static constexpr Query others{
        "UPDATE clients SET tokens_after = (SELECT id FROM oauth_tokens WHERE realm_id = $1 AND "
        "client_id = $2 ORDER BY id DESC LIMIT 1) WHERE realm_id = $1 AND id = $2"};
    POSTRIDER_ASSIGN(const auto removed,
                     tx.sql().run(latest, realm, client, limits::removed_at_once));
    POSTRIDER_TRY(tx.sql().run(others, realm, client));
    return removed;
}

Result<std::int64_t> expire(Transaction& tx, Timestamp time, std::size_t limit) {
    static constexpr Query query{
        "DELETE FROM oauth_tokens WHERE (realm_id, id) IN (SELECT realm_id, id FROM oauth_tokens "
        "WHERE expires_at < $1 LIMIT $2)"};
    return tx.sql().run(query, time, limit);
}

}  // namespace oauth_tokens_table

}  // namespace postrider::store
