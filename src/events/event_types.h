#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "events/catalogue.h"
#include "model/version_condition.h"
#include "store/rows.h"
#include "store/store.h"

/// A realm's own event types. Making or removing one raises the realm's config_version, so that
/// every matcher knows it from the next transaction on.
namespace postrider::events {

/// An event type as somebody wrote it, checked. Schema and example keep their bytes.
struct OwnType {
    std::string name;
    std::string description;
    std::string schema;   ///< compact JSON object, "" when none
    std::string example;  ///< compact JSON object, "" when none
};

/// Reads {name, description?, schema?, example?}; a `name_in_path` stands for the name, which may
/// then be left out and must not differ. Errors: invalid_argument with problem "malformed-json";
/// with every bad field.
Result<OwnType> parse_own_type(std::string_view body, std::optional<std::string_view> name_in_path);

/// Errors: conflict (the name is taken, or the realm has limits::event_types_per_realm_max).
Result<store::EventTypeRow> create_own_type(store::Transaction& tx, const RealmId& realm,
                                            const OwnType& type);

struct Replaced {
    store::EventTypeRow row;
    bool created = false;
    bool changed = false;  ///< false: it was so already, and nothing was written
};
/// Makes the type be `type`, whether it exists or not.
/// Errors: failed_precondition (`expected_version` does not hold), conflict (the limit).
Result<Replaced> replace_own_type(store::Transaction& tx, const RealmId& realm, const OwnType& type,
                                  const VersionCondition& expected_version);

/// Errors: not_found; failed_precondition; conflict while a webhook subscribes to it by its name.
Result<void> delete_own_type(store::Transaction& tx, const RealmId& realm, std::string_view name,
                             const VersionCondition& expected_version);

std::unexpected<Error> no_such_type(std::string_view name);

void write_event_type(json::Writer& writer, const EventType& type);
void write_event_type(json::Writer& writer, const store::EventTypeRow& row);

}  // namespace postrider::events
