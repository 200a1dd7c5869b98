#pragma once

#include <cstddef>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "webhooks/target.h"

namespace postrider::webhooks {

/// How much memory the engine's targets take for what people have written into their webhooks, in
/// each realm. Thread-safety: any thread.
class HeldMemory {
 public:
    /// Errors: invalid_argument (with this target, its realm would have more than
    /// limits::webhook_memory_per_realm_max, and it takes more than the one that it replaces).
    /// Those that are in the same transaction are not counted yet.
    Result<void> check(const Target& target) const;
    /// The engine holds `target` now, in place of the webhook's one before.
    void put(const Target& target);
    void remove(const WebhookId& webhook);

 private:
    struct Held {
        RealmId realm;
        std::size_t bytes = 0;
    };
    void forget(const WebhookId& webhook) REQUIRES_LOCK(mutex_);

    mutable Mutex mutex_;
    std::unordered_map<WebhookId, Held> webhooks_ GUARDED_BY(mutex_);
    std::unordered_map<RealmId, std::size_t> realms_ GUARDED_BY(mutex_);  ///< those that have any
};

}  // namespace postrider::webhooks
