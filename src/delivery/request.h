#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "delivery/lane.h"
#include "net/http_sender.h"
#include "webhooks/target.h"

namespace postrider::delivery {

/// What an attempt sends, and the record of it.
struct Request {
    net::SendRequest send;
    std::string recorded_headers;  ///< JSON array of [name, value], secrets masked
};

/// What a request is made of beside delivery and target.
struct RequestContext {
    std::string_view user_agent;
    /// What absolute URLs of the server begin with; asked only by a format that names it.
    const std::function<std::string()>& origin;
    /// What the body carries beside the event's data, as `data.token`; "" for nothing.
    std::string_view secret = "";
    std::string_view access_token = "";  ///< of a target with a token client
    std::uint64_t span = 0;              ///< of this attempt, where its event has a trace
};

/// Pure: the body of one attempt. With a template it may take milliseconds. Errors:
/// invalid_argument (webhooks/render.h), one sentence.
Result<SharedBody> render_body(const Held& held, const webhooks::Target& target,
                               const RequestContext& context);

/// Pure: the request of one attempt at `now`, with this body. Requires: a target that could be
/// opened.
Request build_request(const Held& held, const webhooks::Target& target,
                      const RequestContext& context, const SharedBody& body, Timestamp now);

/// The row of an attempt that began at `started_at`.
store::AttemptRow build_attempt(const Held& held, const webhooks::Target& target,
                                std::string recorded_headers, AttemptResult result,
                                Timestamp started_at);

}  // namespace postrider::delivery
