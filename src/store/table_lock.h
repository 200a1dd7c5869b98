#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.h"
#include "model/limits.h"

/// Tries for locks on whole tables of PostgreSQL. Who wants such a table waits behind who waits for
/// its lock, so the first tries are short. Under load they may all fail, and an autovacuum gives in
/// after `deadlock_timeout` alone (a second), so each waits twice as long as the one before.
namespace postrider::store {

/// Of the `tries`-th try, from 1.
inline Duration table_lock_wait(std::size_t tries) {
    const std::size_t doublings = std::min(tries, limits::table_lock_tries_max) - 1;
    return limits::table_lock_wait_first * (1U << doublings);
}

/// After the `tries`-th try: a tenth of the time is held up.
inline Duration table_lock_pause(std::size_t tries) { return 10 * table_lock_wait(tries); }

}  // namespace postrider::store
