#pragma once

#include "api/call.h"
#include "store/event_page.h"

namespace postrider::api {

/// `GET …/events`: answers with a page whose events may be large. What fits a piece
/// (limits::answer_piece_bytes) is an answer like any other; else the page is read from the store
/// while it is sent, a piece at a time, so that who does not read costs a piece and not the page.
void answer_events(Context& context, const Call& call, const store::EventFilter& filter,
                   const Page& page);

}  // namespace postrider::api
