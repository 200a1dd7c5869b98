#include "api/contract_routes.h"

#include <algorithm>

#include "api/call.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "store/tables.h"
#include "webhooks/webhooks.h"

/// The public keys of a realm's webhooks, for receivers whose libraries take them from a URL.
/// Open to everybody (decisions/0022): public keys are no secret, and receivers have no token.
namespace postrider::api {

namespace {

using Keys = std::vector<std::string>;  ///< "whpk_…"
constexpr std::string_view public_prefix = "whpk_";

void add(Keys& keys, const std::string& key) {
    if (!key.empty() && std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
}

Result<void> add_of_webhook(Keys& keys, Context& context, store::sql::Connection& sql,
                            const RealmId& realm, const WebhookId& id) {
    POSTRIDER_ASSIGN(const auto secret,
                     context.webhooks.secret(sql, realm, id, context.clock.now()));
    add(keys, secret.public_key);
    add(keys, secret.previous_public_key);
    return {};
}

bool is_of_the_store(const Error& error) {
    return error.code == ErrorCode::unavailable || error.code == ErrorCode::deadline_exceeded;
}

/// Of the newest webhooks, as many as a page has: each key is opened for the answer.
Result<Keys> keys_of_realm(Context& context, store::sql::Connection& sql, const RealmId& realm) {
    POSTRIDER_ASSIGN(const auto rows,
                     store::webhooks_table::list(sql, realm, std::nullopt, limits::page_size_max));
    Keys keys;
    for (const auto& row : rows) {
        if (row.signing.find("\"v1a\"") == std::string::npos) continue;
        // One whose secret cannot be opened is left out.
        const auto added = add_of_webhook(keys, context, sql, realm, row.id);
        if (!added && is_of_the_store(added.error())) return std::unexpected(added.error());
    }
    return keys;
}

/// Source: RFC 7517; RFC 8037, and its section 2 for the thumbprint (RFC 7638) that is `kid`.
void write_key(json::Writer& writer, const std::string& key) {
    const auto raw = base64_decode(std::string_view(key).substr(public_prefix.size()));
    const std::string x = base64url_encode(raw.value_or(""));
    writer.begin_object();
    writer.member("kty", "OKP");
    writer.member("crv", "Ed25519");
    writer.member("x", x);
    writer.member("kid",
                  base64url_encode(sha256(R"({"crv":"Ed25519","kty":"OKP","x":")" + x + R"("})")));
    writer.member("alg", "EdDSA");
    writer.member("use", "sig");
    writer.end_object();
}

Answer jwks_answer(const Keys& keys) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key("keys");
    writer.begin_array();
    for (const auto& key : keys) write_key(writer, key);
    writer.end_array();
    writer.end_object();
    Answer answer = json_answer(200, std::move(out));
    answer.content_type = "application/jwk-set+json";
    // Less than any overlap of two secrets needs.
    return std::move(answer).with_header("Cache-Control", "public, max-age=300");
}

Result<void> get_jwks(Context& context, Call& call) {
    auto query = call.query();
    const auto webhook = query.id<WebhookId>("webhook_id");
    POSTRIDER_TRY(query.finish());
    store::read<Keys>(
        call.store,
        [&context, realm = call.realm, webhook](store::sql::Connection& sql) -> Result<Keys> {
            if (!webhook) return keys_of_realm(context, sql, realm);
            Keys keys;
            POSTRIDER_TRY(add_of_webhook(keys, context, sql, realm, *webhook));
            return keys;
        },
        call.reply.with<Keys>(jwks_answer));
    return {};
}

}  // namespace

RouteList jwks_routes(Context& context) {
    return {handle(context, {"GET", "/api/v1/realms/{realm}/jwks", "get_jwks"}, get_jwks)};
}

}  // namespace postrider::api
