#pragma once

#include <cstddef>

#include "base/time.h"
#include "model/limits.h"

/// The bounds of the log that is read forward (feed/), beside those of limits.h.
namespace postrider::limits {

inline constexpr std::size_t feed_page_default = 100;  ///< events of one answer
inline constexpr std::size_t feed_page_max = 1000;     ///< also rows that one read looks through
inline constexpr std::size_t feed_page_bytes =
    answer_piece_bytes;  ///< of data in one answer, and one event more
/// Of one read for all who wait in a realm: so that a busy log needs some ten a second, each of
/// which costs PostgreSQL up to 10 ms, whatever comes of it.
inline constexpr std::size_t feed_look_bytes = 1024 * 1024;
inline constexpr Duration feed_wait_max = 60s;  ///< below what proxies wait for; then ask again
inline constexpr std::size_t feed_waits_max =
    1024;  ///< calls that wait, each with its connection: a quarter of those there are
/// Of a realm's newest events in memory, for those who wait for more, at least: a second of 5,000 a
/// second. It may have half of what other realms leave, four seconds. Who falls behind it reads
/// from the store, alone, and falls further behind.
inline constexpr std::size_t feed_tail_bytes_min = 4 * 1024 * 1024;
inline constexpr std::size_t feed_tails_bytes_max = 32 * 1024 * 1024;  ///< of all realms
/// Of pages on their way to those who asked, by their network, key and realm (base/shares.h). Each
/// page counts once, however many get it.
inline constexpr std::size_t feed_pages_bytes_max = 64 * 1024 * 1024;
/// Pages made one after the other, before another realm's are: some 10 ms at most.
inline constexpr std::size_t feed_pages_at_once = 16;
/// So long after somebody has asked, a realm's log is kept in memory although nobody waits: who is
/// behind comes level from there, where a read for each of many would be too slow for it.
inline constexpr Duration feed_followed = 1s;
inline constexpr Duration feed_idle = 5s;  ///< a realm that nobody asks for is forgotten then
/// A busy log is looked at so much later for each call that waits, up to the bound: a hundred
/// callers get a few events each time and not one at a time, and p99 stays below 20 ms.
inline constexpr Duration feed_pace_per_wait = 100us;
inline constexpr Duration feed_pace_max = 8ms;
/// An event whose predecessors may still commit is looked at again: nothing tells of their end.
/// Doubled each time.
inline constexpr Duration feed_settle_first = 1ms;
inline constexpr Duration feed_settle_max = 100ms;
inline constexpr Duration feed_listen_again = 10s;  ///< a node says that it still listens
inline constexpr Duration feed_listen_lease = 35s;  ///< three of these may be lost
/// A position of another kind of store begins so much earlier in this one: transactions that
/// overlapped took less.
inline constexpr Duration feed_moved_back = 60s;

inline constexpr std::size_t consumers_per_realm_max = 200;  ///< all in one list
inline constexpr std::size_t consumer_name_bytes_max = 64;
inline constexpr std::int64_t consumer_behind_max = 1000;  ///< counted to here, ~0.5 ms

static_assert(feed_waits_max <= api_connections_max / 4);
static_assert(feed_pace_max + feed_settle_first < 20ms);
static_assert(3 * feed_listen_again < feed_listen_lease);

}  // namespace postrider::limits
