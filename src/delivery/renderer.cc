#include "delivery/renderer.h"

#include <memory>
#include <utility>

#include "base/memory_guard.h"

namespace postrider::delivery {
namespace {

/// As the filters that take long: it can wait for what is quick.
constexpr int nice_value = 4;

constexpr const char* too_many_wait = "too many bodies wait to be rendered";

}  // namespace

Renderer::Renderer(std::size_t attempts_in_flight_max)
    : queue_({.threads = 1,
              // A realm may have no more waiting than are left, and all may be one realm's.
              .waiting_max = 4 * attempts_in_flight_max,
              .thread_name = "templates",
              .nice = nice_value,
              .when_full = too_many_wait}) {}

void Renderer::add(const RealmId& realm, const WebhookId& webhook, Render render, Then then) {
    const auto shared = std::make_shared<Then>(std::move(then));
    const std::string who = webhook.to_string();
    const auto queued = queue_.add(
        {.realm = realm.to_string(), .who = who, .group = who},
        [render = std::move(render), shared](WorkQueue::Fate fate) {
            using Fate = WorkQueue::Fate;
            if (fate == Fate::runs) return (*shared)(guard_memory(render));
            (*shared)(fail(ErrorCode::unavailable,
                           fate == Fate::gives_way ? too_many_wait : "the server is stopping"));
        });
    if (!queued) (*shared)(std::unexpected(queued.error()));
}

}  // namespace postrider::delivery
