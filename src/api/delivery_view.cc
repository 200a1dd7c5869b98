#include "api/delivery_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "model/order_limits.h"
#include "model/states.h"

namespace postrider::api {

namespace {

void member_or_null(json::Writer& writer, std::string_view name,
                    const std::optional<Timestamp>& time) {
    if (time) {
        writer.member(name, format_rfc3339(*time));
    } else {
        writer.member_null(name);
    }
}

void text_or_null(json::Writer& writer, std::string_view name, const std::string& text) {
    if (text.empty()) {
        writer.member_null(name);
    } else {
        writer.member(name, text);
    }
}

void status_or_null(json::Writer& writer, int status) {
    if (status == 0) {
        writer.member_null("status");
    } else {
        writer.member("status", status);
    }
}

void write_outcome_members(json::Writer& writer, OutcomeReason reason, const std::string& detail) {
    writer.member("kind", to_string(kind_of(reason)));
    writer.member("reason", to_string(reason));
    writer.member("detail", detail);
}

void write_members(json::Writer& writer, const store::DeliveryView& view, const MaybeWait& wait) {
    const store::DeliveryRow& row = view.row;
    const bool pending = row.state == DeliveryState::pending;
    writer.member("id", row.id.to_string());
    writer.member("webhook_id", row.webhook.to_string());
    writer.member("event_id", row.event.to_string());
    writer.member("event", view.event_type);
    writer.member("resource_id", view.resource_id.to_string());
    writer.member("state", to_string(row.state));
    text_or_null(writer, "reason", delivery_reason(view));
    writer.member("test", row.test);
    writer.member("ordered", row.ordered);
    writer.member("attempts", row.attempts);
    writer.key("last_outcome");
    if (view.last_outcome) {
        writer.begin_object();
        write_outcome_members(writer, *view.last_outcome, view.last_detail);
        status_or_null(writer, view.last_status);
        writer.end_object();
    } else {
        writer.null();
    }
    writer.member("created_at", format_rfc3339(row.id.uuid.time()));
    member_or_null(writer, "last_attempt_at", row.last_attempt_at);
    const bool has_time = pending && row.due_at != limits::parked_due;
    member_or_null(writer, "next_attempt_at", has_time ? std::optional(row.due_at) : std::nullopt);
    text_or_null(writer, "waiting_for", wait ? std::string(to_string(wait->what)) : "");
    member_or_null(writer, "waiting_until", wait ? wait->until : std::nullopt);
    member_or_null(writer, "finished_at", row.finished_at);
}

/// Milliseconds, to the microsecond.
void member_ms(json::Writer& writer, std::string_view name, Duration duration) {
    const auto micros = std::max<std::int64_t>(duration.count(), 0);
    writer.member_raw(name, fmt::format("{}.{:03}", micros / 1000, micros % 1000));
}

void write_timings(json::Writer& writer, const AttemptTimings& timings) {
    writer.key("timings");
    writer.begin_object();
    member_ms(writer, "dns_ms", timings.dns);
    member_ms(writer, "connect_ms", timings.connect);
    member_ms(writer, "tls_ms", timings.tls);
    member_ms(writer, "first_byte_ms", timings.first_byte);
    member_ms(writer, "total_ms", timings.total);
    writer.end_object();
}

/// The stored array of [name, value] as an object: in a request of ours no name comes twice.
void write_request(json::Writer& writer, const store::AttemptRow& row) {
    json::Object headers;
    const auto stored = json::parse(row.request_headers);
    const json::Array* pairs = stored ? stored->as_array() : nullptr;
    if (pairs != nullptr) {
        for (const json::Value& pair : *pairs) {
            const json::Array* both = pair.as_array();
            if (both == nullptr || both->size() != 2 || (*both)[0].as_string() == nullptr) continue;
            headers.emplace_back(*(*both)[0].as_string(), (*both)[1]);
        }
    }
    writer.key("request");
    writer.begin_object();
    writer.member("url", row.url);
    writer.member_raw("headers", json::serialize(headers));
    writer.end_object();
}

void write_response(json::Writer& writer, const store::AttemptRow& row) {
    writer.key("response");
    if (row.status == 0) return writer.null();
    writer.begin_object();
    writer.member_raw("headers", row.response_headers.empty() ? "[]" : row.response_headers);
    writer.member("body", row.response_body);
    if (!is_utf8(row.response_body)) {
        writer.member("body_base64", base64_encode(row.response_body));
    }
    writer.member("truncated", row.response_truncated);
    writer.end_object();
}

}  // namespace

std::string delivery_reason(const store::DeliveryView& view) {
    const store::DeliveryRow& row = view.row;
    if (row.state == DeliveryState::delivered) return {};
    if (!row.reason.empty()) return row.reason;
    const bool was_accepted = view.last_outcome == OutcomeReason::accepted;
    std::string reason;
    if (view.last_outcome && !was_accepted) {
        reason = "Attempt " + std::to_string(row.attempts) + " failed: " +
                 (view.last_detail.empty() ? std::string(to_string(*view.last_outcome))
                                           : view.last_detail);
    } else if (was_accepted) {
        reason = "It is to be delivered again";
    }
    if (row.state == DeliveryState::pending && !reason.empty()) {
        reason += "; next attempt at " + format_rfc3339(row.due_at);
    }
    return reason;
}

void write_delivery(json::Writer& writer, const store::DeliveryView& view, const MaybeWait& wait) {
    writer.begin_object();
    write_members(writer, view, wait);
    writer.end_object();
}

void write_delivery(json::Writer& writer, const store::deliveries_table::Listed& listed,
                    const MaybeWait& wait) {
    writer.begin_object();
    write_members(writer, listed.view, wait);
    if (listed.took) {
        member_ms(writer, "duration_ms", *listed.took);
    } else {
        writer.member_null("duration_ms");
    }
    writer.end_object();
}

void write_delivery(json::Writer& writer, const store::DeliveryView& view,
                    const std::vector<store::AttemptRow>& attempts, const MaybeWait& wait,
                    const std::optional<DeliveryId>& blocked_by) {
    writer.begin_object();
    write_members(writer, view, wait);
    text_or_null(writer, "blocked_by", blocked_by ? blocked_by->to_string() : "");
    writer.key("attempts_log");
    writer.begin_array();
    for (const store::AttemptRow& attempt : attempts) write_attempt(writer, attempt);
    writer.end_array();
    writer.end_object();
}

void write_attempt(json::Writer& writer, const store::AttemptRow& row) {
    writer.begin_object();
    writer.member("number", row.number);
    writer.member("started_at", format_rfc3339(row.started_at));
    writer.key("outcome");
    writer.begin_object();
    write_outcome_members(writer, row.outcome, row.detail);
    writer.end_object();
    status_or_null(writer, row.status);
    write_request(writer, row);
    write_response(writer, row);
    writer.member("peer", row.peer);
    write_timings(writer, row.timings);
    member_or_null(writer, "next_attempt_at", row.next_attempt_at);
    writer.end_object();
}

}  // namespace postrider::api
