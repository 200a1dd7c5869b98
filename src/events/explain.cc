#include "events/explain.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "events/catalogue.h"
#include "events/filter.h"
#include "model/limits.h"
#include "model/order_limits.h"
#include "store/event_copies_table.h"
#include "store/tables.h"
#include "store/versions_table.h"

namespace postrider::events {
namespace {

constexpr std::array<std::pair<Verdict, std::string_view>, 9> verdicts{{
    {Verdict::delivered, "delivered"},
    {Verdict::pending, "pending"},
    {Verdict::failed, "failed"},
    {Verdict::cancelled, "cancelled"},
    {Verdict::not_subscribed, "not_subscribed"},
    {Verdict::disabled, "disabled"},
    {Verdict::created_later, "created_later"},
    {Verdict::deleted, "deleted"},
    {Verdict::filtered, "filtered"},
}};

std::string last_attempt(const store::DeliveryView& view) {
    return view.last_detail.empty() ? std::to_string(view.last_status) : view.last_detail;
}

/// Ends a reason that others wrote as a sentence.
std::string sentence(std::string text) {
    if (!text.empty() && !text.ends_with('.')) text += '.';
    return text;
}

std::string why_final(const store::DeliveryView& view, std::string_view what) {
    std::string text(what);
    text += " after " + std::to_string(view.row.attempts) +
            (view.row.attempts == 1 ? " attempt" : " attempts");
    if (view.row.finished_at) text += " at " + format_rfc3339(*view.row.finished_at);
    if (!view.row.reason.empty()) text += ": " + view.row.reason;
    const bool is_said = view.row.reason.contains(last_attempt(view));
    if (view.last_outcome && view.row.state != DeliveryState::delivered && !is_said) {
        if (text.ends_with('.')) text.pop_back();
        text += "; the last attempt: " + last_attempt(view);
    }
    return sentence(std::move(text));
}

void explain_pending(const store::DeliveryView& view, Duration due_ahead, Explanation& item) {
    item.verdict = Verdict::pending;
    if (view.row.due_at == limits::parked_due) {
        item.because =
            "It waits for an earlier delivery of its resource, whose order the webhook keeps.";
        return;
    }
    item.next_attempt_at = view.row.due_at - due_ahead;
    const std::string due = format_rfc3339(*item.next_attempt_at);
    item.because = view.last_outcome
                       ? "Attempt " + std::to_string(view.row.attempts) + " failed (" +
                             last_attempt(view) + "); the next one is at " + due + "."
                       : "It is queued; the first attempt is due at " + due + ".";
}

void explain_delivery(const store::DeliveryView& view, Duration due_ahead, Explanation& item) {
    item.delivery = view.row.id;
    switch (view.row.state) {
        case DeliveryState::delivered:
            item.verdict = Verdict::delivered;
            item.because = why_final(view, "Delivered");
            return;
        case DeliveryState::failed:
            item.verdict = Verdict::failed;
            item.because = why_final(view, "Failed");
            return;
        case DeliveryState::cancelled:
            item.verdict = Verdict::cancelled;
            item.because = why_final(view, "Cancelled");
            return;
        case DeliveryState::pending:
            return explain_pending(view, due_ahead, item);
    }
}

std::string listed(const std::string& json_array) {
    std::string text;
    auto value = json::parse(json_array);
    if (!value || value->as_array() == nullptr) return text;
    for (const json::Value& item : *value->as_array()) {
        if (!text.empty()) text += ", ";
        if (item.as_string() != nullptr) text += *item.as_string();
    }
    return text;
}

bool any_matches(const std::string& json_array, std::string_view type) {
    auto value = json::parse(json_array);
    if (!value || value->as_array() == nullptr) return false;
    return std::ranges::any_of(*value->as_array(), [&](const json::Value& item) {
        return item.as_string() != nullptr && matches(*item.as_string(), type);
    });
}

std::string why_disabled(DisabledReason reason) {
    switch (reason) {
        case DisabledReason::none:
        case DisabledReason::by_hand:
            return "It was disabled by hand when the event was accepted; recover brings it back.";
        case DisabledReason::gone:
            return "It was disabled when the event was accepted, because its receiver had answered "
                   "410; recover brings it back.";
        case DisabledReason::failing:
            return "It was disabled when the event was accepted, because it had failed for days; "
                   "recover brings it back.";
        case DisabledReason::corrupt:
            return "It was disabled when the event was accepted, because what is stored of it "
                   "could "
                   "not be read; recover brings it back.";
        case DisabledReason::deleted:
            break;
    }
    return "It was deleted before the event was accepted.";
}

/// The condition of a stored filter that an event does not satisfy; nullopt: it satisfies all.
std::optional<std::string> refusing_condition(const std::string& filter,
                                              const store::EventRow& event) {
    if (filter.empty() || event.origin == EventOrigin::test) return std::nullopt;
    const auto read = Filter::parse(filter);
    if (!read) return "its stored text";
    const auto refused = refusal(*read, event);
    return refused ? *refused : "that the stored data of the event is JSON";
}

/// Why there is no delivery of the event to this webhook. `is_of_another`: it is a copy of what
/// happened in another realm.
Result<void> explain_absence(store::sql::Connection& sql, const store::WebhookRow& webhook,
                             const store::EventRow& event, bool is_of_another, Explanation& item) {
    POSTRIDER_ASSIGN(auto version, store::webhook_versions_table::at(sql, webhook.realm, webhook.id,
                                                                     event.id.uuid));
    bool takes_it = true;
    if (is_of_another) {
        POSTRIDER_ASSIGN(takes_it, store::webhook_versions_table::takes_all_realms(
                                       sql, webhook.realm, webhook.id, event.id.uuid));
    }
    if (!version) {
        item.verdict = Verdict::created_later;
        item.because = "It was created at " + format_rfc3339(webhook.created_at) +
                       ", after the event was accepted; recover brings it.";
    } else if (version->reason == DisabledReason::deleted) {
        item.verdict = Verdict::deleted;
        item.because = why_disabled(version->reason);
    } else if (!any_matches(version->events, event.type)) {
        item.verdict = Verdict::not_subscribed;
        item.because = "It subscribed to " + listed(version->events) + ", which does not match " +
                       event.type + ".";
    } else if (!takes_it) {
        item.verdict = Verdict::not_subscribed;
        item.because = "It happened in another realm, whose events the webhook does not take.";
    } else if (is_operational(event.type) && event.resource_id.uuid == webhook.id.uuid) {
        item.verdict = Verdict::not_subscribed;
        item.because =
            "It is about this webhook, and what the server tells of a webhook goes to "
            "the others alone.";
    } else if (auto condition = refusing_condition(version->filter, event)) {
        item.verdict = Verdict::filtered;
        item.because =
            "Its filter did not let the event through: " + *condition + " does not hold.";
    } else if (!version->enabled) {
        item.verdict = Verdict::disabled;
        item.because = why_disabled(version->reason);
    } else if (event.origin == EventOrigin::test) {
        item.verdict = Verdict::not_subscribed;
        item.because = "The event is a test of one webhook and goes to no other.";
    } else {
        // It matched and there is no delivery: retention has removed it.
        item.verdict = Verdict::deleted;
        item.because = "Its delivery is no longer kept.";
    }
    return {};
}

using Deliveries = std::unordered_map<WebhookId, store::DeliveryView>;

/// The newest delivery of the event to each webhook.
Result<Deliveries> deliveries_of(store::sql::Connection& sql, const store::EventRow& event) {
    // Also tests of the event's type, so more than one a webhook: read on to the end.
    Deliveries found;
    std::optional<DeliveryId> before;
    while (true) {
        POSTRIDER_ASSIGN(
            auto page,
            store::deliveries_table::list(
                sql, event.realm, {.webhook = {}, .event = event.id, .state = {}, .event_type = {}},
                before, limits::webhooks_per_realm_max));
        if (page.empty()) return found;
        before = page.back().row.id;
        for (auto& view : page) {
            const WebhookId webhook = view.row.webhook;
            found.try_emplace(webhook, std::move(view));
        }
    }
}

}  // namespace

std::string_view to_string(Verdict verdict) {
    return verdicts[static_cast<std::size_t>(verdict)].second;
}

std::optional<Verdict> parse_verdict(std::string_view text) {
    for (const auto& [verdict, name] : verdicts) {
        if (name == text) return verdict;
    }
    return std::nullopt;
}

Result<std::vector<Explanation>> explain(store::sql::Connection& sql, const RealmId& realm,
                                         const EventId& event_id, Duration due_ahead) {
    POSTRIDER_ASSIGN(auto event, store::events_table::find(sql, realm, event_id));
    if (!event) {
        return fail(ErrorCode::not_found,
                    "There is no event " + event_id.to_string() + " in this realm.");
    }
    POSTRIDER_ASSIGN(const bool is_of_another,
                     store::event_copies_table::is_copy(sql, realm, event_id));
    POSTRIDER_ASSIGN(auto deliveries, deliveries_of(sql, *event));
    POSTRIDER_ASSIGN(
        auto webhooks,
        store::webhooks_table::list(sql, realm, std::nullopt, limits::webhooks_per_realm_max + 1));
    std::vector<Explanation> items;
    items.reserve(webhooks.size());
    for (const store::WebhookRow& webhook : webhooks) {
        Explanation& item = items.emplace_back();
        item.webhook = webhook.id;
        item.name = webhook.name;
        if (auto found = deliveries.find(webhook.id); found != deliveries.end()) {
            explain_delivery(found->second, due_ahead, item);
            deliveries.erase(found);
        } else {
            POSTRIDER_TRY(explain_absence(sql, webhook, *event, is_of_another, item));
        }
    }
    // What is left went to webhooks that have been deleted since.
    for (const auto& [webhook_id, view] : deliveries) {
        Explanation& item = items.emplace_back();
        item.webhook = webhook_id;
        POSTRIDER_ASSIGN(auto tombstone, store::webhooks_table::find(sql, realm, webhook_id));
        if (tombstone) item.name = tombstone->name;
        explain_delivery(view, due_ahead, item);
    }
    std::ranges::sort(items, std::ranges::greater{}, &Explanation::webhook);
    return items;
}

std::string explanation_json(const EventId& event, const std::vector<Explanation>& items) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("event_id", event.to_string());
    writer.key("items");
    writer.begin_array();
    for (const Explanation& item : items) {
        writer.begin_object();
        writer.member("webhook_id", item.webhook.to_string());
        writer.member("name", item.name);
        writer.member("verdict", to_string(item.verdict));
        writer.member("because", item.because);
        if (item.delivery) {
            writer.member("delivery_id", item.delivery->to_string());
        } else {
            writer.member_null("delivery_id");
        }
        if (item.next_attempt_at) {
            writer.member("next_attempt_at", format_rfc3339(*item.next_attempt_at));
        } else {
            writer.member_null("next_attempt_at");
        }
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

}  // namespace postrider::events
