#include "events/matcher.h"

#include <algorithm>
#include <iterator>

#include "events/catalogue.h"

namespace postrider::events {

Matcher::Matcher(std::int64_t config_version, const Uuid& newest,
                 const std::vector<Subscription>& subscriptions, std::vector<std::string> own_types)
    : config_version_(config_version), newest_(newest), own_types_(std::move(own_types)) {
    std::ranges::sort(own_types_);
    for (const Subscription& subscription : subscriptions) {
        for (const std::string& pattern : subscription.patterns) {
            list_of(pattern).push_back(subscription.webhook);
        }
    }
    for (auto& [pattern, webhooks] : by_pattern_) {
        std::ranges::sort(webhooks);
        auto twins = std::ranges::unique(webhooks);
        webhooks.erase(twins.begin(), twins.end());
    }
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
    for (const Subscription& change : changes) {
        for (auto list = next.by_pattern_.begin(); list != next.by_pattern_.end();) {
            auto& webhooks = list->second;
            const auto place = std::ranges::lower_bound(webhooks, change.webhook);
            if (place != webhooks.end() && *place == change.webhook) webhooks.erase(place);
            list = webhooks.empty() ? next.by_pattern_.erase(list) : std::next(list);
        }
        for (const std::string& pattern : change.patterns) {
            auto& webhooks = next.list_of(pattern);
            const auto place = std::ranges::lower_bound(webhooks, change.webhook);
            if (place == webhooks.end() || *place != change.webhook) {
                webhooks.insert(place, change.webhook);
            }
        }
    }
    return next;
}

std::vector<WebhookId> Matcher::match(std::string_view type) const {
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
    if (lists > 1) {
        std::ranges::sort(found);
        auto twins = std::ranges::unique(found);
        found.erase(twins.begin(), twins.end());
    }
    return found;
}

bool Matcher::knows(std::string_view type) const {
    return find_built_in(type) != nullptr || std::ranges::binary_search(own_types_, type);
}

}  // namespace postrider::events
