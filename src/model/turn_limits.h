#pragma once

#include "model/limits.h"

/// The bounds of whose turn it is, at the store and at hashing; a part of model/limits.h.
namespace postrider::limits {

inline constexpr Duration failing_since_kept =
    1min;  ///< in memory: another node may have counted on meanwhile
inline constexpr std::size_t postgresql_long_closures_max = 2;  ///< at once, in all
inline constexpr Duration postgresql_long_closure =
    30ms;  ///< from this average on a realm's closures are long ones: twenty ways there and back
           ///< over a network are less
inline constexpr std::size_t long_realms_kept_max = 256;  ///< then those that rest are forgotten
inline constexpr Duration read_duration_server =
    30s;  ///< of a read of the server's own, of all realms: 10,000 webhooks are 0.5 s, and one that
          ///< is ended only begins anew
inline constexpr Duration unhurried_commit_after =
    25ms;  ///< outcomes of a quiet server: at 40 events a second each one's is in the commit of the
           ///< next, and there is half as much to sync
inline constexpr std::size_t unhurried_outcomes_max = 64;  ///< in one hand-over; more are at once
inline constexpr int postgresql_closure_again_max =
    2;  ///< beside others, after a conflict; then it runs alone
inline constexpr std::size_t publish_large_events =
    publish_rows_at_once;  ///< a publish of more, up to ~8 ms, has a transaction of its own
inline constexpr std::size_t publish_large_bytes = 1024 * 1024;  ///< likewise, of its data

inline constexpr std::size_t password_hashes_at_once =
    2;  ///< of two realms; of one, one after the other: who floods has one core at most, and a
        ///< login of another realm does not wait for a hash that has begun
inline constexpr std::int64_t matcher_changes_max =
    100;  ///< of webhooks since their realm was last read: each is applied in some 10 us

inline constexpr std::size_t removed_at_once =
    500;  ///< rows of a role or a client that goes; the rest later, or when it expires

/// Free on the disk beside the reserve and what the write-ahead log has not copied yet, or no more
/// is accepted: as much as the largest transaction that may follow.
inline constexpr std::uint64_t disk_free_min = 16 * 1024 * 1024;
/// Left on a full disk for the next commits when the write-ahead log is copied.
inline constexpr std::uint64_t disk_full_commit_bytes = 4 * 1024 * 1024;
/// Conditions of all filters of a realm: some 600 bytes of memory each.
inline constexpr std::size_t realm_conditions_max = 20'000;
inline constexpr std::size_t filter_conditions_beside_max =
    500;  ///< of filters that ask for the same value, beyond it; one more counts as one that cannot
          ///< be looked up; and of those of an event type that cannot
/// Filters are held against events in units of 5 to 20 ns (events/filter.h): on the writer within
/// one transaction of publishes, beyond it elsewhere; and there at most for one event, and for all
/// of a publish.
inline constexpr std::size_t filter_work_of_group = 50'000;
inline constexpr std::size_t filter_work_of_event = 2'000'000;
inline constexpr std::size_t filter_work_of_publish = 100'000'000;
/// Changes of the directory have nobody else to do it: of one event and of one transaction.
inline constexpr std::size_t filter_work_of_change = 600'000;
inline constexpr std::size_t filter_work_of_transaction = 2'000'000;
inline constexpr std::size_t match_queue_max = 4096;  ///< works that wait for their filters
inline constexpr unsigned match_tries_max =
    5;  ///< of a publish whose realm's webhooks change in the meantime each time
/// Of the matchers of all realms; then those that were not used for longest are read again.
inline constexpr std::size_t matchers_bytes_max = 64 * 1024 * 1024;

static_assert(postgresql_long_closures_max < postgresql_closure_connections);

}  // namespace postrider::limits
