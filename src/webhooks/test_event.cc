#include "webhooks/test_event.h"

#include <fmt/format.h>

#include "audit/record.h"
#include "base/json.h"
#include "events/catalogue.h"
#include "model/limits.h"
#include "store/tables.h"

namespace postrider::webhooks {
namespace {

constexpr std::string_view test_type = "postrider.test";

/// The example of a built-in type or of one of the realm's own.
Result<std::string> example_of(store::sql::Connection& sql, const RealmId& realm,
                               const std::string& type) {
    if (const auto* built_in = events::find_type(type); built_in != nullptr) {
        return std::string(built_in->example);
    }
    POSTRIDER_ASSIGN(const auto own, store::event_types_table::find(sql, realm, type));
    if (own) {
        if (!own->example.empty()) return own->example;
        return fail_field(
            "#/event", fmt::format("the event type \"{}\" has no example to send: give it one, or "
                                   "leave this out to send a general test event",
                                   type));
    }
    POSTRIDER_ASSIGN(const auto types, store::event_types_table::all(sql, realm));
    std::vector<std::string> names;
    for (const auto& row : types) names.push_back(row.name);
    const auto nearest = events::nearest_name(type, names);
    auto detail = fmt::format("there is no event type \"{}\" in this realm", type);
    if (!nearest.empty()) detail += fmt::format("; do you mean \"{}\"?", nearest);
    return fail_field("#/event", std::move(detail));
}

/// What the example is about, when it says so; else the webhook.
ResourceId resource_of(const std::string& data, const WebhookId& webhook) {
    const auto value = json::parse(data, limits::json_depth_max);
    const auto* id = value ? value->find("id") : nullptr;
    const auto* text = id == nullptr ? nullptr : id->as_string();
    const auto uuid = text == nullptr ? std::nullopt : Uuid::parse(*text);
    return ResourceId{uuid.value_or(webhook.uuid)};
}

}  // namespace

Result<std::string> marked_as_test(const std::string& example) {
    POSTRIDER_ASSIGN(auto value, json::parse(example, limits::json_depth_max));
    auto* members = value.as_object();
    if (members == nullptr) return fail(ErrorCode::corrupt, "a stored example is no object");
    if (value.find("test") != nullptr) {
        std::erase_if(*members, [](const auto& member) { return member.first == "test"; });
        members->emplace_back("test", true);
        return json::serialize(value);
    }
    // The example's own bytes, so that it shows what a real event looks like.
    auto data = example.substr(0, example.rfind('}'));
    if (!members->empty()) data += ',';
    return data + R"("test":true})";
}

Result<events::Offer> write_test(store::Transaction& tx, const RealmId& realm,
                                 const WebhookId& webhook, const std::optional<std::string>& type,
                                 const Actor& actor) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, webhook));
    if (!row || row->deleted_at) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no webhook \"{}\"", webhook.to_string()));
    }
    store::EventRow event{.realm = realm,
                          .id = tx.mint_id<EventId>(),
                          .type = type.value_or(std::string(test_type)),
                          .resource_id = ResourceId{webhook.uuid},
                          .timestamp = tx.now(),
                          .origin = EventOrigin::test,
                          .data = fmt::format(R"({{"webhook_id":"{}"}})", webhook.to_string()),
                          .trace = tx.trace()};
    if (type && *type != test_type) {
        POSTRIDER_ASSIGN(const auto example, example_of(tx.sql(), realm, *type));
        POSTRIDER_ASSIGN(event.data, marked_as_test(example));
        event.resource_id = resource_of(event.data, webhook);
    }
    POSTRIDER_TRY(store::events_table::insert(tx, event));
    store::DeliveryRow delivery;
    delivery.realm = realm;
    delivery.id = tx.mint_id<DeliveryId>();
    delivery.webhook = webhook;
    delivery.event = event.id;
    delivery.test = true;
    delivery.due_at = delivery.pending_since = tx.now();
    // Sent at once by who made it; by its lane only when that one has not come back.
    store::DeliveryRow stored = delivery;
    stored.due_at += limits::test_grace;
    POSTRIDER_TRY(store::deliveries_table::insert(tx, stored));
    POSTRIDER_TRY(audit::record(
        tx, actor, {.realm = realm, .action = "webhook.test", .resource_id = webhook.to_string()}));
    return events::Offer{
        .row = std::move(delivery),
        .event = std::make_shared<const EventContent>(event.type, event.timestamp,
                                                      event.resource_id, event.data, event.trace),
        .commit = tx.commit_number()};
}

bool TestLimiter::admit(const WebhookId& webhook, Monotonic now) {
    const MutexLock lock(mutex_);
    for (auto entry = recent_.begin(); entry != recent_.end();) {
        auto& times = entry->second;
        while (!times.empty() && now - times.front() >= 1min) times.pop_front();
        entry = times.empty() ? recent_.erase(entry) : std::next(entry);
    }
    auto& times = recent_[webhook];
    if (times.size() >= limits::tests_per_minute_max) return false;
    times.push_back(now);
    return true;
}

}  // namespace postrider::webhooks
