#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/attempt.h"
#include "model/ids.h"
#include "model/states.h"
#include "store/rows.h"
#include "webhooks/controls.h"

namespace postrider::webhooks {

/// A webhook as a value: its row with the lists read, and nothing secret.
struct Webhook {
    RealmId realm;
    WebhookId id;
    std::string name;
    std::string description;
    std::string url;  ///< in normal form
    std::vector<std::string> header_names;
    std::vector<std::string> events;
    bool enabled = true;
    DisabledReason disabled_reason = DisabledReason::none;
    std::optional<Duration> timeout;                      ///< none: the realm's
    std::optional<std::vector<Duration>> retry_schedule;  ///< none: the realm's
    std::vector<SigningScheme> signing{SigningScheme::v1};
    Controls controls;
    std::int64_t version = 1;
    Timestamp created_at;
    Timestamp updated_at;
};

/// What cannot be read of it is left out, and the webhook is disabled as `corrupt`.
Webhook from_row(const store::WebhookRow& row);
/// Writes what `webhook` has into `row`; the sealed columns stay.
void into_row(const Webhook& webhook, store::WebhookRow& row);

/// JSON arrays of the row.
std::string to_json(const std::vector<std::string>& words);
Result<std::vector<std::string>> parse_words(std::string_view json);
std::string to_json(const std::vector<Duration>& schedule);
Result<std::vector<Duration>> parse_schedule(std::string_view json);

/// Headers as they are sealed: a JSON object, in order.
std::string headers_to_plaintext(const Headers& headers);
Result<Headers> parse_headers_plaintext(std::string_view json);

}  // namespace postrider::webhooks
