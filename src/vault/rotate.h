#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "store/store.h"
#include "vault/open.h"

namespace postrider::vault {

struct RotationReport {
    std::string primary;       ///< the id of the key that seals from now on
    std::size_t values = 0;    ///< sealed again in this run
    std::size_t removed = 0;   ///< old keys that are gone from the file
    bool was_resumed = false;  ///< it went on with a rotation that had been interrupted
    /// The keys come from POSTRIDER_KEY, which only its owner can change: old keys are to be
    /// removed from it now.
    bool old_keys_remain = false;
};

/// Gives the store a new key: writes it into the key file in front of the old ones, seals every
/// sealed column again in steps, checks that nothing needs an old key, and drops the old ones.
/// Killed at any point it loses nothing, and the next call goes on: a file with more than one key
/// is a rotation under way. With POSTRIDER_KEY it seals with the first key there and needs at least
/// two. Requires: nothing else writes to the store (it is offline). Errors: as open_vault; corrupt
/// (a value does not open: nothing is dropped).
Result<RotationReport> rotate_keys(store::Store& store, const KeySource& source, Random& random);

}  // namespace postrider::vault
