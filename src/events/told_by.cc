#include "events/told_by.h"

#include "base/check.h"
#include "base/json.h"
#include "store/tables.h"

namespace postrider::events {
namespace {

/// `{"name":{…}}` without the braces around it.
template <typename Write>
std::string member(std::string_view name, Write write) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key(name);
    writer.begin_object();
    write(writer);
    writer.end_object();
    writer.end_object();
    return out.substr(1, out.size() - 2);
}

std::string with_member(std::string data, const std::string& member) {
    CHECK(data.ends_with('}'));
    data.pop_back();
    if (data != "{") data += ',';
    return data + member + '}';
}

/// What cannot be read has no name.
template <typename Row>
std::optional<std::string> name_in(const Result<std::optional<Row>>& found,
                                   std::string Row::* name) {
    if (!found || !*found) return std::nullopt;
    return (**found).*name;
}

}  // namespace

Result<RealmName> name_of_realm(store::sql::Connection& sql, const RealmId& realm) {
    auto found = store::realms_table::find(sql, realm);
    if (!found && found.error().code != ErrorCode::corrupt) {
        return std::unexpected(std::move(found).error());
    }
    return RealmName{realm, found && *found ? std::move((*found)->name) : std::string()};
}

std::string with_realm(std::string data, const RealmName& realm) {
    return with_member(std::move(data), member("realm", [&](json::Writer& writer) {
                           writer.member("id", realm.id.to_string());
                           writer.member("name", realm.name);
                       }));
}

Result<ActorName> name_of_actor(store::sql::Connection& sql, const Actor& actor,
                                const RealmId& realm) {
    if (actor.kind == "system") return ActorName{"server", actor.id, std::nullopt};
    ActorName named{actor.kind, actor.id, std::nullopt};
    const auto id = Uuid::parse(actor.id);
    if (!id || actor.realm != realm) return named;
    if (actor.kind == "user") {
        named.name =
            name_in(store::users_table::find(sql, realm, UserId{*id}), &store::UserRow::username);
    } else if (actor.kind == "client") {
        named.name = name_in(store::clients_table::find(sql, realm, ClientId{*id}),
                             &store::ClientRow::client_id);
    } else if (actor.kind == "api_key") {
        named.name = name_in(store::api_keys_table::find(sql, realm, ApiKeyId{*id}),
                             &store::ApiKeyRow::name);
    }
    return named;
}

std::string with_actor(std::string data, const ActorName& actor, const RealmName& realm) {
    auto told = with_member(std::move(data), member("actor", [&](json::Writer& writer) {
                                writer.member("kind", actor.kind);
                                writer.member("id", actor.id);
                                if (actor.name) {
                                    writer.member("name", *actor.name);
                                } else {
                                    writer.member_null("name");
                                }
                            }));
    return with_realm(std::move(told), realm);
}

}  // namespace postrider::events
