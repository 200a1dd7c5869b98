#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/event.h"
#include "model/ids.h"
#include "webhooks/controls.h"
#include "webhooks/template.h"

namespace postrider::webhooks {

/// What a body is made of beside the event.
struct Rendering {
    BodyFormat format = BodyFormat::postrider;
    EventId id;
    /// The last member of the data, for this attempt only (password_reset_webhook); "" for none,
    /// and none where the data is no object with a member. Visible ASCII without quotes.
    std::string_view token = "";
    std::string_view source = "";  ///< of a CloudEvent: a URI reference that is the realm's
    std::string_view realm = "";   ///< its name, for templates
    const Template* body_template = nullptr;  ///< of the formats that have one
    /// The webhook's own headers, for templates.
    std::function<std::optional<std::string>(std::string_view)> header = nullptr;
};

/// The body of one attempt. The default format is rendered once an event and shared by all of its
/// deliveries; every other body is rendered for its attempt. Pure.
/// Errors: invalid_argument (its template makes no body of this event), one sentence.
/// Source: CloudEvents 1.0.2, "JSON Event Format", structured mode.
Result<SharedBody> render(const SharedEvent& event, const Rendering& rendering);

/// The content type of a format's bodies.
std::string_view content_type_of(BodyFormat format);

/// The template of a format: a ready one, or the webhook's own, parsed anew; nullptr for formats
/// without. Errors: invalid_argument (Template::parse).
Result<std::shared_ptr<const Template>> template_of(const Controls& controls);

}  // namespace postrider::webhooks
