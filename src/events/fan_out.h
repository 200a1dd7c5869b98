#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "events/delivery_sink.h"
#include "store/counters.h"
#include "store/fan_outs_table.h"
#include "store/store.h"

namespace postrider::events {

/// Writes the deliveries of events that have very many, after the events themselves: part by part,
/// oldest first, limits::fan_out_part_deliveries a transaction, so that nobody who wants to write
/// in between waits for all of them. What a crash leaves over is taken up by resume().
/// Thread-safety: any thread.
class FanOut {
 public:
    FanOut(store::Store& store, DeliverySink& sink) : store_(store), sink_(sink) {}
    FanOut(const FanOut&) = delete;
    FanOut& operator=(const FanOut&) = delete;

    /// Goes on with every realm that has parts. Call it at the start, and from time to time: for
    /// what an error of the store has stopped, and for what a node left that has died.
    void resume();
    /// The realm has parts, in a transaction that is committed.
    void proceed(const RealmId& realm);
    /// Calls `then` once every part of the realm up to `last` is written, from any thread; also
    /// when an error stops it, because the parts are durable: resume() goes on with them.
    void when_written(const RealmId& realm, const Uuid& last, std::function<void()> then);

 private:
    struct Progress {
        Uuid written;        ///< the last part that is
        bool again = false;  ///< there may be new ones
        std::vector<std::pair<Uuid, std::function<void()>>> waiting;
    };
    struct Step {
        bool is_empty = true;  ///< there was nothing to do
        Uuid written;          ///< the last part that is; nil: none is as a whole
    };
    /// To whom what is written of a part may still go.
    struct Receivers {
        bool is_realm_gone = false;
        std::optional<std::set<WebhookId>> enabled;  ///< none: all that the part names
        std::set<WebhookId> ordered;                 ///< keep the order of their resources
    };
    void step(const RealmId& realm);
    Result<Step> write_parts(store::Transaction& tx, const RealmId& realm);
    Result<void> write_events(store::Transaction& tx, const store::FanOutRow& part,
                              std::size_t count, const Receivers& receivers);
    static Result<void> set_aside(store::Transaction& tx, const store::FanOutRow& part,
                                  const EventId& event, const Receivers& receivers,
                                  const Error& problem, store::Tally& tally);
    static Result<Receivers> receivers_of(store::Transaction& tx, const store::FanOutRow& part);
    static std::vector<store::DeliveryRow> deliveries_of(store::Transaction& tx,
                                                         const store::FanOutRow& part,
                                                         const EventId& event,
                                                         const Receivers& receivers,
                                                         store::Tally& tally);
    void advance(const RealmId& realm, const Result<Step>& step);

    store::Store& store_;
    DeliverySink& sink_;
    Mutex mutex_;
    std::map<RealmId, Progress> realms_ GUARDED_BY(mutex_);  ///< those of which a step is under way
};

}  // namespace postrider::events
