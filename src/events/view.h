#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/json.h"
#include "model/event.h"
#include "store/rows.h"
#include "store/store.h"

namespace postrider::events {

/// The JSON of an event of the log. `deliveries`, when given, is a JSON object of counts by state.
void write_event(json::Writer& writer, const store::EventRow& row,
                 std::string_view deliveries = {});

/// The answer to a publish: one published event, or `{"items":[…]}` of a batch. Kept with an
/// idempotency key, so it is the same bytes when it is given again.
std::string published_answer(store::PublishShape shape, std::span<const PublishedEvent> events);

}  // namespace postrider::events
