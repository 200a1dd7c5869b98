#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/uuid.h"
#include "events/filter.h"
#include "model/ids.h"

namespace postrider::events {

/// Which webhooks of one realm take an event, as of one config_version; pure and immutable. Also
/// knows the realm's own event types. Exact names are looked up, patterns by prefix, and filters by
/// the value that they ask for, so that most of ten thousand are never looked at.
class Matcher {
 public:
    struct Subscription {
        WebhookId webhook;
        std::vector<std::string> patterns;
        std::shared_ptr<const Filter> filter = {};  ///< none: all events of its types
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
    /// Ascending by id, each once. `body` returns the default body of the event; it is called once
    /// if a filter is held against the event, else not at all.
    std::vector<WebhookId> match(std::string_view type,
                                 const std::function<std::string()>& body) const;
    /// Returns true if every event of the type goes to the same webhooks.
    bool is_by_type(std::string_view type) const;
    bool knows(std::string_view type) const;
    /// How many filters are held against each event of a type, of the type with most of them that
    /// this webhook's is among; 0: its filter is looked up, or it has none.
    std::size_t filters_beside(const WebhookId& webhook) const;
    const std::vector<std::string>& own_types() const { return own_types_; }

 private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Shared = std::shared_ptr<const Subscription>;
    /// Those that ask for a value at one place of the event.
    struct Place {
        struct Entry {
            std::size_t hash;  ///< of the value
            Shared subscription;
        };
        /// Of the filters that ask for one value.
        struct Beside {
            std::size_t filters = 0;
            std::size_t conditions = 0;  ///< beyond the value itself
        };
        std::vector<std::string> path;
        std::vector<Entry> entries;  ///< ascending by hash
        std::unordered_map<std::size_t, Beside> beside;
    };
    /// The webhooks that have filters.
    struct Filtered {
        std::unordered_map<WebhookId, Shared> slow;  ///< also in `by_pattern_`
        std::vector<Place> places;                   ///< the others, which are not

        bool has(const WebhookId& webhook) const;
        void remove(const WebhookId& webhook);
        const Filter::Lookup* rarest(const Filter& filter,
                                     const std::vector<Filter::Lookup>& lookups) const;
        bool look_up_later(const Shared& subscription);
        void order();
        void find(std::string_view type, const JsonIndex& event,
                  std::vector<WebhookId>& found) const;
    };
    std::vector<WebhookId>& list_of(const std::string& pattern);
    std::vector<WebhookId> match_by_type(std::string_view type) const;
    bool has_slow(const std::vector<WebhookId>& webhooks) const;

    /// Each list ascending. A prefix pattern is kept with its dot ("user."), "*" as "".
    std::unordered_map<std::string, std::vector<WebhookId>, Hash, std::equal_to<>> by_pattern_;
    /// nullptr: none. Shared by the matchers between two changes of filters.
    std::shared_ptr<const Filtered> filtered_;
    std::int64_t config_version_;
    Uuid newest_;
    std::vector<std::string> own_types_;  // sorted
};

}  // namespace postrider::events
