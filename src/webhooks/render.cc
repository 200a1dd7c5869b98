#include "webhooks/render.h"

#include <memory>
#include <string>

#include "base/json.h"

namespace postrider::webhooks {
namespace {

std::string with_token(std::string_view data, std::string_view token) {
    std::string text(data);
    const bool has_members = data.size() > 2 && data.starts_with('{');
    if (token.empty() || !has_members) return text;
    text.pop_back();
    text.append(R"(,"token":")").append(token).append("\"}");
    return text;
}

std::string cloud_event(const EventContent& event, const Rendering& rendering,
                        std::string_view data) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.member("specversion", "1.0");
    writer.member("id", rendering.id.to_string());
    writer.member("source", rendering.source);
    writer.member("type", event.type());
    writer.member("subject", event.resource_id().to_string());
    writer.member("time", format_rfc3339(event.timestamp()));
    writer.member("datacontenttype", "application/json");
    writer.member_raw("data", data);
    writer.end_object();
    return text;
}

std::string render_anew(const EventContent& event, const Rendering& rendering) {
    auto data = with_token(event.data(), rendering.token);
    switch (rendering.format) {
        case BodyFormat::postrider:
            return event_body(event.type(), event.timestamp(), event.resource_id(), data);
        case BodyFormat::payload:
            return data;
        case BodyFormat::cloudevents:
            return cloud_event(event, rendering, data);
    }
    return data;
}

}  // namespace

SharedBody render(const SharedEvent& event, const Rendering& rendering) {
    if (rendering.format == BodyFormat::postrider && rendering.token.empty()) {
        // The default body lives as long as its event.
        return {event, &event->body()};
    }
    return std::make_shared<const std::string>(render_anew(*event, rendering));
}

std::string_view content_type_of(BodyFormat format) {
    return format == BodyFormat::cloudevents ? "application/cloudevents+json" : "application/json";
}

}  // namespace postrider::webhooks
