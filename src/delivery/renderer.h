#pragma once

#include <functional>

#include "base/result.h"
#include "base/work_queue.h"
#include "model/event.h"
#include "model/ids.h"

namespace postrider::delivery {

/// Renders the bodies that take their time (those of templates) on a thread of its own, so that the
/// engine's thread goes on with everybody else's deliveries. Realms take turns, one body at a time
/// each, and so do the webhooks of a realm. What waits is bounded by the attempts in flight.
/// Thread-safety: any thread.
class Renderer {
 public:
    using Render = std::function<Result<SharedBody>()>;
    using Then = std::function<void(Result<SharedBody>)>;

    explicit Renderer(std::size_t attempts_in_flight_max);
    Renderer(const Renderer&) = delete;
    Renderer& operator=(const Renderer&) = delete;

    /// Calls `render` on the thread, and `then` with what it returns. Errors, beside its own:
    /// unavailable (stopped; or too little memory, or too many wait).
    void add(const RealmId& realm, const WebhookId& webhook, Render render, Then then);
    /// What waits is told so.
    void stop() { queue_.stop(); }

 private:
    WorkQueue queue_;
};

}  // namespace postrider::delivery
