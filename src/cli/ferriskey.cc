#include "cli/ferriskey.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/time.h"
#include "cli/keycloak_members.h"
#include "model/limits.h"

namespace postrider::cli::ferriskey {
namespace {

using keycloak::Entry;
using store::sql::PostgresqlConnection;
using store::sql::Query;
using store::sql::Rows;

void add_text(json::Object& object, std::string_view name, const Rows& rows, int column) {
    if (!rows.is_null(column) && !rows.text(column).empty()) {
        object.emplace_back(name, rows.string(column));
    }
}

/// Of a client or role.
void add_id(json::Object& object, const Rows& rows, int column) {
    if (keycloak::is_own_id(rows.text(column))) object.emplace_back("id", rows.string(column));
}

/// A JSON text that PostgreSQL made; null when there is none.
json::Value parsed(const Rows& rows, int column) {
    if (rows.is_null(column)) return {};
    auto value = json::parse(rows.text(column));
    return value ? std::move(*value) : json::Value();
}

/// [["name", null], ["name", "client_id"]] as the `roles` and `client_roles` of an entry.
void add_roles(json::Object& entry, const json::Value& pairs) {
    if (pairs.as_array() == nullptr) return;
    json::Array of_realm;
    json::Object of_clients;
    for (const json::Value& pair : *pairs.as_array()) {
        const json::Array& both = *pair.as_array();
        const std::string* client = both[1].as_string();
        if (client == nullptr) {
            of_realm.push_back(both[0]);
            continue;
        }
        auto place = std::ranges::find(of_clients, *client, &json::Object::value_type::first);
        if (place == of_clients.end()) {
            place = of_clients.emplace(of_clients.end(), *client, json::Value(json::Array{}));
        }
        place->second.as_array()->push_back(both[0]);
    }
    if (!of_realm.empty()) entry.emplace_back("roles", json::Value(std::move(of_realm)));
    if (!of_clients.empty()) entry.emplace_back("client_roles", json::Value(std::move(of_clients)));
}

/// An entry whose every member comes as it is; an element of a list counts as one.
Entry entry_of(std::string name, json::Object body, ImportReport& report) {
    std::size_t values = 0;
    for (const auto& [member, value] : body) {
        values += value.as_array() == nullptr ? 1 : value.as_array()->size();
    }
    report.taken_over(values);
    return {.name = std::move(name), .body = std::move(body), .values = values, .password = {}};
}

/// FerrisKey's "password" of a user whose password is in a directory such as LDAP.
constexpr std::string_view federated = "federated";

/// What a user has and cannot bring.
void report_user(const Rows& rows, ImportReport& report) {
    const auto username = rows.text(1);
    if (rows.is_null(8)) {
        report.remark("users without a password; each can reset it", username);
    } else if (rows.text(8) == federated) {
        report.left_out("passwords that a federated directory has; each user can reset it",
                        username);
    }
    if (rows.boolean(9)) {
        report.left_out(
            "passwords that were temporary; they work, and nobody is asked to change one",
            username);
    }
    if (!rows.is_null(10)) {
        report.left_out("one-time passwords, recovery codes and passkeys",
                        fmt::format("{}: {}", username, rows.text(10)));
    }
    if (!rows.is_null(11)) {
        report.left_out("required actions", fmt::format("{}: {}", username, rows.text(11)));
    }
}

/// A client's account, which FerrisKey keeps as a user.
void add_service_account(const Rows& rows, Realm& realm) {
    const std::string client_id = rows.string(14);
    if (rows.boolean(15)) {
        return realm.report.left_out(
            "service accounts of public clients, which cannot prove who they are", client_id);
    }
    json::Object account{{"client_id", client_id}};
    add_roles(account, parsed(rows, 13));
    if (account.size() == 1) return;  // without a role there is nothing to bring
    realm.service_accounts.push_back(entry_of(client_id, std::move(account), realm.report));
}

/// The row of a user, as read_users() selects it.
void add_user(const Rows& rows, Realm& realm) {
    if (!rows.is_null(14)) return add_service_account(rows, realm);
    json::Object user{{"username", rows.string(1)}, {"id", rows.string(0)}};
    add_text(user, "first_name", rows, 2);
    add_text(user, "last_name", rows, 3);
    add_text(user, "email", rows, 4);
    if (!rows.is_null(4) && !rows.text(4).empty()) {
        user.emplace_back("email_verified", rows.boolean(5));
    }
    user.emplace_back("enabled", rows.boolean(6));
    if (rows.is_null(7)) {
        realm.report.left_out("times at which users were created that are no times", rows.text(1));
    } else {
        user.emplace_back("created_at", format_rfc3339(from_micros(rows.integer(7))));
    }
    if (!rows.is_null(8) && rows.text(8) != federated) {
        user.emplace_back("password_hash", rows.string(8));
    }
    if (!rows.is_null(12)) user.emplace_back("attributes", parsed(rows, 12));
    add_roles(user, parsed(rows, 13));
    report_user(rows, realm.report);
    realm.users.push_back(entry_of(rows.string(1), std::move(user), realm.report));
}

/// "hook", "hook (2)": a webhook is known by its name and URL when the import goes on.
std::string unique_name(std::string name, const std::string& url,
                        std::map<std::pair<std::string, std::string>, int>& taken) {
    const int count = ++taken[{name, url}];
    return count == 1 ? name : fmt::format("{} ({})", name, count);
}

json::Array known_events(const json::Value& subscribed, std::string_view webhook,
                         ImportReport& report) {
    json::Array events;
    if (subscribed.as_array() == nullptr) return events;
    for (const json::Value& trigger : *subscribed.as_array()) {
        const std::string& text = *trigger.as_string();
        if (is_known_trigger(text)) {
            events.emplace_back(text);
        } else {
            report.left_out("triggers that have no counterpart here, by webhook",
                            fmt::format("{}: {}", webhook, text));
        }
    }
    return events;
}

}  // namespace

Result<Database> Database::open(const std::string& url) {
    POSTRIDER_ASSIGN(auto connection, PostgresqlConnection::open(url, {}));
    Database database(std::move(connection));
    // What the driver sets for our own tables does not suit a reader of all of another's. Nested
    // loops are off, since a planner without statistics takes them: 10,000 users in 100 s, not 0.3.
    POSTRIDER_TRY(database.connection_->execute(
        "SET plan_cache_mode=auto; SET enable_seqscan=on; SET enable_bitmapscan=on; "
        "SET enable_hashjoin=on; SET enable_mergejoin=on; SET enable_material=on; "
        "SET enable_nestloop=off; "
        "SET idle_in_transaction_session_timeout=0; SET lock_timeout='10s'; "
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    POSTRIDER_TRY(database.check_tables());
    return database;
}

Result<std::vector<std::string>> Database::realm_names() {
    static constexpr Query query{"SELECT name::text FROM realms ORDER BY name"};
    std::vector<std::string> names;
    auto rows = connection_->rows(query);
    while (rows.next()) names.push_back(rows.string(0));
    POSTRIDER_TRY(rows.finish());
    return names;
}

Result<Realm> Database::read(const std::string& name) {
    auto realm = read_all(name);
    if (realm || realm.error().code == ErrorCode::not_found) return realm;
    return fail(ErrorCode::unavailable,
                fmt::format("the realm \"{}\" of the database {} cannot be read: {}", name, place(),
                            realm.error().message));
}

Result<Realm> Database::read_all(const std::string& name) {
    static constexpr Query query{
        "SELECT id::text, coalesce(to_jsonb(r)->>'display_name', '') FROM realms r "
        "WHERE name = $1"};
    Realm realm;
    realm.name = name;
    std::string id;
    {
        auto rows = connection_->rows(query, name);
        if (rows.next()) {
            id = rows.string(0);
            realm.display_name = rows.string(1);
        }
        POSTRIDER_TRY(rows.finish());
    }
    if (id.empty()) {
        return fail(ErrorCode::not_found,
                    fmt::format("the database {} has no realm \"{}\"", place(), name));
    }
    POSTRIDER_TRY(read_clients(id, realm));
    POSTRIDER_TRY(read_redirect_uris(id, realm));
    POSTRIDER_TRY(read_roles(id, realm));
    POSTRIDER_TRY(read_users(id, realm));
    POSTRIDER_TRY(read_webhooks(id, realm));
    POSTRIDER_TRY(name_the_rest(id, realm));
    return realm;
}

Result<void> Database::read_roles(const std::string& id, Realm& realm) {
    static constexpr Query query{
        "SELECT r.name::text, r.description::text, r.permissions, c.client_id::text, r.id::text "
        "FROM roles r "
        "LEFT JOIN clients c ON c.id = r.client_id WHERE r.realm_id = CAST($1 AS uuid) "
        "ORDER BY r.created_at, r.id"};
    auto rows = connection_->rows(query, id);
    while (rows.next()) {
        json::Object role{{"name", rows.string(0)}};
        add_id(role, rows, 4);
        add_text(role, "description", rows, 1);
        std::vector<std::string> left_out;
        role.emplace_back(
            "permissions",
            json::Value(permissions_of(static_cast<std::uint64_t>(rows.integer(2)), left_out)));
        for (const auto& permission : left_out) {
            realm.report.left_out("permissions of roles that have no counterpart here",
                                  fmt::format("{}: {}", rows.text(0), permission));
        }
        if (!rows.is_null(3)) role.emplace_back("client_id", rows.string(3));
        realm.roles.push_back(entry_of(rows.string(0), std::move(role), realm.report));
    }
    return rows.finish();
}

Result<void> Database::read_clients(const std::string& id, Realm& realm) {
    static constexpr Query query{
        "SELECT client_id::text, name::text, secret::text, enabled::int::bigint, "
        "public_client::int::bigint, id::text FROM clients WHERE realm_id = CAST($1 AS uuid) "
        "ORDER BY created_at, id"};
    auto rows = connection_->rows(query, id);
    while (rows.next()) {
        const bool is_public = rows.boolean(4);
        json::Object client{{"client_id", rows.string(0)}};
        add_id(client, rows, 5);
        add_text(client, "name", rows, 1);
        client.emplace_back("type", is_public ? "public" : "confidential");
        client.emplace_back("enabled", rows.boolean(3));
        const auto secret = rows.is_null(2) ? std::string() : rows.string(2);
        if (!is_public && secret.size() >= limits::kept_client_secret_characters_min) {
            client.emplace_back("secret_hash", hex_encode(sha256(secret)));
        } else if (!is_public) {
            realm.report.left_out(
                "secrets of clients that are too short to be kept as a hash; each client has a new "
                "one",
                rows.text(0));
        }
        realm.clients.push_back(entry_of(rows.string(0), std::move(client), realm.report));
    }
    return rows.finish();
}

Result<void> Database::read_redirect_uris(const std::string& id, Realm& realm) {
    static constexpr Query query{
        "SELECT c.client_id::text, u.value::text, u.enabled::int::bigint FROM redirect_uris u "
        "JOIN clients c ON c.id = u.client_id WHERE c.realm_id = CAST($1 AS uuid) "
        "ORDER BY u.created_at, u.id"};
    std::map<std::string, json::Array> of_clients;
    auto rows = connection_->rows(query, id);
    while (rows.next()) {
        of_clients[rows.string(0)].emplace_back(
            json::Object{{"value", rows.string(1)}, {"enabled", rows.boolean(2)}});
    }
    POSTRIDER_TRY(rows.finish());
    for (Entry& client : realm.clients) {
        const auto found = of_clients.find(client.name);
        if (found == of_clients.end()) continue;
        client.values += found->second.size();
        realm.report.taken_over(found->second.size());
        client.body.emplace_back("redirect_uris", json::Value(std::move(found->second)));
    }
    return {};
}

// The table of attributes is younger than the others, so there are two of these.
#define USERS(attributes)                                                                  \
    "SELECT u.id::text, u.username::text, u.firstname::text, u.lastname::text, "           \
    "u.email::text, u.email_verified::int::bigint, u.enabled::int::bigint, "               \
    "CASE WHEN isfinite(u.created_at) THEN "                                               \
    "floor(extract(epoch FROM u.created_at) * 1000000)::bigint END, p.secret_data::text, " \
    "coalesce(p.temporary, false)::int::bigint, other.kinds::text, actions.names::text, "  \
    "attributes.object::text, given.pairs::text, owner.client_id::text, "                  \
    "owner.public_client::int::bigint FROM users u LEFT JOIN clients owner "               \
    "ON owner.id = u.client_id "                                                           \
    "LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, secret_data, "                       \
    "(to_jsonb(c)->>'temporary')::boolean AS temporary FROM credentials c "                \
    "WHERE credential_type = 'password' ORDER BY user_id, created_at DESC) p "             \
    "ON p.user_id = u.id "                                                                 \
    "LEFT JOIN (SELECT user_id, string_agg(DISTINCT credential_type, ', ') AS kinds "      \
    "FROM credentials WHERE credential_type <> 'password' GROUP BY user_id) other "        \
    "ON other.user_id = u.id "                                                             \
    "LEFT JOIN (SELECT user_id, string_agg(DISTINCT action, ', ') AS names "               \
    "FROM user_required_actions GROUP BY user_id) actions ON actions.user_id = u.id "      \
    "LEFT JOIN (" attributes                                                               \
    ") attributes ON attributes.user_id = u.id "                                           \
    "LEFT JOIN (SELECT ur.user_id, json_agg(json_build_array(r.name, c.client_id) "        \
    "ORDER BY r.name) AS pairs FROM user_role ur JOIN roles r ON r.id = ur.role_id "       \
    "LEFT JOIN clients c ON c.id = r.client_id GROUP BY ur.user_id) given "                \
    "ON given.user_id = u.id "                                                             \
    "WHERE u.realm_id = CAST($1 AS uuid) ORDER BY u.created_at, u.id"

Result<void> Database::read_users(const std::string& id, Realm& realm) {
    static constexpr Query with_attributes{
        USERS("SELECT user_id, json_object_agg(key, value) AS object FROM (SELECT user_id, key, "
              "CASE WHEN count(*) = 1 THEN to_json(min(value)) ELSE json_agg(value) END AS value "
              "FROM user_attributes GROUP BY user_id, key) each GROUP BY user_id"),
        {},
        true};
    static constexpr Query without_attributes{
        USERS("SELECT NULL::uuid AS user_id, NULL::json AS object"), {}, true};
    POSTRIDER_ASSIGN(const auto has_attributes,
                     connection_->value("SELECT to_regclass('user_attributes')::text"));
    auto rows = connection_->rows(has_attributes ? with_attributes : without_attributes, id);
    while (rows.next()) add_user(rows, realm);
    return rows.finish();
}

Result<void> Database::read_webhooks(const std::string& id, Realm& realm) {
    static constexpr Query query{
        "SELECT w.endpoint::text, coalesce(to_jsonb(w)->>'name', ''), "
        "coalesce(to_jsonb(w)->>'description', ''), to_jsonb(w)->>'headers', "
        "to_jsonb(w)->>'secret', (SELECT json_agg(s.name ORDER BY s.name) FROM "
        "webhook_subscribers s WHERE s.webhook_id = w.id)::text FROM webhooks w "
        "WHERE w.realm_id = CAST($1 AS uuid) ORDER BY w.created_at, w.id"};
    std::map<std::pair<std::string, std::string>, int> taken;
    auto rows = connection_->rows(query, id);
    while (rows.next()) {
        const auto url = rows.string(0);
        const auto name = unique_name(rows.text(1).empty() ? url : rows.string(1), url, taken);
        json::Array events = known_events(parsed(rows, 5), name, realm.report);
        if (events.empty()) {
            realm.report.left_out("webhooks that no event of ours would reach", name);
            continue;
        }
        json::Object webhook{{"name", name},
                             {"description", rows.string(2)},
                             {"url", url},
                             {"events", json::Value(std::move(events))}};
        // FerrisKey signs since August 2026; before, no receiver verified anything.
        const bool is_signed = !rows.is_null(4);
        if (is_signed) webhook.emplace_back("signing", json::Array{json::Value("ferriskey")});
        realm.webhooks.emplace_back(std::move(webhook));
        auto headers = parsed(rows, 3);
        if (headers.as_object() == nullptr) {
            if (!keycloak::is_nothing(headers)) {
                realm.report.left_out("headers of webhooks that are no object", name);
            }
            headers = json::Object{};
        }
        json::Object secrets{{"headers", std::move(headers)}};
        if (is_signed) secrets.emplace_back("secret", rows.string(4));
        realm.webhook_secrets.emplace_back(std::move(secrets));
    }
    return rows.finish();
}

}  // namespace postrider::cli::ferriskey
