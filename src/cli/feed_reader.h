#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace postrider::cli {

/// An event of the log, in the server's own bytes.
struct FedEvent {
    std::string text;  ///< all of it, a JSON object
    std::string id, event, timestamp, accepted_at, resource_id, position;
    std::string data;  ///< JSON
};

/// The path of a consumer, or of what is below it ("/commit").
std::string consumer_path(const Context& context, std::string_view name,
                          std::string_view below = {});
/// The body that makes a consumer or sets what is given.
std::string consumer_body(const std::vector<std::string>& events,
                          const std::optional<std::string>& position);
/// The flags of verbs that follow the log: --event, --consumer, --after, --count.
std::vector<Argument> with_feed(std::vector<Argument> arguments);

/// Follows the log from where the flags say, until it is ended or --count events came. A consumer's
/// position is committed behind what was handled. While the server cannot be reached it says so
/// once, and goes on when it answers again.
/// `handle`: false when it is to end at once; what it was given then comes again.
/// Returns the exit code; what went wrong was written to Terminal::error.
int follow_feed(Context& context, const Given& given,
                const std::function<bool(const FedEvent&)>& handle);

}  // namespace postrider::cli
