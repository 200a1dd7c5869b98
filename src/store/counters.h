#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/time.h"
#include "model/attempt.h"
#include "model/ids.h"
#include "model/states.h"

/// What attempts and deliveries came to, added up by webhook and time: plain values, and the bytes
/// that the store keeps of them. Thread-safety: values.
namespace postrider::store {

/// One number of Counts. Persistent by position: new ones go to the end of their kind's room.
enum class Counted : std::size_t {
    // Attempts; each is one of these eight.
    status_1xx,
    status_2xx,  ///< accepted
    status_3xx,
    status_4xx,
    status_5xx,
    timeout,    ///< transport, and the receiver held it to its end
    transport,  ///< any other outcome of that kind
    internal,
    // Deliveries that were settled.
    delivered,
    failed,
    cancelled,
};
inline constexpr std::size_t counted_attempts = 8;
inline constexpr std::size_t counted_kinds = 11;

/// The upper bounds of histograms, inclusive: 1, 2, 5 ms and so on to 500,000 s.
inline constexpr std::size_t duration_bounds = 27;
Duration duration_bound(std::size_t bucket);
/// Attempts last 30 s at most: the first of the bounds, and a bucket for what is above.
inline constexpr std::size_t attempt_buckets = 16;
inline constexpr std::size_t wait_buckets = duration_bounds + 1;

struct Counts {
    std::array<std::int64_t, counted_kinds> numbers{};
    std::array<std::int64_t, attempt_buckets> attempts{};  ///< by how long they took
    std::array<std::int64_t, wait_buckets> waits{};  ///< delivered ones, since they became pending

    std::int64_t& of(Counted what) { return numbers[static_cast<std::size_t>(what)]; }
    std::int64_t of(Counted what) const { return numbers[static_cast<std::size_t>(what)]; }
    std::int64_t attempts_in_all() const;
    std::int64_t attempts_failed() const { return attempts_in_all() - of(Counted::status_2xx); }
    void add(const Counts& other);
    void add_attempt(OutcomeReason reason, int status, Duration duration);
    void add_delivered(Duration wait);
    bool operator==(const Counts&) const = default;
};

/// Where `percent` of a histogram lies, by nearest rank, taken as evenly spread in its bucket; the
/// last bucket counts as its lower bound. nullopt when it is empty.
std::optional<Duration> percentile(std::span<const std::int64_t> buckets, unsigned percent);

/// How a webhook's attempts ended lately, of a stretch of them.
struct LastResults {
    std::optional<Timestamp> success_at;     ///< of the last that succeeded
    std::optional<Timestamp> failing_since;  ///< the first failed one after that
    std::int64_t failures = 0;               ///< after it, in a row
    std::optional<Timestamp> failure_at;     ///< the last that failed; the two below are of it
    OutcomeReason reason = OutcomeReason::accepted;
    int status = 0;

    void add_attempt(Timestamp at, OutcomeReason outcome, int answered);
    /// What came after.
    void add(const LastResults& later);
    bool operator==(const LastResults&) const = default;
};

/// How long the spans are that counters are kept by. Persistent (seconds).
enum class Grain : std::int64_t { minute = 60, hour = 3600, day = 86400 };
inline constexpr std::array grains{Grain::minute, Grain::hour, Grain::day};
inline Duration length(Grain grain) {
    return std::chrono::seconds{static_cast<std::int64_t>(grain)};
}
/// The begin of the span that `time` lies in; spans begin at the epoch.
Timestamp begin_of_span(Timestamp time, Duration length);

/// What one transaction counted of a webhook in one minute.
struct Counting {
    RealmId realm;
    WebhookId webhook;
    Timestamp minute;
    Counts counts;
    LastResults last;
    bool operator==(const Counting&) const = default;
};

/// Adds up what a transaction counts.
class Tally {
 public:
    /// `at`: by its minute. The place lives as long as the tally.
    Counting& at(const RealmId& realm, const WebhookId& webhook, Timestamp at);
    bool empty() const { return places_.empty(); }
    std::vector<Counting> take();

 private:
    std::map<std::tuple<RealmId, WebhookId, Timestamp>, Counting> places_;
};

/// The bytes of each, and back; nullopt: no bytes of ours.
std::string to_bytes(const Counts& counts);
std::optional<Counts> counts_of(std::string_view bytes);
std::string to_bytes(const std::vector<Counting>& countings);
/// Of `realm` alone when it is given.
std::optional<std::vector<Counting>> countings_of(std::string_view bytes,
                                                  std::optional<RealmId> realm = {});

}  // namespace postrider::store
