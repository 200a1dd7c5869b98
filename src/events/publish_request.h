#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/event.h"

namespace postrider::events {

struct PublishLimits {
    std::size_t payload_bytes_max = 0;  ///< `data` of one event
    Timestamp now;                      ///< what `timestamp` is held against
};

/// Reads the body of a publish: {event, resource_id, data, timestamp?}. `data` stays the
/// publisher's bytes less white space. Whether the type is known is for the publisher to say, in
/// its transaction. Errors: invalid_argument with problem "malformed-json"; with every bad field
/// ("#/data"); with problem "payload-too-large".
Result<NewEvent> parse_publish(std::string_view body, const PublishLimits& limits);

/// Reads the body of a batch: {"events": [1 to limits::batch_events_max of them]}. Fields are named
/// by their place ("#/events/17/data"), at most limits::field_errors_max of them.
Result<std::vector<NewEvent>> parse_batch(std::string_view body, const PublishLimits& limits);

/// The value of an Idempotency-Key header, without its quotes.
/// Errors: invalid_argument about the header.
Result<std::string> parse_idempotency_key(std::string_view value);

}  // namespace postrider::events
