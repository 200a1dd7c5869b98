#pragma once

#include <map>
#include <memory>
#include <span>

#include "base/result.h"
#include "events/delivery_sink.h"
#include "events/matcher.h"
#include "model/event.h"
#include "store/store.h"

namespace postrider::events {

/// Writes events and their deliveries. It matches webhooks as of the transaction that it is given,
/// so a webhook whose creation is committed misses nothing that commits after it.
/// Thread-safety: the writer's thread.
class Publisher {
 public:
    explicit Publisher(DeliverySink& sink) : sink_(sink) {}

    /// The event of a change, in the change's own transaction. Call it before the row goes for a
    /// deletion (which matches as before the change) and after the change, with the realm's
    /// config_version raised where matching changed, for everything else.
    Result<PublishedEvent> publish(store::Transaction& tx, const RealmId& realm,
                                   const NewEvent& event, EventOrigin origin);

    /// The same fact in a second realm (events about realms: once there, once in `master`): same id,
    /// same bytes.
    Result<void> publish_copy(store::Transaction& tx, const RealmId& realm,
                              const PublishedEvent& event, std::string_view data,
                              EventOrigin origin);

    /// The store's publish handler: idempotency keys, known types, fan-out limit, then the rows.
    /// A refused work has written nothing.
    Result<void> publish_works(store::Transaction& tx, std::span<store::PublishWork*> works,
                               std::span<Result<store::PublishAnswer>> answers);

 private:
    Result<std::shared_ptr<const Matcher>> matcher(store::Transaction& tx, const RealmId& realm);

    DeliverySink& sink_;
    /// Matchers of committed configurations only: one that was loaded in a transaction enters after
    /// its commit, because a rolled-back config_version is used again.
    std::map<RealmId, std::shared_ptr<const Matcher>> matchers_;
};

}  // namespace postrider::events
