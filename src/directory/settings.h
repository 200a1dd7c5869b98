#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/permission.h"
#include "base/json.h"
#include "base/time.h"
#include "directory/authority.h"
#include "directory/fields.h"
#include "net/egress_policy.h"
#include "store/rows.h"

namespace postrider::directory {

/// What holds where a realm says nothing.
struct SettingsDefaults {
    Duration timeout{0};
    std::vector<Duration> retry_schedule;
    /// What the operator allows beyond public addresses: no setting goes further.
    std::vector<net::Cidr> allowed_networks;
};

/// The webhook that is sent reset tokens, for users who may do no more than whoever chose it.
struct ResetWebhook {
    WebhookId id;
    access::PermissionSet set_by;
    bool operator==(const ResetWebhook&) const = default;
};

/// The settings of a realm as they hold.
struct Settings {
    std::int64_t retention_days = 0;
    std::vector<Duration> retry_schedule;
    Duration timeout{0};
    std::int64_t password_min_length = 0;  ///< characters
    std::optional<ResetWebhook> password_reset_webhook;
    Duration secret_overlap{0};
    /// Only in `master`: those of the operator's networks that its webhooks may reach; none: all of
    /// them.
    std::optional<std::vector<std::string>> allowed_networks;
    bool is_master = false;
    bool operator==(const Settings&) const = default;
};
/// Errors: corrupt.
Result<Settings> settings_of(const store::RealmRow& row, const SettingsDefaults& defaults);

struct SettingsChange {
    Field<std::int64_t> retention_days;
    Field<std::vector<Duration>> retry_schedule;
    Field<Duration> timeout;
    Field<std::int64_t> password_min_length;
    Field<WebhookId> password_reset_webhook;
    Field<Duration> secret_overlap;
    Field<std::vector<std::string>> allowed_networks;
    std::vector<FieldError> errors;
};
SettingsChange parse_settings_change(const json::Value& body, ChangeKind kind);
/// Writes into `row.settings` what was said, and leaves out what was reset; the names of the
/// settings that are others now. Whoever chooses another webhook for reset tokens is `caller`.
/// Errors: invalid_argument (networks outside of `master`, or beyond the operator's).
Result<std::vector<std::string>> apply(const SettingsChange& change, const Caller& caller,
                                       store::RealmRow& row, const SettingsDefaults& defaults);
/// Takes out what settings of an older version are no more; their names.
Result<std::vector<std::string>> retire_old_settings(store::RealmRow& row);

/// The JSON of the settings: in answers, and with `changed` in the event.
std::string settings_json(const Settings& settings,
                          const std::vector<std::string>* changed = nullptr);

}  // namespace postrider::directory
