#pragma once

#include "model/limits.h"

/// The bounds of whose turn it is, at the store and at hashing; a part of model/limits.h.
namespace postrider::limits {

inline constexpr Duration failing_since_kept =
    1min;  ///< in memory: another node may have counted on meanwhile
inline constexpr std::size_t postgresql_closures_of_realm_max =
    3;  ///< at once: one connection is free for the others
inline constexpr std::size_t postgresql_long_closures_max =
    2;  ///< at once, in all; a realm has one of them at a time
inline constexpr Duration postgresql_long_closure =
    30ms;  ///< from this average on a realm's closures are long ones: twenty ways there and back
           ///< over a network are less
inline constexpr std::size_t postgresql_closures_after_conflict =
    100;                                                  ///< of its realm, one at a time
inline constexpr std::size_t long_realms_kept_max = 256;  ///< then those that rest are forgotten
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

inline constexpr std::size_t filter_conditions_beside_max =
    slow_filters_max * filter_conditions_max;  ///< of filters that ask for the same value; one more
                                               ///< counts as one that cannot be looked up

static_assert(postgresql_closures_of_realm_max < postgresql_closure_connections);
static_assert(postgresql_long_closures_max < postgresql_closure_connections);

}  // namespace postrider::limits
