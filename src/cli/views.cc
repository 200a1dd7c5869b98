#include "cli/views.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

#include "model/limits.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;

void add_if(Card& card, std::string label, std::string value, Style style = Style::plain) {
    if (!value.empty()) card.add(std::move(label), std::move(value), style);
}

/// "name: value" lines of an object of strings.
std::string lines_of(const json::Value& object, std::string_view member) {
    std::string lines;
    const auto* value = object.find(member);
    const auto* members = value == nullptr ? nullptr : value->as_object();
    if (members == nullptr) return lines;
    for (const auto& [name, text] : *members) {
        lines += fmt::format("{}{}: {}", lines.empty() ? "" : "\n", printable(name),
                             printable(text_of(*value, name)));
    }
    return lines;
}

void add_secrets(Card& card, Context& context, const json::Value& value) {
    add_if(card, "Secret", text_of(value, "secret"), Style::warning);
    add_if(card, "FerrisKey secret", text_of(value, "ferriskey_secret"), Style::warning);
    add_if(card, "Public key", text_of(value, "public_key"));
    add_if(card, "Previous", text_of(value, "previous"));
    add_if(card, "Previous public key", text_of(value, "previous_public_key"));
    add_if(card, "Previous until", context.when(value, "previous_expires_at"));
}

double number_of(const json::Value& object, std::string_view member) {
    const auto* value = object.find(member);
    if (value == nullptr) return 0;
    if (const auto* whole = value->as_int()) return static_cast<double>(*whole);
    const auto* real = value->as_double();
    return real == nullptr ? 0 : *real;
}

/// "dns 1.2 ms, connect 0.3 ms, …, total 12.0 ms"; without what did not take place.
std::string timings_of(const json::Value& attempt) {
    const auto* timings = attempt.find("timings");
    if (timings == nullptr) return {};
    std::string text;
    for (auto [member, label] :
         {std::pair{"dns_ms", "DNS"}, std::pair{"connect_ms", "connect"},
          std::pair{"tls_ms", "TLS"}, std::pair{"first_byte_ms", "first byte"},
          std::pair{"total_ms", "total"}}) {
        double ms = number_of(*timings, member);
        bool total = std::string_view(member) == "total_ms";
        if (ms > 0 || total)
            text += fmt::format("{}{} {:.1f} ms", text.empty() ? "" : ", ", label, ms);
    }
    return text;
}

std::string response_headers(const json::Value& response) {
    std::string lines;
    const auto* headers = response.find("headers");
    const auto* list = headers == nullptr ? nullptr : headers->as_array();
    if (list == nullptr) return lines;
    for (const auto& pair : *list) {
        const auto* both = pair.as_array();
        if (both == nullptr || both->size() != 2) continue;
        const auto* name = (*both)[0].as_string();
        const auto* value = (*both)[1].as_string();
        if (name == nullptr || value == nullptr) continue;
        lines +=
            fmt::format("{}{}: {}", lines.empty() ? "" : "\n", printable(*name), printable(*value));
    }
    return lines;
}

void show_attempt(Context& context, const json::Value& attempt) {
    const auto* outcome = attempt.find("outcome");
    auto reason = outcome == nullptr ? std::string() : text_of(*outcome, "reason");
    Card card;
    card.add("Attempt " + text_of(attempt, "number"), context.when(attempt, "started_at"),
             Style::heading);
    auto status = text_of(attempt, "status");
    auto detail = outcome == nullptr ? std::string() : printable(text_of(*outcome, "detail"));
    card.add("  Outcome",
             fmt::format("{}{}{}{}", reason, status.empty() ? "" : " " + status,
                         detail.empty() ? "" : ": ", detail),
             reason == "accepted" ? Style::good : Style::bad);
    if (const auto* request = attempt.find("request")) {
        card.add("  Request",
                 "POST " + text_of(*request, "url") + "\n" + lines_of(*request, "headers"));
    }
    add_if(card, "  Peer", text_of(attempt, "peer"));
    const auto* response = attempt.find("response");
    if (response != nullptr && !response->is_null()) {
        auto headers = response_headers(*response);
        card.add("  Response", "HTTP " + status + (headers.empty() ? "" : "\n" + headers));
        bool cut = text_of(*response, "truncated") == "true";
        auto body = text_of(*response, "body");
        if (!body.empty()) card.add("  Body", body + (cut ? "\n… (there was more)" : ""));
    }
    card.add("  Timings", timings_of(attempt));
    add_if(card, "  Next", context.when(attempt, "next_attempt_at"));
    context.terminal().out << '\n';
    context.show(card);
}

}  // namespace

Cell webhook_state(const json::Value& webhook) {
    if (text_of(webhook, "enabled") == "true") return {"enabled", Style::good};
    auto reason = text_of(webhook, "disabled_reason");
    bool by_hand = reason == "by_hand" || reason.empty();
    return {by_hand ? "disabled" : "disabled: " + reason, by_hand ? Style::dim : Style::bad};
}

int show_webhook(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    const auto& webhook = answer.value;
    auto state = webhook_state(webhook);
    auto or_realm = [&](std::string_view member) {
        const auto* value = webhook.find(member);
        if (value == nullptr || value->is_null()) return std::string("the realm's");
        auto text = text_of(webhook, member);
        return text.empty() ? std::string("none: one attempt") : text;
    };
    Card card;
    card.add("Id", text_of(webhook, "id"));
    card.add("Name", printable(text_of(webhook, "name")));
    add_if(card, "Description", text_of(webhook, "description"));
    card.add("URL", printable(text_of(webhook, "url")));
    card.add("State", state.text, state.style);
    card.add("Events", text_of(webhook, "events"));
    add_if(card, "Headers", lines_of(webhook, "headers"));
    card.add("Timeout", or_realm("timeout"));
    card.add("Retry schedule", or_realm("retry_schedule"));
    card.add("Signing", text_of(webhook, "signing"));
    if (const auto* limit = webhook.find("rate_limit"); limit != nullptr && !limit->is_null()) {
        card.add("Rate limit", text_of(*limit, "count") + " in " + text_of(*limit, "per"));
    }
    add_if(card, "In flight", text_of(webhook, "max_in_flight"));
    add_if(card, "Ordering", text_of(webhook, "ordering"));
    add_if(card, "On exhausted", text_of(webhook, "on_exhausted"));
    add_if(card, "Realms", text_of(webhook, "realms"));
    add_if(card, "Format", text_of(webhook, "format"));
    if (const auto* filter = webhook.find("filter"); filter != nullptr && !filter->is_null()) {
        card.add("Filter", printable(json::serialize(*filter)));
    }
    if (const auto* body = webhook.find("template"); body != nullptr && !body->is_null()) {
        card.add("Template", printable(json::serialize(*body)));
    }
    add_if(card, "Authentication", lines_of(webhook, "authentication"));
    add_if(card, "TLS", lines_of(webhook, "tls"));
    add_secrets(card, context, webhook);
    card.add("Created", context.when(webhook, "created_at"));
    card.add("Changed", context.when(webhook, "updated_at"));
    context.show(card);
    if (!text_of(webhook, "secret").empty()) {
        context.complain(
            "the receiver verifies signatures with this secret; `webhook secret` shows it again");
    }
    return exit_ok;
}

int show_secret(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    Card card;
    add_secrets(card, context, answer.value);
    context.show(card);
    return exit_ok;
}

Cell delivery_state(const json::Value& delivery) {
    auto state = text_of(delivery, "state");
    Style style = state == "delivered" ? Style::good
                  : state == "failed"  ? Style::bad
                  : state == "pending" ? Style::warning
                                       : Style::dim;
    return {state, style};
}

int show_delivery(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    const auto& delivery = answer.value;
    auto state = delivery_state(delivery);
    Card card;
    card.add("Delivery", text_of(delivery, "id"));
    card.add("State", state.text, state.style);
    add_if(card, "Reason", printable(text_of(delivery, "reason")));
    card.add("Event", text_of(delivery, "event") + "  " + text_of(delivery, "event_id"));
    card.add("Resource", text_of(delivery, "resource_id"));
    card.add("Webhook", text_of(delivery, "webhook_id"));
    if (text_of(delivery, "test") == "true") card.add("Test", "yes");
    card.add("Attempts", text_of(delivery, "attempts"));
    card.add("Created", context.when(delivery, "created_at"));
    add_if(card, "Last attempt", context.when(delivery, "last_attempt_at"));
    auto due = context.due(delivery, "next_attempt_at");
    add_if(card, "Next attempt", due == "due" ? due : context.when(delivery, "next_attempt_at"));
    auto waiting = text_of(delivery, "waiting_for");
    std::ranges::replace(waiting, '_', ' ');
    if (const auto until = context.when(delivery, "waiting_until"); !until.empty()) {
        waiting += " until " + until;
    }
    add_if(card, "Waiting for", waiting);
    add_if(card, "Blocked by", text_of(delivery, "blocked_by"));
    add_if(card, "Finished", context.when(delivery, "finished_at"));
    context.show(card);
    const auto* attempts = delivery.find("attempts_log");
    if (attempts == nullptr || attempts->as_array() == nullptr) return exit_ok;
    for (const auto& attempt : *attempts->as_array()) show_attempt(context, attempt);
    return exit_ok;
}

namespace {

/// The names of the realm's webhooks by id; none of who may not see them.
std::map<std::string, std::string> webhook_names(Context& context) {
    std::map<std::string, std::string> names;
    std::optional<std::string> cursor;
    do {
        Query query;
        query.add("limit", std::to_string(limits::page_size_max)).add("cursor", cursor);
        auto response = context.send("GET", context.in_realm("/webhooks" + query.text()));
        if (!response || response->status != 200) return names;
        auto page = json::parse(response->body, limits::json_depth_max + 8);
        if (!page) return names;
        const auto* items = page->find("items");
        if (items == nullptr || items->as_array() == nullptr) return names;
        for (const auto& item : *items->as_array()) {
            names.emplace(text_of(item, "id"), text_of(item, "name"));
        }
        auto next = text_of(*page, "next_cursor");
        cursor = next.empty() ? std::nullopt : std::optional(next);
    } while (cursor);
    return names;
}

/// "503", or "timeout": what the last attempt came to. "" before the first one.
Cell last_answer(const json::Value& delivery) {
    const auto* outcome = delivery.find("last_outcome");
    if (outcome == nullptr || outcome->is_null()) return {""};
    auto status = text_of(*outcome, "status");
    auto reason = text_of(*outcome, "reason");
    if (reason == "accepted") return {status.empty() ? reason : status};
    return {status.empty() ? reason : status + " " + reason};
}

}  // namespace

int show_deliveries(Context& context, const Given& given, const std::string& path, Query query) {
    const bool for_people =
        context.connection().output == Output::table || context.connection().output == Output::wide;
    const auto names = for_people ? webhook_names(context) : std::map<std::string, std::string>{};
    auto name_of = [&](const std::string& id) {
        auto found = names.find(id);
        return found == names.end() || found->second.empty() ? short_id(id) : found->second;
    };
    return show_list(context, given, path, std::move(query),
                     {{"ID", Fit::id},
                      {"EVENT", Fit::cut},
                      {"STATE", Fit::whole},
                      {"WEBHOOK", Fit::cut},
                      {"LAST ANSWER", Fit::cut},
                      {"NEXT", Fit::whole},
                      {"CREATED", Fit::whole},
                      {"TRIES", Fit::wide},
                      {"WEBHOOK ID", Fit::wide}},
                     [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
                         return {{text_of(item, "id")},
                                 {text_of(item, "event")},
                                 delivery_state(item),
                                 {name_of(text_of(item, "webhook_id"))},
                                 last_answer(item),
                                 {context.due(item, "next_attempt_at")},
                                 {context.ago(item, "created_at"), Style::dim},
                                 {text_of(item, "attempts")},
                                 {text_of(item, "webhook_id"), Style::dim}};
                     });
}

namespace {

/// How far a running operation is: what it has found while it counts, then what it has done.
std::string progress_of(Context& context, const json::Value& operation) {
    if (text_of(operation, "phase") != "counting") {
        return fmt::format("{} of {}", text_of(operation, "done"), text_of(operation, "total"));
    }
    return fmt::format("counting: {} so far, has looked as far as {}", text_of(operation, "total"),
                       context.when(operation, "looked_until"));
}

}  // namespace

int show_operation(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    const auto& operation = answer.value;
    auto state = text_of(operation, "state");
    Card card;
    card.add("Operation", text_of(operation, "id"));
    card.add("Kind", text_of(operation, "kind"));
    card.add("State", state,
             state == "failed" ? Style::bad
             : state == "done" ? Style::good
                               : Style::plain);
    add_if(card, "Reason", printable(text_of(operation, "detail")));
    card.add("Done", progress_of(context, operation));
    if (state == "running") {
        card.add("Goes on", "by itself; postrider operation show " + text_of(operation, "id") +
                                " --wait follows it");
    }
    add_if(card, "Webhook", text_of(operation, "webhook_id"));
    card.add("Created", context.when(operation, "created_at"));
    add_if(card, "Finished", context.when(operation, "finished_at"));
    context.show(card);
    return exit_ok;
}

int show_count(Context& context, const Answer& answer) {
    if (context.show_raw(answer)) return exit_ok;
    const auto* more = answer.value.find("is_more");
    const bool is_more = more != nullptr && *more == json::Value(true);
    Card card;
    card.add("It would be",
             text_of(answer.value, "count") + (is_more ? " and more" : "") + " deliveries");
    add_if(card, "Failed or cancelled", text_of(answer.value, "lost"));
    add_if(card, "Missed", text_of(answer.value, "missed"));
    card.add("Done", "nothing: this was a dry run");
    context.show(card);
    return exit_ok;
}

int wait_for_operation(Context& context, const std::string& id) {
    const auto path = context.in_realm("/operations/" + percent_encoded(id));
    bool progress = context.terminal().is_terminal && !context.connection().json();
    if (progress) {
        context.terminal().out << "It goes on by itself; Ctrl-C ends only the waiting.\n";
    }
    std::size_t width = 0;
    for (;;) {
        auto answer = context.ask("GET", path);
        if (!answer) return answer.error();
        auto state = text_of(answer->value, "state");
        if (state != "running") {
            if (progress) context.terminal().out << '\n';
            show_operation(context, *answer);
            return state == "done" ? exit_ok : exit_failed;
        }
        if (progress) {
            const auto line = progress_of(context, answer->value);
            width = std::max(width, line.size());
            context.terminal().out << fmt::format("\r{:<{}}", line, width) << std::flush;
        }
        if (!context.pause(limits::operation_poll_interval)) return exit_failed;
    }
}

}  // namespace postrider::cli
