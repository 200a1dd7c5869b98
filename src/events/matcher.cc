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

/// In units of Filter::Work: what it takes to look one value up, and how many bytes of an event are
/// read into an index for one.
constexpr std::size_t work_of_key = 5;
constexpr std::size_t bytes_indexed = 4;
/// Bytes.
constexpr std::size_t webhook_weight = 48;
constexpr std::size_t condition_weight = 1024;

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

std::string key_of_pattern(const std::string& pattern) {
    const bool is_prefix = pattern == "*" || pattern.ends_with(".*");
    return is_prefix ? pattern.substr(0, pattern.size() - 1) : pattern;
}

/// Calls `each` with the lists of all patterns that match the type.
template <typename Lists, typename Each>
void each_list(const Lists& lists, std::string_view type, Each each) {
    const auto look = [&](std::string_view key) {
        const auto found = lists.find(key);
        if (found != lists.end()) each(found->second);
    };
    look(type);
    if (!is_operational(type)) look("");
    for (auto dot = type.find('.'); dot != std::string_view::npos; dot = type.find('.', dot + 1)) {
        look(type.substr(0, dot + 1));
    }
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
        if (subscription.is_ordered) ordered_.push_back(subscription.webhook);
        if (subscription.all_realms) all_realms_.push_back(subscription.webhook);
        if (subscription.filter) {
            filtered->add(std::make_shared<const Subscription>(subscription));
            continue;
        }
        for (const std::string& pattern : subscription.patterns) {
            by_pattern_[key_of_pattern(pattern)].push_back(subscription.webhook);
        }
    }
    for (auto& [pattern, webhooks] : by_pattern_) sort_once(webhooks);
    std::ranges::sort(ordered_);
    std::ranges::sort(all_realms_);
    filtered->order();
    if (!filtered->all.empty()) filtered_ = std::move(filtered);
}

Matcher Matcher::with(std::int64_t config_version, const Uuid& newest,
                      const std::vector<Subscription>& changes) const {
    std::map<WebhookId, const Subscription*> changed;  // each to what it is at last
    for (const Subscription& change : changes) changed[change.webhook] = &change;
    Matcher next = *this;
    next.config_version_ = config_version;
    next.newest_ = newest;
    for (auto list = next.by_pattern_.begin(); list != next.by_pattern_.end();) {
        std::erase_if(list->second, [&](const WebhookId& id) { return changed.contains(id); });
        list = list->second.empty() ? next.by_pattern_.erase(list) : std::next(list);
    }
    std::erase_if(next.ordered_, [&](const WebhookId& id) { return changed.contains(id); });
    std::erase_if(next.all_realms_, [&](const WebhookId& id) { return changed.contains(id); });
    std::vector<const Subscription*> added, gone;
    for (const auto& [webhook, change] : changed) {
        if (change->is_ordered) insert_once(next.ordered_, webhook);
        if (change->all_realms) insert_once(next.all_realms_, webhook);
        if (filtered_) {
            const auto had = filtered_->find(webhook);
            if (had != filtered_->all.end()) gone.push_back(had->get());
        }
        if (change->filter && !change->patterns.empty()) {
            added.push_back(change);
            continue;
        }
        for (const std::string& pattern : change->patterns) {
            insert_once(next.by_pattern_[key_of_pattern(pattern)], webhook);
        }
    }
    if (added.empty() && gone.empty()) return next;
    auto filtered =
        filtered_ ? std::make_shared<Filtered>(*filtered_) : std::make_shared<Filtered>();
    std::ranges::sort(gone);
    filtered->remove(gone);
    for (const Subscription* each : added) {
        filtered->add(std::make_shared<const Subscription>(*each));
    }
    filtered->order();
    next.filtered_ = filtered->all.empty() ? nullptr : std::move(filtered);
    return next;
}

/// The end: it has no filter. Requires: they are in order.
std::vector<Matcher::Shared>::const_iterator Matcher::Filtered::find(
    const WebhookId& webhook) const {
    const auto id_of = [](const Shared& each) -> const WebhookId& { return each->webhook; };
    const auto found = std::ranges::lower_bound(all, webhook, {}, id_of);
    return found != all.end() && (*found)->webhook == webhook ? found : all.end();
}

void Matcher::Filtered::remove(const std::vector<const Subscription*>& gone) {
    const auto is_gone = [&](const Subscription* each) {
        return std::ranges::binary_search(gone, each);
    };
    for (const Subscription* each : gone) conditions -= each->filter->conditions();
    for (auto& [pattern, list] : slow) std::erase_if(list, is_gone);
    std::erase_if(slow, [](const auto& list) { return list.second.empty(); });
    for (Place& place : places) {
        std::erase_if(place.entries,
                      [&](const Place::Entry& entry) { return is_gone(entry.subscription); });
        place.in_order = place.entries.size();
    }
    std::erase_if(places, [](const Place& place) { return place.entries.empty(); });
    std::erase_if(all, [&](const Shared& each) { return is_gone(each.get()); });
}

Matcher::Place::Beside Matcher::Place::beside_of(std::size_t hash) const {
    const auto unordered = beside.find(hash);
    Beside found = unordered == beside.end() ? Beside{} : unordered->second;
    const std::span ordered = std::span(entries).first(in_order);
    for (const Entry& entry : std::ranges::equal_range(ordered, hash, {}, &Entry::hash)) {
        ++found.filters;
        found.conditions += entry.subscription->filter->conditions() - 1;
    }
    return found;
}

void Matcher::Place::order() {
    const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(in_order);
    std::ranges::sort(middle, entries.end(), {}, &Entry::hash);
    std::ranges::inplace_merge(entries, middle, {}, &Entry::hash);
    in_order = entries.size();
    beside.clear();
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
            const Place::Beside beside = place->beside_of(hash_of(key));
            most.filters = std::max(most.filters, beside.filters);
            most.conditions = std::max(most.conditions, beside.conditions);
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
void Matcher::Filtered::add(const Shared& subscription) {
    const Filter& filter = *subscription->filter;
    all.push_back(subscription);
    conditions += filter.conditions();
    const auto lookups = filter.lookups();
    const Filter::Lookup* lookup = rarest(filter, lookups);
    if (lookup == nullptr) {
        for (const std::string& pattern : subscription->patterns) {
            slow[key_of_pattern(pattern)].push_back(subscription.get());
        }
        return;
    }
    auto place = std::ranges::find(places, lookup->path, &Place::path);
    if (place == places.end()) place = places.insert(places.end(), Place{lookup->path, {}});
    for (const std::string& key : lookup->keys) {
        const std::size_t hash = hash_of(key);
        place->entries.push_back({hash, subscription.get()});
        Place::Beside& beside = place->beside[hash];
        ++beside.filters;
        beside.conditions += filter.conditions() - 1;
    }
}

/// Returns true if a filter may be held against events of the type.
bool Matcher::Filtered::concerns(std::string_view type) const {
    bool is_concerned = !places.empty();
    each_list(slow, type, [&](const auto&) { is_concerned = true; });
    return is_concerned;
}

void Matcher::Filtered::order() {
    std::ranges::sort(all,
                      [](const Shared& a, const Shared& b) { return a->webhook < b->webhook; });
    for (Place& place : places) place.order();
}

void Matcher::Filtered::find(std::string_view type, const JsonIndex& event, Filter::Work& work,
                             std::vector<WebhookId>& found) const {
    // Each is held against the event once, however often its value is there.
    std::vector<const Subscription*> candidates;
    each_list(slow, type, [&](const std::vector<const Subscription*>& list) {
        candidates.insert(candidates.end(), list.begin(), list.end());
    });
    for (const Place& place : places) {
        std::vector<std::size_t> hashes;
        const auto note = [&](const Node& value) {
            if (!work.spend(work_of_key)) return;
            if (const auto key = key_of(value)) hashes.push_back(hash_of(*key));
        };
        each_at(event.root(), place.path, note);
        sort_once(hashes);
        for (const std::size_t hash : hashes) {
            for (const auto& entry :
                 std::ranges::equal_range(place.entries, hash, {}, &Place::Entry::hash)) {
                const Subscription& each = *entry.subscription;
                if (!work.spend(1)) return;
                if (matches_any(each.patterns, type)) candidates.push_back(&each);
            }
        }
    }
    sort_once(candidates);
    for (const Subscription* each : candidates) {
        if (each->filter->matches(event, work)) found.push_back(each->webhook);
    }
}

std::vector<WebhookId> Matcher::match(std::string_view type,
                                      const std::function<std::string()>& body,
                                      Filter::Work& work) const {
    auto webhooks = match_by_type(type);
    if (is_by_type(type)) return webhooks;
    const std::size_t before = webhooks.size();
    std::string text = body();
    if (!work.spend(text.size() / bytes_indexed)) return {};
    filtered_->find(type, index_of_event(std::move(text)), work, webhooks);
    if (work.is_used_up) return {};
    if (webhooks.size() > before) sort_once(webhooks);
    return webhooks;
}

std::vector<WebhookId> Matcher::match_of_other(std::string_view type,
                                               const std::function<std::string()>& body,
                                               Filter::Work& work) const {
    if (all_realms_.empty()) return {};
    auto webhooks = match(type, body, work);
    std::erase_if(webhooks, [this](const WebhookId& id) {
        return !std::ranges::binary_search(all_realms_, id);
    });
    return webhooks;
}

bool Matcher::is_by_type(std::string_view type) const {
    return !filtered_ || !filtered_->concerns(type);
}

std::vector<WebhookId> Matcher::match_by_type(std::string_view type) const {
    std::vector<WebhookId> found;
    std::size_t lists = 0;
    each_list(by_pattern_, type, [&](const std::vector<WebhookId>& list) {
        found.insert(found.end(), list.begin(), list.end());
        ++lists;
    });
    if (lists > 1) sort_once(found);
    return found;
}

Matcher::Held Matcher::held_with(const WebhookId& webhook) const {
    Held most;
    if (!filtered_) return most;
    const auto found = filtered_->find(webhook);
    if (found == filtered_->all.end()) return most;
    const Subscription* own = found->get();
    const auto count = [&](std::string_view type) {
        std::vector<const Subscription*> of_type;
        each_list(filtered_->slow, type, [&](const std::vector<const Subscription*>& list) {
            of_type.insert(of_type.end(), list.begin(), list.end());
        });
        if (std::ranges::find(of_type, own) == of_type.end()) return;
        sort_once(of_type);
        Held held{of_type.size(), 0};
        for (const Subscription* each : of_type) held.conditions += each->filter->conditions();
        most = {std::max(most.filters, held.filters), std::max(most.conditions, held.conditions)};
    };
    for (const EventType& type : built_in_types()) count(type.name);
    for (const EventType& type : operational_types()) count(type.name);
    for (const std::string& type : own_types_) count(type);
    return most;
}

std::size_t Matcher::conditions() const { return filtered_ ? filtered_->conditions : 0; }

std::size_t Matcher::weight() const {
    std::size_t webhooks = own_types_.size();
    for (const auto& [pattern, list] : by_pattern_) webhooks += list.size();
    return webhooks * webhook_weight + conditions() * condition_weight;
}

std::unordered_map<WebhookId, std::shared_ptr<const Filter>> Matcher::filters() const {
    std::unordered_map<WebhookId, std::shared_ptr<const Filter>> found;
    if (!filtered_) return found;
    for (const Shared& each : filtered_->all) found.emplace(each->webhook, each->filter);
    return found;
}

bool Matcher::knows(std::string_view type) const {
    return find_type(type) != nullptr || std::ranges::binary_search(own_types_, type);
}

}  // namespace postrider::events
