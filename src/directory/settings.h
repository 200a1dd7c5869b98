#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "directory/fields.h"
#include "store/rows.h"

namespace postrider::directory {

/// What holds where a realm says nothing.
struct SettingsDefaults {
    Duration timeout{0};
    std::vector<Duration> retry_schedule;
};

/// The settings of a realm as they hold.
struct Settings {
    std::int64_t retention_days = 0;
    std::vector<Duration> retry_schedule;
    Duration timeout{0};
    std::int64_t password_min_length = 0;  ///< characters
    bool reset_token_in_event = false;
    Duration secret_overlap{0};
    /// Networks beyond public addresses that webhooks of `master` may reach; none elsewhere.
    std::optional<std::vector<std::string>> allowed_networks;
    bool operator==(const Settings&) const = default;
};
/// Errors: corrupt.
Result<Settings> settings_of(const store::RealmRow& row, const SettingsDefaults& defaults);

struct SettingsChange {
    Field<std::int64_t> retention_days;
    Field<std::vector<Duration>> retry_schedule;
    Field<Duration> timeout;
    Field<std::int64_t> password_min_length;
    Field<bool> reset_token_in_event;
    Field<Duration> secret_overlap;
    Field<std::vector<std::string>> allowed_networks;
    std::vector<FieldError> errors;
};
SettingsChange parse_settings_change(const json::Value& body, ChangeKind kind);
/// Writes into `row.settings` what was said, and leaves out what was reset; the names of the
/// settings that are others now. Errors: invalid_argument (networks outside of `master`).
Result<std::vector<std::string>> apply(const SettingsChange& change, store::RealmRow& row,
                                       const SettingsDefaults& defaults);

/// The JSON of the settings: in answers, and with `changed` in the event.
std::string settings_json(const Settings& settings,
                          const std::vector<std::string>* changed = nullptr);

}  // namespace postrider::directory
