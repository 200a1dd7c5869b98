#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
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
        bool is_ordered = false;                    ///< its deliveries keep their resource's order
        bool all_realms = false;                    ///< it takes those of the other realms, too
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
    /// if a filter is held against the event, else not at all. Nothing, when `work` is used up.
    std::vector<WebhookId> match(std::string_view type, const std::function<std::string()>& body,
                                 Filter::Work& work) const;
    /// The same of an event of another realm: those alone that take the events of all realms.
    std::vector<WebhookId> match_of_other(std::string_view type,
                                          const std::function<std::string()>& body,
                                          Filter::Work& work) const;
    /// How many do.
    std::size_t all_realms_count() const { return all_realms_.size(); }
    /// Returns true if every event of the type goes to the same webhooks.
    bool is_by_type(std::string_view type) const;
    bool knows(std::string_view type) const;
    /// What is held against each event of a type.
    struct Held {
        std::size_t filters = 0;
        std::size_t conditions = 0;
    };
    /// Of the types with most of them that this webhook's filter is among; 0: its filter is looked
    /// up, or it has none.
    Held held_with(const WebhookId& webhook) const;
    /// Of all filters.
    std::size_t conditions() const;
    /// Some bytes of memory.
    std::size_t weight() const;
    /// The filters of all that have one.
    std::unordered_map<WebhookId, std::shared_ptr<const Filter>> filters() const;
    const std::vector<std::string>& own_types() const { return own_types_; }
    /// Whether the webhook's deliveries keep the order of their resource (store/order_table.h).
    bool is_ordered(const WebhookId& webhook) const {
        return !ordered_.empty() && std::ranges::binary_search(ordered_, webhook);
    }

 private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    /// By pattern. One of a prefix is kept with its dot ("user."), "*" as "".
    template <typename T>
    using ByPattern = std::unordered_map<std::string, std::vector<T>, Hash, std::equal_to<>>;
    using Shared = std::shared_ptr<const Subscription>;
    /// Those that ask for a value at one place of the event.
    struct Place {
        struct Entry {
            std::size_t hash;  ///< of the value
            const Subscription* subscription;
        };
        /// Of the filters that ask for one value.
        struct Beside {
            std::size_t filters = 0;
            std::size_t conditions = 0;  ///< beyond the value itself
        };
        std::vector<std::string> path;
        std::vector<Entry> entries;  ///< ascending by hash, once they are in order
        std::size_t in_order = 0;    ///< of them, from the first on
        /// Of the others.
        std::unordered_map<std::size_t, Beside> beside = {};

        Beside beside_of(std::size_t hash) const;
        void order();
    };
    /// The webhooks that have filters.
    struct Filtered {
        std::vector<Shared> all;              ///< ascending by webhook
        ByPattern<const Subscription*> slow;  ///< those whose filters are held against each event
        std::vector<Place> places;            ///< the others
        std::size_t conditions = 0;

        std::vector<Shared>::const_iterator find(const WebhookId& webhook) const;
        /// Requires: they are in order. `gone` are ascending.
        void remove(const std::vector<const Subscription*>& gone);
        const Filter::Lookup* rarest(const Filter& filter,
                                     const std::vector<Filter::Lookup>& lookups) const;
        /// order() makes it found.
        void add(const Shared& subscription);
        void order();
        bool concerns(std::string_view type) const;
        void find(std::string_view type, const JsonIndex& event, Filter::Work& work,
                  std::vector<WebhookId>& found) const;
    };
    std::vector<WebhookId> match_by_type(std::string_view type) const;

    ByPattern<WebhookId> by_pattern_;  ///< of those without a filter; each list ascending
    /// nullptr: none. Shared by the matchers between two changes of filters.
    std::shared_ptr<const Filtered> filtered_;
    std::int64_t config_version_;
    Uuid newest_;
    std::vector<std::string> own_types_;  // sorted
    std::vector<WebhookId> ordered_;      ///< ascending
    std::vector<WebhookId> all_realms_;   ///< ascending
};

}  // namespace postrider::events
