#include "webhooks/render.h"

#include <memory>
#include <string>

#include "base/json.h"
#include "base/json_text.h"
#include "model/limits.h"

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

Result<std::string> fill_template(const EventContent& event, const Rendering& rendering,
                                  std::string_view data) {
    if (rendering.body_template == nullptr) {
        return fail(ErrorCode::invalid_argument, "the webhook's template cannot be read");
    }
    auto checked = json::compact(data, limits::json_depth_max);
    if (!checked) {
        return fail(ErrorCode::invalid_argument, "the stored data of the event is no JSON");
    }
    const events::JsonIndex index(std::move(*checked));
    const std::string timestamp = format_rfc3339(event.timestamp());
    const std::string resource = event.resource_id().to_string();
    const std::string id = rendering.id.to_string();
    return rendering.body_template->render({.event = event.type(),
                                            .timestamp = timestamp,
                                            .resource_id = resource,
                                            .id = id,
                                            .realm = rendering.realm,
                                            .data = index,
                                            .header = rendering.header});
}

Result<std::string> render_anew(const EventContent& event, const Rendering& rendering) {
    auto data = with_token(event.data(), rendering.token);
    switch (rendering.format) {
        case BodyFormat::postrider:
            return event_body(event.type(), event.timestamp(), event.resource_id(), data);
        case BodyFormat::payload:
            return data;
        case BodyFormat::cloudevents:
            return cloud_event(event, rendering, data);
        case BodyFormat::custom:
        case BodyFormat::slack:
        case BodyFormat::discord:
        case BodyFormat::teams:
        case BodyFormat::pagerduty:
            return fill_template(event, rendering, data);
    }
    return data;
}

}  // namespace

Result<SharedBody> render(const SharedEvent& event, const Rendering& rendering) {
    if (rendering.format == BodyFormat::postrider && rendering.token.empty()) {
        // The default body lives as long as its event.
        return SharedBody{event, &event->body()};
    }
    POSTRIDER_ASSIGN(auto text, render_anew(*event, rendering));
    return std::make_shared<const std::string>(std::move(text));
}

std::string_view content_type_of(BodyFormat format) {
    return format == BodyFormat::cloudevents ? "application/cloudevents+json" : "application/json";
}

Result<std::shared_ptr<const Template>> template_of(const Controls& controls) {
    const auto format = controls.format.value_or(BodyFormat::postrider);
    if (format == BodyFormat::custom) {
        POSTRIDER_ASSIGN(auto read, Template::parse(controls.body_template.value_or("null")));
        return std::make_shared<const Template>(std::move(read));
    }
    // Ready ones last for ever.
    return std::shared_ptr<const Template>(std::shared_ptr<void>(),
                                           ready_template(to_string(format)));
}

}  // namespace postrider::webhooks
