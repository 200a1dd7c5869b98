#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/uuid.h"
#include "model/ids.h"

namespace postrider::events {

/// Which webhooks of one realm take an event type, as of one config_version; pure and immutable.
/// Also knows the realm's own event types. Exact names are looked up, patterns by prefix.
class Matcher {
 public:
    struct Subscription {
        WebhookId webhook;
        std::vector<std::string> patterns;
    };
    /// `newest` is the latest change of a webhook that it has seen; nil: none.
    Matcher(std::int64_t config_version, const Uuid& newest,
            const std::vector<Subscription>& subscriptions, std::vector<std::string> own_types);
    /// The same after some webhooks have changed, each to what it subscribes to from then on:
    /// nothing, when it was disabled or deleted.
    Matcher with(std::int64_t config_version, const Uuid& newest,
                 const std::vector<Subscription>& changes) const;

    std::int64_t config_version() const { return config_version_; }
    const Uuid& newest() const { return newest_; }
    /// Ascending by id, each once.
    std::vector<WebhookId> match(std::string_view type) const;
    bool knows(std::string_view type) const;
    const std::vector<std::string>& own_types() const { return own_types_; }

 private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::vector<WebhookId>& list_of(const std::string& pattern);

    /// Each list ascending. A prefix pattern is kept with its dot ("user."), "*" as "".
    std::unordered_map<std::string, std::vector<WebhookId>, Hash, std::equal_to<>> by_pattern_;
    std::int64_t config_version_;
    Uuid newest_;
    std::vector<std::string> own_types_;  // sorted
};

}  // namespace postrider::events
