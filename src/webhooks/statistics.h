#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "store/counters_table.h"

/// What attempts and deliveries came to over a period, from the counters: exactly, by the time of
/// the attempt, at a cost that does not depend on how many there were.
namespace postrider::webhooks {

/// How long the spans of an answer are.
struct Resolution {
    std::string_view name;  ///< "15m"
    Duration width;
    store::Grain grain;  ///< which counters have it
};
/// Finest first.
std::span<const Resolution> resolutions();
/// Whether the counters still have its grain at `since`.
bool is_kept(const Resolution& resolution, Timestamp since, Timestamp now);
/// How many spans a period has, rounded outwards.
std::size_t spans_of(const Resolution& resolution, Timestamp since, Timestamp until);

/// A period in whole spans.
struct Period {
    Timestamp since;
    Timestamp until;
    Resolution resolution;
};
Period rounded(const Resolution& resolution, Timestamp since, Timestamp until);

struct Statistics {
    Period period;
    std::optional<Timestamp> counted_since;  ///< nothing before was counted
    store::Counts sum;
    std::vector<store::Counts> spans;
};
/// `webhook`: store::counters_table::whole_realm for all of them.
Result<Statistics> read_statistics(store::sql::Connection& sql, const RealmId& realm,
                                   const WebhookId& webhook, const Period& period);

/// A webhook's place among the others; see rank_webhooks().
struct Ranked {
    WebhookId webhook;
    store::Counts counts;

    /// Whose every attempt failed come first, then who has more failed ones.
    std::int64_t badness() const;
};
struct Ranking {
    std::optional<Timestamp> counted_since;
    std::vector<Ranked> webhooks;  ///< worst first, then newest first
};
/// The webhooks that were attempted in a period.
Result<Ranking> rank_webhooks(store::sql::Connection& sql, const RealmId& realm,
                              const Period& period);

/// The members "attempts", "deliveries" and "attempt_ms".
void write_counts(json::Writer& writer, const store::Counts& counts);
/// The members "wait_ms" and "attempt_buckets", for sums.
void write_distribution(json::Writer& writer, const store::Counts& counts);

}  // namespace postrider::webhooks
