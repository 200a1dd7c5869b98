#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

namespace postrider::api {

/// Where a page of a list ended: opaque to clients, base64url. It carries a digest of its scope
/// (operation, realm, filters) and of itself, so that a cursor of another list, or one that was cut
/// or typed, is recognised. It is no secret and grants nothing: the position of an id in a list
/// that the caller may read anyway.
std::string make_cursor(std::string_view scope, const Uuid& last);
/// nullopt: not a cursor of this scope.
std::optional<Uuid> read_cursor(std::string_view scope, std::string_view cursor);

/// The place of a row in a list that is ordered by time and then by id. The cursor carries both, so
/// that it still works when the row has gone.
struct TimedPosition {
    Timestamp at;
    Uuid id;
    bool operator==(const TimedPosition&) const = default;
};
std::string make_timed_cursor(std::string_view scope, const TimedPosition& last);
/// nullopt: not a cursor of this scope, or one without a time.
std::optional<TimedPosition> read_timed_cursor(std::string_view scope, std::string_view cursor);

}  // namespace postrider::api
