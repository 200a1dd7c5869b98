#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "events/delivery_sink.h"
#include "events/event_bell.h"
#include "events/fan_out.h"
#include "events/match_queue.h"
#include "events/matcher.h"
#include "model/event.h"
#include "model/turn_limits.h"
#include "store/event_copies_table.h"
#include "store/order_table.h"
#include "store/store.h"

namespace postrider::events {

/// Writes events and their deliveries. It matches webhooks as of the transaction that it is given,
/// so a webhook whose creation is committed misses nothing that commits after it.
/// Thread-safety: any thread that has a transaction.
class Publisher {
 public:
    explicit Publisher(DeliverySink& sink) : sink_(sink) {}
    /// What has more than limits::publish_rows_at_once deliveries leaves them to `fan_out`, and so
    /// does, to keep the order, what is published to a realm that has parts left there.
    Publisher(DeliverySink& sink, FanOut& fan_out) : sink_(sink), fan_out_(&fan_out) {}
    /// Rung after each commit of events. Requires: said before the first publish. Lifetime:
    /// outlives the store's writer.
    void set_bell(EventBell& bell) { bell_ = &bell; }

    /// What costs the writer too much is matched there. Requires: said before the first publish.
    /// Lifetime: outlives the store's writer.
    void set_match_queue(MatchQueue& queue) { match_queue_ = &queue; }

    /// The realm whose webhooks may take the events of all: what they want is copied there, under
    /// the same id. Requires: said before the first publish.
    void set_master(const RealmId& master) { master_ = master; }

    /// As the transaction sees the realm's webhooks.
    Result<std::shared_ptr<const Matcher>> current(store::Transaction& tx, const RealmId& realm);

    /// The event of a change, in the change's own transaction. Call it before the row goes for a
    /// deletion (which matches as before the change) and after the change, with the realm's
    /// config_version raised where matching changed, for everything else. Whoever asked for the
    /// change is answered when all deliveries are written (Transaction::answer_after); a webhook's
    /// delivery of an event about itself is written at once.
    /// Requires: the type is built in, or the realm's own.
    /// Errors: also unavailable (too many deliveries of the realm are still to be written),
    /// invalid_argument (the realm's filters take too long).
    Result<PublishedEvent> publish(store::Transaction& tx, const RealmId& realm,
                                   const NewEvent& event, EventOrigin origin);

    /// The same of several changes of a realm, in their order: for a webhook that does not take all
    /// their types, only among those of one type where their deliveries are left to `fan_out`.
    Result<void> publish_all(store::Transaction& tx, const RealmId& realm,
                             std::span<const NewEvent> events, EventOrigin origin);

    /// The same fact in a second realm (events about realms: once there, once in `master`): same
    /// id, same bytes.
    Result<void> publish_copy(store::Transaction& tx, const RealmId& realm,
                              const PublishedEvent& event, std::string_view data,
                              EventOrigin origin);

    /// The store's publish handler: idempotency keys, known types, fan-out limit, then the rows.
    /// A refused work has written nothing. How many it did: limits::publish_rows_at_once rows are
    /// enough for several works.
    Result<std::size_t> publish_works(store::Transaction& tx, std::span<store::PublishWork*> works,
                                      std::span<Result<store::PublishAnswer>> answers);

 private:
    using SharedMatcher = std::shared_ptr<const Matcher>;
    /// Rows of a transaction that are written together, and what they have to offer.
    struct Rows {
        std::vector<store::EventRow> events;
        std::vector<store::DeliveryRow> deliveries;
        std::vector<SharedEvent> contents;                ///< of the deliveries
        std::vector<store::order_table::Member> ordered;  ///< among the deliveries
        std::vector<store::FanOutRow> parts;              ///< deliveries for later
        std::vector<store::EventCopy> copies;             ///< which of the events are copies
        std::size_t bytes = 0;                            ///< of the events' data
        std::vector<Offer> offers;                        ///< of what is written
    };
    /// Events that go to the same webhooks.
    struct EventSet {
        std::vector<WebhookId> webhooks;
        std::vector<EventId> events;
    };
    /// What one call of publish_works goes by: the matcher of each realm, and its rows.
    struct Call {
        std::unordered_map<RealmId, Result<SharedMatcher>> matchers;
        std::unordered_map<RealmId, std::size_t> parts;  ///< that are still to be written
        std::size_t row_count = 0;
        Filter::Work filter_work{.left = limits::filter_work_of_group};
        Rows rows;
    };
    /// What events of a work are copied into `master`.
    struct Copies {
        SharedMatcher master;                          ///< nullptr: nothing is
        std::vector<std::vector<WebhookId>> webhooks;  ///< of each event
    };
    /// A matcher of a committed configuration.
    struct Kept {
        SharedMatcher matcher;
        std::size_t weight = 0;
        std::uint64_t used = 0;  ///< higher: later
    };

    Result<SharedMatcher> matcher(store::Transaction& tx, const RealmId& realm,
                                  std::int64_t config_version);
    /// A refusal of this work goes into `answer`; the error that it returns is the database's.
    Result<void> publish_work(store::Transaction& tx, const store::PublishWork& work, Call& call,
                              Result<store::PublishAnswer>& answer);
    /// nullopt: `answer` says what comes of the work instead.
    std::optional<std::vector<std::vector<WebhookId>>> matches_of(
        const store::PublishWork& work, const SharedMatcher& matcher, Timestamp now, Call& call,
        Result<store::PublishAnswer>& answer);
    Result<store::PublishAnswer> match_first(const store::PublishWork& work,
                                             const SharedMatcher& matcher);
    void keep(const RealmId& realm, const SharedMatcher& loaded);
    Result<store::PublishAnswer> add_work(store::Transaction& tx, const store::PublishWork& work,
                                          const Matcher& matcher,
                                          std::span<const std::vector<WebhookId>> webhooks,
                                          bool is_staged, const Copies& copies, Rows& rows);
    /// How many parts of the realm are still to be written.
    Result<std::size_t> parts_left(store::Transaction& tx, const RealmId& realm, Call& call);
    static Result<std::vector<std::size_t>> set_events(store::Transaction& tx,
                                                       const Matcher& matcher,
                                                       std::span<const NewEvent> events,
                                                       std::vector<EventSet>& sets);
    static void add_parts(store::Transaction& tx, const RealmId& realm, const EventId& event,
                          std::int64_t config_version, std::span<const WebhookId> webhooks,
                          Rows& rows);
    static void add_sets(store::Transaction& tx, const RealmId& realm, std::int64_t config_version,
                         std::span<const EventSet> sets, Rows& rows);
    Result<void> check_room(store::Transaction& tx, const RealmId& realm, std::size_t& left) const;
    static void add(store::Transaction& tx, store::EventRow event, const Matcher& matcher,
                    std::span<const WebhookId> webhooks, Rows& rows);
    /// The matcher of `master`, where some of its webhooks take events of this realm. nullptr:
    /// none.
    Result<SharedMatcher> matcher_of_all(store::Transaction& tx, const RealmId& realm);
    /// The event once more in `master`, for those who want it there.
    Result<void> copy(store::Transaction& tx, const store::EventRow& event, const Matcher& master,
                      Rows& rows) const;
    void add_copy(store::Transaction& tx, store::EventRow event, const Matcher& master,
                  std::span<const WebhookId> webhooks, Rows& rows) const;
    /// nullopt: `answer` refuses the work.
    Result<std::optional<Copies>> copies_of(store::Transaction& tx, const store::PublishWork& work,
                                            Call& call, Result<store::PublishAnswer>& answer);
    Result<void> write(store::Transaction& tx, Rows& rows);
    void ring_after_commit(store::Transaction& tx, const Rows& rows);
    /// Returns to how many webhooks it goes.
    Result<std::size_t> insert(store::Transaction& tx, store::EventRow event,
                               const Matcher& matcher);
    void offer_after_commit(store::Transaction& tx, std::vector<Offer> offers);
    void write_parts_later(store::Transaction& tx, const RealmId& realm, const Rows& rows);

    DeliverySink& sink_;
    RealmId master_ = {};  ///< nil: there is none
    FanOut* fan_out_ = nullptr;
    EventBell* bell_ = nullptr;
    MatchQueue* match_queue_ = nullptr;
    /// Matchers of committed configurations only: one that was loaded in a transaction enters after
    /// its commit, because a rolled-back config_version is used again.
    Mutex mutex_;
    std::map<RealmId, Kept> matchers_ GUARDED_BY(mutex_);
    std::size_t weight_ GUARDED_BY(mutex_) = 0;  ///< of them all
    std::uint64_t uses_ GUARDED_BY(mutex_) = 0;
};

}  // namespace postrider::events
