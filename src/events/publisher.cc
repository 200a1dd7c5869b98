#include "events/publisher.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "events/catalogue.h"
#include "events/unknown_types.h"
#include "events/view.h"
#include "model/limits.h"
#include "model/turn_limits.h"
#include "store/tables.h"
#include "store/versions_table.h"

namespace postrider::events {
namespace {

using store::PublishAnswer;
using store::PublishShape;
using store::PublishWork;

std::vector<std::string> patterns_of(const std::string& json_array) {
    std::vector<std::string> patterns;
    auto value = json::parse(json_array);
    if (!value || value->as_array() == nullptr) return patterns;
    for (const json::Value& item : *value->as_array()) {
        if (const std::string* text = item.as_string()) patterns.push_back(*text);
    }
    return patterns;
}

using SharedMatcher = std::shared_ptr<const Matcher>;

using ParsedFilters = std::unordered_map<WebhookId, std::shared_ptr<const Filter>>;

/// `filter`: "" for none; it may be among `parsed`. A webhook whose stored filter cannot be read
/// gets nothing: it is set aside as corrupt when it is read as a webhook.
Matcher::Subscription subscription(const WebhookId& webhook, const std::string& events,
                                   const std::string& filter, bool is_ordered,
                                   const ParsedFilters& parsed = {}) {
    Matcher::Subscription read{
        .webhook = webhook, .patterns = patterns_of(events), .is_ordered = is_ordered};
    if (filter.empty()) return read;
    const auto known = parsed.find(webhook);
    if (known != parsed.end() && known->second->text() == filter) {
        read.filter = known->second;
    } else if (auto filter_read = Filter::parse(filter)) {
        read.filter = std::make_shared<const Filter>(std::move(*filter_read));
    } else {
        read.patterns.clear();
    }
    return read;
}

/// `known`: an earlier one, or nullptr.
Result<SharedMatcher> load_matcher(store::Transaction& tx, const RealmId& realm,
                                   std::int64_t config_version, const Matcher* known) {
    POSTRIDER_ASSIGN(auto rows, store::webhooks_table::subscriptions(tx.sql(), realm));
    POSTRIDER_ASSIGN(auto own_types, store::event_types_table::names(tx.sql(), realm));
    // What is published by this configuration has ids above its beginning, on every node.
    POSTRIDER_ASSIGN(const auto since, store::webhook_versions_table::latest(tx.sql(), realm));
    if (since) tx.mint_above(*since);
    const ParsedFilters parsed = known == nullptr ? ParsedFilters{} : known->filters();
    std::vector<Matcher::Subscription> subscriptions;
    subscriptions.reserve(rows.size());
    for (const auto& row : rows) {
        subscriptions.push_back(
            subscription(row.webhook, row.events, filter_in(row.controls), row.ordered, parsed));
        subscriptions.back().all_realms = asks_for_all_realms(row.controls);
    }
    return std::make_shared<const Matcher>(config_version, since.value_or(Uuid{}), subscriptions,
                                           std::move(own_types));
}

/// `known` and what has changed since. nullptr: something other than a few webhooks has.
Result<SharedMatcher> advance_matcher(store::Transaction& tx, const RealmId& realm,
                                      std::int64_t config_version, const Matcher& known) {
    const std::int64_t changed = config_version - known.config_version();
    if (changed <= 0 || changed > limits::matcher_changes_max) return SharedMatcher();
    POSTRIDER_ASSIGN(const auto rows,
                     store::webhook_versions_table::after(tx.sql(), realm, known.newest(),
                                                          static_cast<std::size_t>(changed) + 1));
    // Each change of a webhook makes one version of the configuration, and one row. Own types do
    // not; and a row that another node's clock has put before `newest` is missing here.
    if (rows.unreadable > 0 || rows.size() != static_cast<std::size_t>(changed)) {
        return SharedMatcher();
    }
    std::vector<Matcher::Subscription> changes;
    for (const auto& row : rows) {
        changes.push_back(row.enabled
                              ? subscription(row.webhook, row.events, row.filter, row.ordered)
                              : Matcher::Subscription{row.webhook, {}});
    }
    const Uuid newest = rows.back().since;
    tx.mint_above(newest);
    return std::make_shared<const Matcher>(known.with(config_version, newest, changes));
}

/// The default body of an event that is accepted at `now`, for filters.
auto body_of(const NewEvent& event, Timestamp now) {
    return [&event, now] {
        return event_body(event.type, event.timestamp.value_or(now), event.resource_id, event.data);
    };
}

/// nullopt: every type is known.
std::optional<Error> refuse_unknown(const PublishWork& work, const Matcher& matcher) {
    std::vector<TypeAt> unknown;
    for (std::size_t i = 0; i < work.events.size(); ++i) {
        const std::string& type = work.events[i].type;
        if (matcher.knows(type)) continue;
        unknown.push_back(
            {work.shape == PublishShape::single ? "#" : "#/events/" + std::to_string(i), type});
    }
    if (unknown.empty()) return std::nullopt;
    auto fields = unknown_types(unknown, matcher.own_types());
    std::string message = unknown.size() == 1
                              ? fields.front().detail
                              : std::to_string(unknown.size()) +
                                    " events have a type that does not exist in "
                                    "this realm; the first: " +
                                    fields.front().pointer + " " + fields.front().detail;
    return Error{ErrorCode::invalid_argument, std::move(message), std::move(fields),
                 "unknown-event-type"};
}

std::unexpected<Error> fan_out_too_large(std::size_t fitting) {
    return fail(ErrorCode::invalid_argument,
                "These events need more than " + std::to_string(limits::fan_out_deliveries_max) +
                    " deliveries in one transaction; the first " + std::to_string(fitting) +
                    " of them fit.",
                "fan-out-too-large");
}

std::unexpected<Error> fan_out_busy() {
    return fail(ErrorCode::unavailable,
                "Some 260,000 deliveries of earlier events of this realm are still being written: "
                "nothing was accepted; try again in a moment.");
}

/// To whom an event of a change goes.
Result<std::vector<WebhookId>> match_change(store::Transaction& tx, const Matcher& matcher,
                                            std::string_view type,
                                            const std::function<std::string()>& body) {
    const std::size_t done = std::min(tx.filter_work(), limits::filter_work_of_transaction);
    const std::size_t may =
        std::min(limits::filter_work_of_change, limits::filter_work_of_transaction - done);
    Filter::Work work{.left = may};
    auto webhooks = matcher.match(type, body, work);
    tx.count_filter_work(may - work.left);
    if (work.is_used_up) return filters_too_costly("this change");
    return webhooks;
}

std::unexpected<Error> key_reused(const std::string& key) {
    const std::string detail =
        "was used with another body on this route within the last 24 hours; use a new key for a "
        "new event";
    Error error{ErrorCode::invalid_argument,
                "The Idempotency-Key \"" + key + "\" " + detail + ".",
                {},
                "idempotency-key-reused"};
    error.fields.push_back({{}, {}, "Idempotency-Key", detail});
    return std::unexpected(std::move(error));
}

}  // namespace

Result<SharedMatcher> Publisher::matcher(store::Transaction& tx, const RealmId& realm,
                                         std::int64_t config_version) {
    SharedMatcher known;
    {
        const MutexLock lock(mutex_);
        const auto kept = matchers_.find(realm);
        if (kept != matchers_.end()) {
            known = kept->second.matcher;
            kept->second.used = ++uses_;
        }
    }
    if (known && known->config_version() == config_version) return known;
    SharedMatcher loaded;
    // Versions do not say who takes the events of all realms.
    if (known && realm != master_) {
        POSTRIDER_ASSIGN(loaded, advance_matcher(tx, realm, config_version, *known));
    }
    if (!loaded) {
        POSTRIDER_ASSIGN(loaded, load_matcher(tx, realm, config_version, known.get()));
    }
    tx.after_commit([this, realm, loaded] { keep(realm, loaded); });
    return loaded;
}

void Publisher::keep(const RealmId& realm, const SharedMatcher& loaded) {
    const std::size_t weight = loaded->weight();
    const MutexLock lock(mutex_);
    Kept& kept = matchers_[realm];
    // Of transactions that run side by side, the one that knows more may have come first.
    if (kept.matcher && kept.matcher->config_version() >= loaded->config_version()) return;
    weight_ += weight - kept.weight;
    kept = {loaded, weight, ++uses_};
    while (weight_ > limits::matchers_bytes_max && matchers_.size() > 1) {
        const auto oldest = std::ranges::min_element(
            matchers_, {}, [](const auto& each) { return each.second.used; });
        weight_ -= oldest->second.weight;
        matchers_.erase(oldest);
    }
}

void Publisher::add(store::Transaction& tx, store::EventRow event, const Matcher& matcher,
                    std::span<const WebhookId> webhooks, Rows& rows) {
    if (!webhooks.empty()) {
        const auto content = std::make_shared<const EventContent>(
            event.type, event.timestamp, event.resource_id, event.data, event.trace);
        for (const WebhookId& webhook : webhooks) {
            store::DeliveryRow& row = rows.deliveries.emplace_back();
            row.realm = event.realm;
            row.id = tx.mint_id<DeliveryId>();
            row.webhook = webhook;
            row.event = event.id;
            row.due_at = tx.now();
            row.pending_since = tx.now();
            row.ordered = matcher.is_ordered(webhook);
            if (row.ordered) {
                rows.ordered.push_back({event.realm, webhook, event.resource_id, row.id});
            }
            rows.contents.push_back(content);
        }
    }
    rows.bytes += event.data.size();
    rows.events.push_back(std::move(event));
}

void Publisher::add_parts(store::Transaction& tx, const RealmId& realm, const EventId& event,
                          std::int64_t config_version, std::span<const WebhookId> webhooks,
                          Rows& rows) {
    while (!webhooks.empty()) {
        const auto part =
            webhooks.first(std::min(webhooks.size(), limits::fan_out_part_deliveries));
        rows.parts.push_back({.realm = realm,
                              .id = tx.mint(),
                              .events = {event},
                              .config_version = config_version,
                              .webhooks = {part.begin(), part.end()}});
        webhooks = webhooks.subspan(part.size());
    }
}

void Publisher::add_sets(store::Transaction& tx, const RealmId& realm, std::int64_t config_version,
                         std::span<const EventSet> sets, Rows& rows) {
    for (const EventSet& set : sets) {
        std::span<const WebhookId> webhooks = set.webhooks;
        while (!webhooks.empty()) {
            const auto part =
                webhooks.first(std::min(webhooks.size(), limits::fan_out_part_deliveries));
            rows.parts.push_back({.realm = realm,
                                  .id = tx.mint(),
                                  .events = set.events,
                                  .config_version = config_version,
                                  .webhooks = {part.begin(), part.end()},
                                  .is_set = true});
            webhooks = webhooks.subspan(part.size());
        }
    }
}

Result<SharedMatcher> Publisher::matcher_of_all(store::Transaction& tx, const RealmId& realm) {
    if (master_.is_nil() || realm == master_) return SharedMatcher();
    POSTRIDER_ASSIGN(auto master, current(tx, master_));
    if (master->all_realms_count() == 0) return SharedMatcher();
    return master;
}

void Publisher::add_copy(store::Transaction& tx, store::EventRow event, const Matcher& master,
                         std::span<const WebhookId> webhooks, Rows& rows) const {
    rows.copies.push_back({master_, event.id, event.realm});
    event.realm = master_;
    add(tx, std::move(event), master, webhooks, rows);
}

Result<void> Publisher::copy(store::Transaction& tx, const store::EventRow& event,
                             const Matcher& master, Rows& rows) const {
    if (find_type(event.type) == nullptr) return {};  // of the realm's own
    Filter::Work work{.left = limits::filter_work_of_change};
    const auto webhooks = master.match_of_other(
        event.type,
        [&event] { return event_body(event.type, event.timestamp, event.resource_id, event.data); },
        work);
    if (work.is_used_up) return filters_too_costly("this change");
    if (webhooks.empty()) return {};
    tx.count_deliveries(webhooks.size());
    add_copy(tx, event, master, webhooks, rows);
    return {};
}

Result<std::optional<Publisher::Copies>> Publisher::copies_of(store::Transaction& tx,
                                                              const PublishWork& work, Call& call,
                                                              Result<PublishAnswer>& answer) {
    Copies copies;
    const bool any = std::ranges::any_of(
        work.events, [](const NewEvent& event) { return find_type(event.type) != nullptr; });
    if (!any) return copies;
    POSTRIDER_ASSIGN(copies.master, matcher_of_all(tx, work.realm));
    if (!copies.master) return copies;
    for (const NewEvent& event : work.events) {
        auto& webhooks = copies.webhooks.emplace_back();
        if (find_type(event.type) == nullptr) continue;
        const std::size_t may = std::min(call.filter_work.left, limits::filter_work_of_change);
        Filter::Work own{.left = may};
        webhooks = copies.master->match_of_other(event.type, body_of(event, tx.now()), own);
        call.filter_work.left -= may - own.left;
        if (own.is_used_up) {
            answer = filters_too_costly("this");
            return std::nullopt;
        }
    }
    return copies;
}

Result<void> Publisher::write(store::Transaction& tx, Rows& rows) {
    POSTRIDER_TRY(store::events_table::insert_all(tx, rows.events));
    POSTRIDER_TRY(store::event_copies_table::insert_all(tx, rows.copies));
    POSTRIDER_TRY(store::deliveries_table::insert_all(tx, rows.deliveries));
    POSTRIDER_TRY(store::order_table::enter(tx, rows.ordered));
    POSTRIDER_TRY(store::fan_outs_table::insert_all(tx, rows.parts));
    ring_after_commit(tx, rows);
    for (std::size_t i = 0; i < rows.deliveries.size(); ++i) {
        rows.offers.push_back(
            {std::move(rows.deliveries[i]), std::move(rows.contents[i]), tx.commit_number()});
    }
    rows.events.clear();
    rows.deliveries.clear();
    rows.contents.clear();
    rows.ordered.clear();
    rows.parts.clear();
    rows.copies.clear();
    rows.bytes = 0;
    return {};
}

void Publisher::ring_after_commit(store::Transaction& tx, const Rows& rows) {
    if (bell_ == nullptr) return;
    // The events of a realm mostly follow each other, and a bell that rings twice does no harm.
    const RealmId* last = nullptr;
    for (const store::EventRow& event : rows.events) {
        if (last != nullptr && event.realm == *last) continue;
        last = &event.realm;
        tx.after_commit([this, realm = event.realm] { bell_->ring(realm); });
    }
}

/// Whether the realm's deliveries that are still to be written leave room for more. `left`: how
/// many parts of them there are.
Result<void> Publisher::check_room(store::Transaction& tx, const RealmId& realm,
                                   std::size_t& left) const {
    if (fan_out_ == nullptr) return {};
    POSTRIDER_ASSIGN(
        left, store::fan_outs_table::count(tx.sql(), realm, limits::fan_out_staged_parts_max));
    // What this work has left there itself is its own to wait for.
    if (left >= limits::fan_out_staged_parts_max && !tx.has_waits()) return fan_out_busy();
    return {};
}

/// The event of a change, with its deliveries, or with the parts in which they will be written.
Result<std::size_t> Publisher::insert(store::Transaction& tx, store::EventRow event,
                                      const Matcher& matcher) {
    Rows rows;
    // What is about a realm has its copy anyway.
    if (!event.type.starts_with("realm.")) {
        POSTRIDER_ASSIGN(const auto master, matcher_of_all(tx, event.realm));
        if (master) POSTRIDER_TRY(copy(tx, event, *master, rows));
    }
    POSTRIDER_ASSIGN(auto webhooks, match_change(tx, matcher, event.type, [&event] {
                         return event_body(event.type, event.timestamp, event.resource_id,
                                           event.data);
                     }));
    // Nobody is told of themselves by what may be failing.
    if (is_operational(event.type)) std::erase(webhooks, WebhookId{event.resource_id.uuid});
    const std::size_t count = tx.deliveries_written() + webhooks.size();
    std::size_t left = 0;
    if (!webhooks.empty()) POSTRIDER_TRY(check_room(tx, event.realm, left));
    const bool is_staged =
        fan_out_ != nullptr && (left > 0 || count > limits::publish_rows_at_once);
    if (is_staged) {
        // A webhook's own deletion is told as of the transaction that deletes it.
        const auto others = std::ranges::partition(
            webhooks, [&](const WebhookId& id) { return id.uuid == event.resource_id.uuid; });
        const RealmId realm = event.realm;
        const EventId id = event.id;
        add(tx, std::move(event), matcher, std::span(webhooks.begin(), others.begin()), rows);
        add_parts(tx, realm, id, matcher.config_version(), others, rows);
        write_parts_later(tx, realm, rows);
    } else {
        tx.count_deliveries(webhooks.size());
        add(tx, std::move(event), matcher, webhooks, rows);
    }
    POSTRIDER_TRY(write(tx, rows));
    offer_after_commit(tx, std::move(rows.offers));
    return webhooks.size();
}

/// After the commit; whoever asked waits for it.
void Publisher::write_parts_later(store::Transaction& tx, const RealmId& realm, const Rows& rows) {
    if (rows.parts.empty()) return;
    tx.after_commit([this, realm] { fan_out_->proceed(realm); });
    tx.answer_after([this, realm, last = rows.parts.back().id](std::function<void()> then) {
        fan_out_->when_written(realm, last, std::move(then));
    });
}

void Publisher::offer_after_commit(store::Transaction& tx, std::vector<Offer> offers) {
    if (offers.empty()) return;
    // Shared, because std::function copies what it holds.
    auto shared = std::make_shared<std::vector<Offer>>(std::move(offers));
    tx.after_commit([this, shared] {
        for (Offer& offer : *shared) sink_.offer(std::move(offer));
    });
}

Result<SharedMatcher> Publisher::current(store::Transaction& tx, const RealmId& realm) {
    POSTRIDER_ASSIGN(auto version, store::realms_table::hold_config_version(tx, realm));
    return matcher(tx, realm, version);
}

Result<PublishedEvent> Publisher::publish(store::Transaction& tx, const RealmId& realm,
                                          const NewEvent& event, EventOrigin origin) {
    POSTRIDER_ASSIGN(auto current, this->current(tx, realm));
    CHECK(current->knows(event.type));
    PublishedEvent published{tx.mint_id<EventId>(), event.type, event.resource_id,
                             event.timestamp.value_or(tx.now()), 0};
    POSTRIDER_ASSIGN(published.deliveries,
                     insert(tx,
                            {realm, published.id, event.type, event.resource_id,
                             published.timestamp, origin, event.data, tx.trace()},
                            *current));
    return published;
}

/// Finds the set of each event, and makes those that are new.
Result<std::vector<std::size_t>> Publisher::set_events(store::Transaction& tx,
                                                       const Matcher& matcher,
                                                       std::span<const NewEvent> events,
                                                       std::vector<EventSet>& sets) {
    std::vector<std::size_t> found;
    found.reserve(events.size());
    std::map<std::string_view, std::optional<std::size_t>> of_types;  // none: not by type
    std::map<std::vector<WebhookId>, std::size_t> known;
    for (const NewEvent& event : events) {
        CHECK(matcher.knows(event.type));
        const auto [of_type, is_new] = of_types.try_emplace(event.type);
        if (!of_type->second) {
            POSTRIDER_ASSIGN(auto webhooks,
                             match_change(tx, matcher, event.type, body_of(event, tx.now())));
            const auto [set, is_first] = known.try_emplace(std::move(webhooks), sets.size());
            if (is_first) sets.push_back({set->first, {}});
            found.push_back(set->second);
            if (is_new && matcher.is_by_type(event.type)) of_type->second = set->second;
        } else {
            found.push_back(*of_type->second);
        }
    }
    return found;
}

Result<void> Publisher::publish_all(store::Transaction& tx, const RealmId& realm,
                                    std::span<const NewEvent> events, EventOrigin origin) {
    if (events.empty()) return {};
    POSTRIDER_ASSIGN(auto current, this->current(tx, realm));
    // Events that go to the same webhooks are one set, so that they stay in their order.
    std::vector<EventSet> sets;
    POSTRIDER_ASSIGN(const auto set_of, set_events(tx, *current, events, sets));
    std::size_t deliveries = 0;
    for (const std::size_t set : set_of) deliveries += sets[set].webhooks.size();
    std::size_t left = 0;
    if (deliveries > 0) POSTRIDER_TRY(check_room(tx, realm, left));
    // To one webhook there are as many deliveries as events: parts would not make it shorter.
    const bool has_many =
        tx.deliveries_written() + deliveries > limits::publish_rows_at_once + events.size();
    const bool is_staged = fan_out_ != nullptr && (left > 0 || has_many);
    if (!is_staged) tx.count_deliveries(deliveries);
    POSTRIDER_ASSIGN(const auto master, matcher_of_all(tx, realm));
    Rows rows;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const NewEvent& event = events[i];
        EventSet& set = sets[set_of[i]];
        set.events.push_back(tx.mint_id<EventId>());
        store::EventRow row{realm,
                            set.events.back(),
                            event.type,
                            event.resource_id,
                            event.timestamp.value_or(tx.now()),
                            origin,
                            event.data,
                            tx.trace()};
        if (master) POSTRIDER_TRY(copy(tx, row, *master, rows));
        add(tx, std::move(row), *current, is_staged ? std::span<const WebhookId>{} : set.webhooks,
            rows);
        if (rows.bytes >= limits::publish_set_bytes_max ||
            rows.deliveries.size() >= limits::publish_rows_at_once) {
            POSTRIDER_TRY(write(tx, rows));
        }
    }
    if (is_staged) add_sets(tx, realm, current->config_version(), sets, rows);
    write_parts_later(tx, realm, rows);
    POSTRIDER_TRY(write(tx, rows));
    offer_after_commit(tx, std::move(rows.offers));
    return {};
}

Result<void> Publisher::publish_copy(store::Transaction& tx, const RealmId& realm,
                                     const PublishedEvent& event, std::string_view data,
                                     EventOrigin origin) {
    POSTRIDER_ASSIGN(auto current, this->current(tx, realm));
    POSTRIDER_TRY(insert(tx,
                         {realm, event.id, event.type, event.resource_id, event.timestamp, origin,
                          std::string(data), tx.trace()},
                         *current));
    return {};
}

Result<PublishAnswer> Publisher::add_work(store::Transaction& tx, const PublishWork& work,
                                          const Matcher& matcher,
                                          std::span<const std::vector<WebhookId>> webhooks,
                                          bool is_staged, const Copies& copies, Rows& rows) {
    std::vector<PublishedEvent> published;
    published.reserve(work.events.size());
    std::size_t row_count = work.events.size();
    Uuid last_part;
    for (std::size_t i = 0; i < work.events.size(); ++i) {
        const NewEvent& event = work.events[i];
        const auto& done = published.emplace_back(
            PublishedEvent{tx.mint_id<EventId>(), event.type, event.resource_id,
                           event.timestamp.value_or(tx.now()), webhooks[i].size()});
        // The work is not ours to empty: its group may run again.
        store::EventRow row{work.realm,     done.id,     event.type, event.resource_id,
                            done.timestamp, work.origin, event.data, work.trace};
        if (copies.master && !copies.webhooks[i].empty()) {
            add_copy(tx, row, *copies.master, copies.webhooks[i], rows);
            row_count += 1 + copies.webhooks[i].size();
        }
        add(tx, std::move(row), matcher, is_staged ? std::span<const WebhookId>{} : webhooks[i],
            rows);
        if (is_staged) {
            add_parts(tx, work.realm, done.id, matcher.config_version(), webhooks[i], rows);
            if (!rows.parts.empty()) last_part = rows.parts.back().id;
            row_count += 1 + webhooks[i].size() / limits::fan_out_part_deliveries;
        } else {
            row_count += webhooks[i].size();
        }
        if (rows.bytes >= limits::publish_set_bytes_max) POSTRIDER_TRY(write(tx, rows));
    }
    PublishAnswer answer;
    answer.body = published_answer(work.shape, published);
    answer.rows = row_count;
    answer.first = published.front().id;
    if (!last_part.is_nil()) {
        tx.after_commit([this, realm = work.realm] { fan_out_->proceed(realm); });
        answer.when_written = [this, realm = work.realm, last_part](std::function<void()> then) {
            fan_out_->when_written(realm, last_part, std::move(then));
        };
    }
    if (work.key) {
        POSTRIDER_TRY(store::idempotency_table::put(tx, work.realm, *work.key, answer.body));
    }
    return answer;
}

Result<void> Publisher::publish_work(store::Transaction& tx, const PublishWork& work, Call& call,
                                     Result<PublishAnswer>& answer) {
    auto found = call.matchers.find(work.realm);
    if (found == call.matchers.end()) {
        auto version = store::realms_table::hold_config_version(tx, work.realm);
        auto loaded = version ? matcher(tx, work.realm, *version)
                              : Result<SharedMatcher>(std::unexpected(version.error()));
        found = call.matchers.emplace(work.realm, std::move(loaded)).first;
    }
    if (!found->second) {
        const Error& error = found->second.error();
        if (error.code != ErrorCode::not_found) return std::unexpected(error);
        // The realm went between the request and this transaction: a refusal like any other, also
        // of what it accepted before.
        answer = std::unexpected(error);
        return {};
    }
    if (work.key) {
        POSTRIDER_ASSIGN(
            auto kept, store::idempotency_table::find(tx.sql(), work.realm, *work.key,
                                                      tx.now() - limits::idempotency_key_lifetime));
        if (kept) {
            if (kept->body_sha256 == work.key->body_sha256) {
                answer->body = std::move(kept->answer);
                answer->replayed = true;
            } else {
                answer = key_reused(work.key->key);
            }
            return {};
        }
    }
    const Matcher& current = **found->second;
    if (auto unknown = refuse_unknown(work, current)) {
        answer = std::unexpected(*std::move(unknown));
        return {};
    }
    const auto webhooks = matches_of(work, *found->second, tx.now(), call, answer);
    if (!webhooks) return {};
    std::size_t deliveries = 0;
    for (const auto& of_event : *webhooks) deliveries += of_event.size();
    POSTRIDER_ASSIGN(const std::size_t left, parts_left(tx, work.realm, call));
    if (left >= limits::fan_out_staged_parts_max) {
        answer = fan_out_busy();
        return {};
    }
    // A full batch to one webhook has as many deliveries as events: parts would not make it
    // shorter.
    const bool has_many = deliveries > limits::publish_rows_at_once + work.events.size();
    const bool is_staged = fan_out_ != nullptr && (left > 0 || has_many);
    POSTRIDER_ASSIGN(const auto copies, copies_of(tx, work, call, answer));
    if (!copies) return {};
    POSTRIDER_ASSIGN(answer, add_work(tx, work, current, *webhooks, is_staged, *copies, call.rows));
    call.row_count += answer->rows;
    if (is_staged) call.parts[work.realm] += answer->rows;
    return {};
}

std::optional<std::vector<std::vector<WebhookId>>> Publisher::matches_of(
    const PublishWork& work, const SharedMatcher& matcher, Timestamp now, Call& call,
    Result<PublishAnswer>& answer) {
    const bool is_known = work.matches && work.matches->config_version == matcher->config_version();
    // Half of what is left, so that a costly work does not send those behind it away as well.
    const std::size_t others = call.filter_work.left - call.filter_work.left / 2;
    Filter::Work own{.left = call.filter_work.left / 2};
    std::vector<std::vector<WebhookId>> webhooks;
    std::size_t deliveries = 0;
    for (std::size_t i = 0; i < work.events.size(); ++i) {
        const NewEvent& event = work.events[i];
        webhooks.push_back(is_known ? work.matches->webhooks[i]
                                    : matcher->match(event.type, body_of(event, now), own));
        call.filter_work.left = others + own.left;
        if (own.is_used_up) {
            answer = match_first(work, matcher);
            return std::nullopt;
        }
        deliveries += webhooks.back().size();
        if (deliveries > limits::fan_out_deliveries_max) {
            answer = fan_out_too_large(i);
            return std::nullopt;
        }
    }
    return webhooks;
}

Result<PublishAnswer> Publisher::match_first(const PublishWork& work,
                                             const SharedMatcher& matcher) {
    if (match_queue_ == nullptr) return filters_too_costly("this");
    if (work.matches && work.matches->tries >= limits::match_tries_max) {
        return fail(ErrorCode::unavailable,
                    "The webhooks of this realm change faster than events can be held against "
                    "their filters: nothing was accepted; try again in a moment.");
    }
    PublishAnswer answer;
    answer.instead = [this, matcher](PublishWork back) {
        match_queue_->add(std::move(back), matcher);
    };
    return answer;
}

Result<std::size_t> Publisher::parts_left(store::Transaction& tx, const RealmId& realm,
                                          Call& call) {
    const auto known = call.parts.find(realm);
    if (known != call.parts.end()) return known->second;
    POSTRIDER_ASSIGN(
        const std::size_t left,
        store::fan_outs_table::count(tx.sql(), realm, limits::fan_out_staged_parts_max));
    call.parts.emplace(realm, left);
    return left;
}

Result<std::size_t> Publisher::publish_works(store::Transaction& tx, std::span<PublishWork*> works,
                                             std::span<Result<PublishAnswer>> answers) {
    CHECK(works.size() == answers.size());
    Call call;
    std::size_t count = 0;
    while (count < works.size() && call.row_count < limits::publish_rows_at_once) {
        POSTRIDER_TRY(publish_work(tx, *works[count], call, answers[count]));
        ++count;
    }
    POSTRIDER_TRY(write(tx, call.rows));
    offer_after_commit(tx, std::move(call.rows.offers));
    return count;
}

}  // namespace postrider::events
