#include "delivery/request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "delivery/decision.h"
#include "delivery/signer.h"
#include "model/trace.h"
#include "webhooks/render.h"

namespace postrider::delivery {
namespace {

void add_header(std::string& lines, std::string& recorded, std::string_view name,
                std::string_view value) {
    lines.append(name).append(": ").append(value).append("\r\n");
    // Names and values of ours are plain ASCII without quotes.
    recorded += recorded.empty() ? '[' : ',';
    recorded.append("[\"").append(name).append("\",\"").append(value).append("\"]");
}

void add_trace(std::string& lines, std::string& recorded, std::string_view trace,
               std::uint64_t span) {
    add_header(lines, recorded, "traceparent", trace::child(trace, span));
    const auto state = trace::state(trace);
    if (state.empty()) return;
    lines.append("tracestate: ").append(state).append("\r\n");
    recorded.append(R"(,["tracestate",)");
    json::append_string(recorded, state);
    recorded += ']';
}

std::string headers_json(const Headers& headers) {
    std::string text = "[";
    for (const auto& [name, value] : headers) {
        if (text.size() > 1) text += ',';
        text += '[';
        json::append_string(text, name);
        text += ',';
        json::append_string(text, value);
        text += ']';
    }
    text += ']';
    return text;
}

bool is_same_header(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

/// The header lines as elements of a JSON array, without their values.
void add_masked(std::string& recorded, std::string_view lines) {
    while (!lines.empty()) {
        recorded += ",[";
        json::append_string(recorded, lines.substr(0, lines.find(':')));
        recorded += ',';
        json::append_string(recorded, secret_mask);
        recorded += ']';
        const auto end = lines.find("\r\n");
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    }
}

/// The value of one of the header lines.
std::optional<std::string> header_in(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const auto end = std::min(lines.find("\r\n"), lines.size());
        const auto line = lines.substr(0, end);
        const auto colon = line.find(": ");
        if (colon == name.size() && is_same_header(line.substr(0, colon), name)) {
            return std::string(line.substr(colon + 2));
        }
        lines.remove_prefix(std::min(lines.size(), end + 2));
    }
    return std::nullopt;
}

}  // namespace

Result<SharedBody> render_body(const Held& held, const webhooks::Target& target,
                               const RequestContext& context) {
    const auto format = target.controls.format.value_or(webhooks::BodyFormat::postrider);
    std::string source;
    if (format == webhooks::BodyFormat::cloudevents) {
        source = fmt::format("{}/realms/{}", context.origin(), target.realm_name);
    }
    return webhooks::render(held.event, {.format = format,
                                         .id = held.row.event,
                                         .token = context.secret,
                                         .source = source,
                                         .realm = target.realm_name,
                                         .body_template = target.body_template.get(),
                                         .header = [&target](std::string_view name) {
                                             return header_in(target.header_lines, name);
                                         }});
}

Request build_request(const Held& held, const webhooks::Target& target,
                      const RequestContext& context, const SharedBody& body, Timestamp now) {
    Request request;
    const auto format = target.controls.format.value_or(webhooks::BodyFormat::postrider);
    std::string id = held.row.event.to_string();
    auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    std::string timestamp = std::to_string(seconds);
    std::string signature = sign(target, id, timestamp, *body, now);

    auto& lines = request.send.headers;
    auto& recorded = request.recorded_headers;
    lines.reserve(320 + target.header_lines.size());
    recorded.reserve(384);
    add_header(lines, recorded, "content-type", webhooks::content_type_of(format));
    add_header(lines, recorded, "user-agent", context.user_agent);
    add_header(lines, recorded, "webhook-id", id);
    add_header(lines, recorded, "webhook-timestamp", timestamp);
    if (!signature.empty()) add_header(lines, recorded, "webhook-signature", signature);
    if (const auto& trace = held.event->trace(); !trace.empty()) {
        add_trace(lines, recorded, trace, context.span);
    }
    const auto ferriskey = sign_ferriskey(target, timestamp, *body);
    if (!ferriskey.empty()) {
        add_header(lines, recorded, "x-ferriskey-signature", ferriskey);
        add_header(lines, recorded, "x-ferriskey-timestamp", timestamp);
        add_header(lines, recorded, "x-ferriskey-delivery-id", held.row.id.to_string());
    }
    if (!context.access_token.empty()) {
        lines.append("authorization: Bearer ").append(context.access_token).append("\r\n");
        recorded.append(R"(,["authorization",")").append(secret_mask).append(R"("])");
    }
    lines += target.header_lines;
    add_masked(recorded, target.header_lines);
    recorded += ']';

    request.send.realm = held.row.realm;
    request.send.url = target.url;
    request.send.body = body;
    request.send.timeout = target.timeout;
    request.send.policy = target.policy;
    request.send.client_tls = target.client_tls;
    return request;
}

store::AttemptRow build_attempt(const Held& held, const webhooks::Target& target,
                                std::string recorded_headers, AttemptResult result,
                                Timestamp started_at) {
    std::string detail = describe(result);
    return {.realm = held.row.realm,
            .delivery = held.row.id,
            .number = held.row.attempts + 1,
            .started_at = started_at,
            .outcome = result.reason,
            .detail = std::move(detail),
            .status = result.status,
            .url = target.url != nullptr ? target.url->to_string() : "",
            .request_headers = recorded_headers.empty() ? "[]" : std::move(recorded_headers),
            .response_headers = headers_json(result.response_headers),
            .response_body = std::move(result.response_body),
            .response_truncated = result.response_truncated,
            .peer = std::move(result.peer),
            .timings = result.timings,
            .next_attempt_at = {}};
}

}  // namespace postrider::delivery
