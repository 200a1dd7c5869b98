#pragma once

#include <string>
#include <string_view>

#include "cli/context.h"

namespace postrider::cli {

/// The members of a webhook's body.
struct SampleEvent {
    std::string event;
    Timestamp happened;
    std::string resource_id;
    std::string data;  ///< a JSON object
};

/// A webhook's body as a server writes it: its four members in their order, compact.
std::string body_of(const SampleEvent& sample);

/// What --data says; else the example of a built-in `event`, "{}" of another one.
/// Errors: invalid_argument, one sentence.
Result<std::string> sample_data(Context& context, const Given& given, const std::string& event);

}  // namespace postrider::cli
