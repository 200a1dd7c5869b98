#include "events/matcher.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "events/catalogue.h"
#include "model/limits.h"
#include "model/turn_limits.h"

namespace postrider::events {
namespace {

using Node = JsonIndex::Node;

template <typename T>
void sort_once(std::vector<T>& values) {
    std::ranges::sort(values);
    auto twins = std::ranges::unique(values);
    values.erase(twins.begin(), twins.end());
}

void insert_once(std::vector<WebhookId>& webhooks, const WebhookId& webhook) {
    const auto place = std::ranges::lower_bound(webhooks, webhook);
    if (place == webhooks.end() || *place != webhook) webhooks.insert(place, webhook);
}

std::size_t hash_of(const std::string& key) { return std::hash<std::string>{}(key); }

/// Calls `each` with what members of these names lead to; of lists on the way and at the end also
/// with each element.
template <typename Each>
void each_at(const Node& value, std::span<const std::string> path, Each& each) {
    const auto step = [&](const Node& one) {
        if (path.empty()) {
            each(one);
        } else if (const Node* member = one.find(path.front())) {
            each_at(*member, path.subspan(1), each);
        }
        return false;
    };
    if (value.type == JsonIndex::Type::array) {
        value.any_child(step);
    } else {
        step(value);
    }
}

}  // namespace

Matcher::Matcher(std::int64_t config_version, const Uuid& newest,
                 const std::vector<Subscription>& subscriptions, std::vector<std::string> own_types)
    : config_version_(config_version), newest_(newest), own_types_(std::move(own_types)) {
    std::ranges::sort(own_types_);
    auto filtered = std::make_shared<Filtered>();
    for (const Subscription& subscription : subscriptions) {
        if (subscription.filter) {
            const auto shared = std::make_shared<const Subscription>(subscription);
            if (filtered->look_up_later(shared)) continue;
            filtered->slow.emplace(subscription.webhook, shared);
        }
        for (const std::string& pattern : subscription.patterns) {
            list_of(pattern).push_back(subscription.webhook);
        }
    }
    for (auto& [pattern, webhooks] : by_pattern_) sort_once(webhooks);
    filtered->order();
    if (!filtered->slow.empty() || !filtered->places.empty()) filtered_ = std::move(filtered);
}

std::vector<WebhookId>& Matcher::list_of(const std::string& pattern) {
    const bool is_prefix = pattern == "*" || pattern.ends_with(".*");
    return by_pattern_[is_prefix ? pattern.substr(0, pattern.size() - 1) : pattern];
}

Matcher Matcher::with(std::int64_t config_version, const Uuid& newest,
                      const std::vector<Subscription>& changes) const {
    Matcher next = *this;
    next.config_version_ = config_version;
    next.newest_ = newest;
    std::shared_ptr<Filtered> filtered;  // a copy, once one changes
    const auto change_filters = [&] {
        if (filtered) return;
        filtered = next.filtered_ ? std::make_shared<Filtered>(*next.filtered_)
                                  : std::make_shared<Filtered>();
        next.filtered_ = filtered;
    };
    for (const Subscription& change : changes) {
        for (auto list = next.by_pattern_.begin(); list != next.by_pattern_.end();) {
            auto& webhooks = list->second;
            const auto place = std::ranges::lower_bound(webhooks, change.webhook);
            if (place != webhooks.end() && *place == change.webhook) webhooks.erase(place);
            list = webhooks.empty() ? next.by_pattern_.erase(list) : std::next(list);
        }
        if (next.filtered_ && next.filtered_->has(change.webhook)) {
            change_filters();
            filtered->remove(change.webhook);
        }
        if (change.filter && !change.patterns.empty()) {
            change_filters();
            const auto shared = std::make_shared<const Subscription>(change);
            if (filtered->look_up_later(shared)) {
                filtered->order();
                continue;
            }
            filtered->slow.emplace(change.webhook, shared);
        }
        for (const std::string& pattern : change.patterns) {
            insert_once(next.list_of(pattern), change.webhook);
        }
    }
    if (filtered && filtered->slow.empty() && filtered->places.empty()) next.filtered_ = nullptr;
    return next;
}

bool Matcher::Filtered::has(const WebhookId& webhook) const {
    return slow.contains(webhook) || std::ranges::any_of(places, [&](const Place& place) {
               return std::ranges::any_of(place.entries, [&](const Place::Entry& entry) {
                   return entry.subscription->webhook == webhook;
               });
           });
}

void Matcher::Filtered::remove(const WebhookId& webhook) {
    slow.erase(webhook);
    for (Place& place : places) {
        std::erase_if(place.entries, [&](const Place::Entry& entry) {
            if (entry.subscription->webhook != webhook) return false;
            const auto beside = place.beside.find(entry.hash);
            beside->second.conditions -= entry.subscription->filter->conditions() - 1;
            if (--beside->second.filters == 0) place.beside.erase(beside);
            return true;
        });
    }
    std::erase_if(places, [](const Place& place) { return place.entries.empty(); });
}

/// The value that fewest others ask for; nullptr: there is none that can be looked up, or too much
/// is held already against each event that has it.
const Filter::Lookup* Matcher::Filtered::rarest(const Filter& filter,
                                                const std::vector<Filter::Lookup>& lookups) const {
    const Filter::Lookup* found = nullptr;
    std::size_t fewest = 0;
    for (const Filter::Lookup& lookup : lookups) {
        const auto place = std::ranges::find(places, lookup.path, &Place::path);
        if (place == places.end() && places.size() >= limits::filter_places_max) continue;
        Place::Beside most;
        for (const std::string& key : lookup.keys) {
            if (place == places.end()) break;
            const auto beside = place->beside.find(hash_of(key));
            if (beside == place->beside.end()) continue;
            most.filters = std::max(most.filters, beside->second.filters);
            most.conditions = std::max(most.conditions, beside->second.conditions);
        }
        const std::size_t more = filter.conditions() - 1;
        if (more > 0 && most.conditions + more > limits::filter_conditions_beside_max) continue;
        if (found != nullptr && most.filters >= fewest) continue;
        found = &lookup;
        fewest = most.filters;
    }
    return found;
}

/// Puts it where its value is looked up, if it asks for one; each place costs each event a look.
/// order() makes it found.
bool Matcher::Filtered::look_up_later(const Shared& subscription) {
    const Filter& filter = *subscription->filter;
    const auto lookups = filter.lookups();
    const Filter::Lookup* lookup = rarest(filter, lookups);
    if (lookup == nullptr) return false;
    auto place = std::ranges::find(places, lookup->path, &Place::path);
    if (place == places.end()) place = places.insert(places.end(), Place{lookup->path, {}, {}});
    for (const std::string& key : lookup->keys) {
        const std::size_t hash = hash_of(key);
        place->entries.push_back({hash, subscription});
        Place::Beside& beside = place->beside[hash];
        ++beside.filters;
        beside.conditions += filter.conditions() - 1;
    }
    return true;
}

void Matcher::Filtered::order() {
    for (Place& place : places) std::ranges::sort(place.entries, {}, &Place::Entry::hash);
}

void Matcher::Filtered::find(std::string_view type, const JsonIndex& event,
                             std::vector<WebhookId>& found) const {
    // Each is held against the event once, however often its value is there.
    std::vector<const Subscription*> candidates;
    for (const Place& place : places) {
        std::vector<std::size_t> hashes;
        const auto note = [&](const Node& value) {
            if (const auto key = key_of(value)) hashes.push_back(hash_of(*key));
        };
        each_at(event.root(), place.path, note);
        sort_once(hashes);
        for (const std::size_t hash : hashes) {
            for (const auto& entry :
                 std::ranges::equal_range(place.entries, hash, {}, &Place::Entry::hash)) {
                candidates.push_back(entry.subscription.get());
            }
        }
    }
    sort_once(candidates);
    for (const Subscription* each : candidates) {
        if (matches_any(each->patterns, type) && each->filter->matches(event)) {
            found.push_back(each->webhook);
        }
    }
}

bool Matcher::has_slow(const std::vector<WebhookId>& webhooks) const {
    return !filtered_->slow.empty() && std::ranges::any_of(webhooks, [&](const WebhookId& webhook) {
        return filtered_->slow.contains(webhook);
    });
}

std::vector<WebhookId> Matcher::match(std::string_view type,
                                      const std::function<std::string()>& body) const {
    auto webhooks = match_by_type(type);
    if (!filtered_) return webhooks;
    const bool is_slow = has_slow(webhooks);
    if (!is_slow && filtered_->places.empty()) return webhooks;
    const JsonIndex event = index_of_event(body());
    if (is_slow) {
        std::erase_if(webhooks, [&](const WebhookId& webhook) {
            const auto slow = filtered_->slow.find(webhook);
            return slow != filtered_->slow.end() && !slow->second->filter->matches(event);
        });
    }
    const std::size_t before = webhooks.size();
    filtered_->find(type, event, webhooks);
    if (webhooks.size() > before) sort_once(webhooks);
    return webhooks;
}

bool Matcher::is_by_type(std::string_view type) const {
    return !filtered_ || (filtered_->places.empty() && !has_slow(match_by_type(type)));
}

std::vector<WebhookId> Matcher::match_by_type(std::string_view type) const {
    std::vector<WebhookId> found;
    std::size_t lists = 0;
    auto add = [&](std::string_view key) {
        auto entry = by_pattern_.find(key);
        if (entry == by_pattern_.end()) return;
        found.insert(found.end(), entry->second.begin(), entry->second.end());
        ++lists;
    };
    add(type);
    add("");
    for (auto dot = type.find('.'); dot != std::string_view::npos; dot = type.find('.', dot + 1)) {
        add(type.substr(0, dot + 1));
    }
    if (lists > 1) sort_once(found);
    return found;
}

std::size_t Matcher::filters_beside(const WebhookId& webhook) const {
    if (!filtered_) return 0;
    const auto slow = filtered_->slow.find(webhook);
    if (slow == filtered_->slow.end()) return 0;
    std::size_t most = 0;
    const auto count = [&](std::string_view type) {
        if (!matches_any(slow->second->patterns, type)) return;
        const auto of_type = std::ranges::count_if(filtered_->slow, [&](const auto& other) {
            return matches_any(other.second->patterns, type);
        });
        most = std::max(most, static_cast<std::size_t>(of_type));
    };
    for (const EventType& type : built_in_types()) count(type.name);
    for (const std::string& type : own_types_) count(type);
    return most;
}

bool Matcher::knows(std::string_view type) const {
    return find_built_in(type) != nullptr || std::ranges::binary_search(own_types_, type);
}

}  // namespace postrider::events
