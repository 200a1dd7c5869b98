#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/counters.h"
#include "store/list.h"
#include "store/store.h"

/// The counters of webhooks. Who records outcomes appends what it counted as one row to a log, in
/// its own transaction: nobody waits for anybody's row, and nothing that is committed is missed or
/// counted twice. Every few seconds a step folds the oldest rows of that log into the counters by
/// minute, hour and day, and deletes them. A reader adds what the log still has.
namespace postrider::store::counters_table {

/// Stands for all webhooks of a realm in the counters.
inline constexpr WebhookId whole_realm{};

/// Since when this store counts; nullopt: not yet.
Result<std::optional<Timestamp>> counted_since(sql::Connection& sql);
/// Notes that it counts from now on, unless it did before.
Result<void> begin(Transaction& tx);

/// Nothing when there is nothing.
Result<void> append(Transaction& tx, const std::vector<Counting>& countings);

/// Folds the oldest rows of the log, of as many webhooks and minutes as `places_max` but one row at
/// least. Whether there may be more. What the log has of realms that are gone is dropped.
Result<bool> fold(Transaction& tx, std::size_t places_max);
/// Whether the log has any.
Result<bool> has_log(sql::Connection& sql);
/// What the log has of a realm, oldest first.
Result<std::vector<Counting>> not_folded(sql::Connection& sql, const RealmId& realm);

/// One span of the counters.
struct Span {
    WebhookId webhook;
    Timestamp since;
    Counts counts;
};
/// Of one webhook, or of whole_realm: spans that begin in [since, until), oldest first; without
/// those in which nothing was counted. Costs a look for each span, whatever else is stored.
/// Without what the log has.
Result<List<Span>> of_webhook(sql::Connection& sql, const RealmId& realm, const WebhookId& webhook,
                              Grain grain, Timestamp since, Timestamp until);
/// Of every webhook of a realm, and of whole_realm. Without what the log has.
Result<List<Span>> of_all(sql::Connection& sql, const RealmId& realm, Grain grain, Timestamp since,
                          Timestamp until);

/// How many attempts of a realm began yesterday or today (UTC); with what the log has. It grows
/// with each one that is recorded, and falls at midnight. Tests are left out.
Result<std::int64_t> attempts_lately(sql::Connection& sql, const RealmId& realm, Timestamp now);

/// How the attempts of some webhooks ended lately. Without what the log has.
struct Last {
    WebhookId webhook;
    LastResults results;
};
Result<std::optional<LastResults>> last_of(sql::Connection& sql, const RealmId& realm,
                                           const WebhookId& webhook);

/// The name that a deleted webhook had.
Result<void> keep_name(Transaction& tx, const RealmId& realm, const WebhookId& webhook,
                       std::string_view name, Timestamp deleted_at);
Result<std::optional<std::string>> kept_name(sql::Connection& sql, const RealmId& realm,
                                             const WebhookId& webhook);

/// Whether there are spans of that grain that began before `until`.
Result<bool> has_older(sql::Connection& sql, const RealmId& realm, Grain grain, Timestamp until);
/// Removes at most `limit` of them; returns how many.
Result<std::int64_t> expire(Transaction& tx, const RealmId& realm, Grain grain, Timestamp until,
                            std::size_t limit);
/// Whether there are names of webhooks that were deleted before `until`.
Result<bool> has_older_names(sql::Connection& sql, const RealmId& realm, Timestamp until);
/// Removes at most `limit` names of webhooks that were deleted before `until`, and how their
/// attempts ended; returns how many.
Result<std::int64_t> expire_names(Transaction& tx, const RealmId& realm, Timestamp until,
                                  std::size_t limit);

}  // namespace postrider::store::counters_table
