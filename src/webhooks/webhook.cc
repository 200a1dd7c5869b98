#include "webhooks/webhook.h"

#include "base/json.h"
#include "model/limits.h"
#include "net/url.h"

namespace postrider::webhooks {
namespace {

std::unexpected<Error> corrupt(std::string_view what) {
    return fail(ErrorCode::corrupt, "a stored webhook has unreadable " + std::string(what));
}

}  // namespace

std::string to_json(const std::vector<std::string>& words) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const auto& word : words) writer.string(word);
    writer.end_array();
    return out;
}

Result<std::vector<std::string>> parse_words(std::string_view text) {
    auto value = json::parse(text);
    if (!value || value->as_array() == nullptr) return corrupt("lists");
    std::vector<std::string> words;
    for (const auto& element : *value->as_array()) {
        if (element.as_string() == nullptr) return corrupt("lists");
        words.push_back(*element.as_string());
    }
    return words;
}

std::string to_json(const std::vector<Duration>& schedule) {
    std::vector<std::string> words;
    words.reserve(schedule.size());
    for (const auto delay : schedule) words.push_back(format_duration(delay));
    return to_json(words);
}

Result<std::vector<Duration>> parse_schedule(std::string_view text) {
    POSTRIDER_ASSIGN(const auto words, parse_words(text));
    std::vector<Duration> schedule;
    for (const auto& word : words) {
        const auto delay = parse_duration(word);
        if (!delay) return corrupt("durations");
        schedule.push_back(*delay);
    }
    return schedule;
}

namespace {

/// What from_row() leaves out when it cannot be read.
Result<void> read_lists(const store::WebhookRow& row, Webhook& webhook) {
    POSTRIDER_ASSIGN(webhook.header_names, parse_words(row.header_names));
    POSTRIDER_ASSIGN(webhook.events, parse_words(row.events));
    if (row.retry_schedule) {
        POSTRIDER_ASSIGN(webhook.retry_schedule, parse_schedule(*row.retry_schedule));
    }
    POSTRIDER_ASSIGN(const auto schemes, parse_words(row.signing));
    webhook.signing.clear();
    for (const auto& scheme : schemes) {
        const auto parsed = parse_signing_scheme(scheme);
        if (!parsed) return corrupt("signing");
        webhook.signing.push_back(*parsed);
    }
    POSTRIDER_ASSIGN(webhook.controls, parse_controls(row.controls));
    if (!net::parse_url(row.url)) return corrupt("addresses");
    if (row.timeout &&
        (*row.timeout <= Duration{0} || *row.timeout > limits::attempt_timeout_max)) {
        webhook.timeout.reset();
        return corrupt("timeouts");
    }
    return {};
}

}  // namespace

Webhook from_row(const store::WebhookRow& row) {
    Webhook webhook;
    webhook.realm = row.realm;
    webhook.id = row.id;
    webhook.name = row.name;
    webhook.description = row.description;
    webhook.url = row.url;
    webhook.enabled = row.enabled;
    webhook.disabled_reason = row.disabled_reason;
    webhook.timeout = row.timeout;
    webhook.version = row.version;
    webhook.created_at = row.created_at;
    webhook.updated_at = row.updated_at;
    if (!read_lists(row, webhook)) {
        webhook.enabled = false;
        if (!row.deleted_at) webhook.disabled_reason = DisabledReason::corrupt;
    }
    return webhook;
}

void into_row(const Webhook& webhook, store::WebhookRow& row) {
    row.realm = webhook.realm;
    row.id = webhook.id;
    row.name = webhook.name;
    row.description = webhook.description;
    row.url = webhook.url;
    row.header_names = to_json(webhook.header_names);
    row.events = to_json(webhook.events);
    row.enabled = webhook.enabled;
    row.disabled_reason = webhook.disabled_reason;
    row.timeout = webhook.timeout;
    row.retry_schedule.reset();
    if (webhook.retry_schedule) row.retry_schedule = to_json(*webhook.retry_schedule);
    std::vector<std::string> schemes;
    schemes.reserve(webhook.signing.size());
    for (const auto scheme : webhook.signing) schemes.emplace_back(to_string(scheme));
    row.signing = to_json(schemes);
    row.controls = to_json(webhook.controls);
    row.ordered = webhook.controls.is_ordered();
    row.version = webhook.version;
    row.created_at = webhook.created_at;
    row.updated_at = webhook.updated_at;
}

std::string headers_to_plaintext(const Headers& headers) {
    json::Object object;
    for (const auto& [name, value] : headers) object.emplace_back(name, value);
    return json::serialize(std::move(object));
}

Result<Headers> parse_headers_plaintext(std::string_view text) {
    auto value = json::parse(text);
    if (!value || value->as_object() == nullptr) return corrupt("headers");
    Headers headers;
    for (const auto& [name, member] : *value->as_object()) {
        if (member.as_string() == nullptr) return corrupt("headers");
        headers.emplace_back(name, *member.as_string());
    }
    return headers;
}

}  // namespace postrider::webhooks
