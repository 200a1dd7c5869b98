#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "store/store.h"
#include "vault/vault.h"

namespace postrider::vault {

/// Where the keys come from.
struct KeySource {
    std::string text;  ///< of POSTRIDER_KEY; when it is not empty it is used, and no file
    std::string file;  ///< --key-file, or `<data>/key`
};

/// Opens the vault of a store: reads the keys and holds them against the store's check value. For a
/// new store it makes the key file when there is none, and the check value. Waits for the store.
/// Errors: unavailable, one sentence each with the way out: no key for a store that has one, a key
/// that is not this store's, a key file that others may read or that is not one.
Result<Vault> open_vault(store::Store& store, const KeySource& source, Random& random);

/// Whether the key is the one that a store has its check value from.
/// Errors: unavailable, as of open_vault().
Result<void> check_key(std::string_view check_value, const KeySource& source);

/// The state of the store that holds the sealed check value.
inline constexpr std::string_view key_check_state = "key_check";
/// Seals the check value with the vault's first key. Waits for the store.
Result<void> put_check_value(store::Store& store, const Vault& vault);

}  // namespace postrider::vault
