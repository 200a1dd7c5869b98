#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/uuid.h"

namespace postrider::api {

/// Where a page of a list ended: opaque to clients, base64url. It carries a digest of its scope
/// (operation, realm, filters) and of itself, so that a cursor of another list, or one that was cut
/// or typed, is recognised. It is no secret and grants nothing: the position of an id in a list
/// that the caller may read anyway.
std::string make_cursor(std::string_view scope, const Uuid& last);
/// nullopt: not a cursor of this scope.
std::optional<Uuid> read_cursor(std::string_view scope, std::string_view cursor);

}  // namespace postrider::api
