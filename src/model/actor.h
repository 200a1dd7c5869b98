#pragma once

#include <string>

#include "model/ids.h"

namespace postrider {

/// Who makes a change; every write names one, and the audit log keeps it.
struct Actor {
    std::string kind;  ///< "api_key", "system"
    std::string id;    ///< the key's id; for the system, the part of it ("engine", "recover")
    RealmId realm;     ///< where the actor belongs

    static Actor system(std::string part) { return {"system", std::move(part), {}}; }
};

}  // namespace postrider
