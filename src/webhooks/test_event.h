#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "events/delivery_sink.h"
#include "model/actor.h"
#include "model/ids.h"
#include "store/store.h"

/// Tests of a webhook: one event outside the log's lists, for this webhook alone.
namespace postrider::webhooks {

/// Writes the event and its delivery, marked `test`, and returns what the engine is to send after
/// the commit. Without a `type` it is postrider.test; else that type's example with `"test":true`.
/// Errors: not_found; invalid_argument about #/event (unknown, or a type without an example).
Result<events::Offer> write_test(store::Transaction& tx, const RealmId& realm,
                                 const WebhookId& webhook, const std::optional<std::string>& type,
                                 const Actor& actor);

/// A compact JSON object with `"test":true` as its last member, and no other `test`.
Result<std::string> marked_as_test(const std::string& example);

/// Bounds the tests of each webhook: limits::tests_per_minute_max. Thread-safety: any thread.
class TestLimiter {
 public:
    /// Whether one more may be made now; it is counted then.
    bool admit(const WebhookId& webhook, Monotonic now);

 private:
    Mutex mutex_;
    std::map<WebhookId, std::deque<Monotonic>> recent_ GUARDED_BY(mutex_);
};

}  // namespace postrider::webhooks
