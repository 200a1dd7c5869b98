#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "store/rows.h"

namespace postrider::directory {

/// Checks the name of a new realm: [a-z0-9-]{1,63}, not an id, which stands in the same place of a
/// path. Errors: invalid_argument about #/name.
Result<void> check_realm_name(std::string_view name);
/// Errors: invalid_argument about #/display_name.
Result<void> check_display_name(std::string_view name);

/// The members of event data, which have no version.
void write_realm_members(json::Writer& writer, const store::RealmRow& row);
/// The JSON of a realm, in answers.
void write_realm(json::Writer& writer, const store::RealmRow& row);
/// The data of realm.created, which is the same without the version; with `changed`, of
/// realm.updated.
std::string realm_event_data(const store::RealmRow& row,
                             std::optional<std::vector<std::string>> changed = std::nullopt);

}  // namespace postrider::directory
