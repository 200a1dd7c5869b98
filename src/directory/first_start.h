#pragma once

#include <optional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "directory/directory.h"
#include "store/store.h"

namespace postrider::directory {

/// How the first administrator gets in. Blocks: for the start.
/// With a `password` (POSTRIDER_ADMIN_PASSWORD) it becomes that of `admin`, unless they have one.
/// Without, gives a token for a link that sets it, at every start until they have one: a first
/// start may have failed before anybody saw its link. A link printed before stays good for its half
/// hour, so that several nodes that start do not take it from each other. Errors: invalid_argument
/// (the password is too short), the store's.
Result<std::optional<std::string>> welcome_administrator(Directory& directory, store::Store& store,
                                                         Random& random,
                                                         const std::string& password);

}  // namespace postrider::directory
