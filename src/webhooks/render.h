#pragma once

#include <string_view>

#include "model/event.h"
#include "model/ids.h"
#include "webhooks/controls.h"

namespace postrider::webhooks {

/// What a body is made of beside the event.
struct Rendering {
    BodyFormat format = BodyFormat::postrider;
    EventId id;
    /// The last member of the data, for this attempt only (password_reset_webhook); "" for none,
    /// and none where the data is no object with a member. Visible ASCII without quotes.
    std::string_view token = "";
    std::string_view source = "";  ///< of a CloudEvent: a URI reference that is the realm's
};

/// The body of one attempt. The default format is rendered once an event and shared by all of its
/// deliveries; every other body is rendered for its attempt. Pure.
/// Source: CloudEvents 1.0.2, "JSON Event Format", structured mode.
SharedBody render(const SharedEvent& event, const Rendering& rendering);

/// The content type of a format's bodies.
std::string_view content_type_of(BodyFormat format);

}  // namespace postrider::webhooks
