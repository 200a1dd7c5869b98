#pragma once

#include <string>

#include "model/ids.h"

namespace postrider {

/// Who makes a change; every write names one, and the audit log keeps it.
struct Actor {
    std::string kind;          ///< "api_key", "user", "client", "system"
    std::string id;            ///< its id; for the system, the part of it ("engine", "recover")
    RealmId realm;             ///< where the actor belongs
    std::string session = {};  ///< the session that a user acts through

    static Actor system(std::string part) { return {"system", std::move(part), {}}; }
};

}  // namespace postrider
