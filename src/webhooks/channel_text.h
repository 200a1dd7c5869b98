#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "events/json_index.h"

namespace postrider::webhooks {

/// Where a text is shown: each has signs that would format it, or call people.
enum class Channel { slack, discord, teams, markdown };

/// The text as it is to be seen there: nothing in it formats, links or mentions. At most six times
/// as long.
std::string escaped_for(Channel channel, std::string_view text);

/// The first `units` UTF-16 units, the last of them an ellipsis when there were more: what chats
/// count their limits in. Requires: units > 0.
std::string truncated(std::string_view text, std::size_t units);

/// A string's content. Half of a surrogate pair becomes U+FFFD, because no UTF-8 has it.
std::string clean_text(const events::JsonIndex::Node& string);

}  // namespace postrider::webhooks
