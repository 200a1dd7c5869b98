#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/sql/connection.h"

namespace postrider::events {

/// A realm as `data.realm` has it.
struct RealmName {
    RealmId id;
    std::string name;
};
/// Its name is "" where its row cannot be read.
Result<RealmName> name_of_realm(store::sql::Connection& sql, const RealmId& realm);

/// An actor as `data.actor` has it.
struct ActorName {
    std::string kind;  ///< "user", "api_key", "client", "server"
    std::string id;
    std::optional<std::string> name;  ///< none: of another realm, of the server, or gone
};
/// Of one who acts in `realm`.
Result<ActorName> name_of_actor(store::sql::Connection& sql, const Actor& actor,
                                const RealmId& realm);

/// `data` and, as its last members, who did it (`actor`) and where (`realm`): every event of the
/// directory has both. Requires: `data` is a compact JSON object with neither of them.
std::string with_actor(std::string data, const ActorName& actor, const RealmName& realm);
/// The same without an actor: for what the server itself tells.
std::string with_realm(std::string data, const RealmName& realm);

}  // namespace postrider::events
