#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/uuid.h"
#include "model/ids.h"
#include "store/cluster.h"

namespace postrider::store {

/// What the nodes of a database tell each other by NOTIFY: at most 8,000 bytes, without quotes.
namespace message {
/// Deliveries of lanes of others were committed. A hint: the reader loses nothing without it.
struct Deliveries {
    Uuid from;
    std::vector<WebhookId> webhooks;  ///< at most limits::hints_per_notification_max
};
/// `what` was changed: read it again, and acknowledge `number` if it is not 0.
struct Changes {
    Uuid from;
    std::uint64_t number = 0;
    std::vector<Announcement> what;  ///< too many are told as Subject::everything
};
/// `by` goes by these changes of `origin`.
struct Acknowledged {
    Uuid origin;
    Uuid by;
    std::vector<std::uint64_t> numbers;
};
/// Lanes are to be taken, or were given.
struct Lanes {
    Uuid from;
};
/// Somebody waits for events of these realms at `from` (event_news.h).
struct Listening {
    Uuid from;
    std::vector<RealmId> realms;  ///< at most limits::hints_per_notification_max
};
/// Events of these realms were committed.
struct Events {
    Uuid from;
    std::vector<RealmId> realms;  ///< at most limits::hints_per_notification_max
};
}  // namespace message

using Message = std::variant<message::Deliveries, message::Changes, message::Acknowledged,
                             message::Lanes, message::Listening, message::Events>;

std::string encode(const Message& message);
/// nullopt: not one of ours, or of a newer version.
std::optional<Message> parse_message(std::string_view text);

}  // namespace postrider::store
