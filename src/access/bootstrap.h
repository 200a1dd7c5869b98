#pragma once

#include <string>

#include "access/api_keys.h"
#include "base/random.h"
#include "store/store.h"

namespace postrider::access {

/// The name of the server's own key, set at each start by its token file or variable.
inline constexpr std::string_view bootstrap_name = "bootstrap";

struct BootstrapOptions {
    std::string token;       ///< POSTRIDER_BOOTSTRAP_TOKEN; empty: not given
    std::string token_file;  ///< <data>/admin-token, 0600
    RealmId master;
};

enum class BootstrapResult {
    kept,       ///< the key of an earlier start stays
    given,      ///< it is options.token
    generated,  ///< a new one was made and written to options.token_file
};

/// Loads every key into `keys`, and sees to the key named `bootstrap`: all permissions, realm
/// `master`. It is the given token; or what stands in the token file; or, when no key of that name
/// exists, a new one, written to the file first. Blocks: for the start.
/// Errors: invalid_argument (the given token is shorter than
/// limits::bootstrap_token_characters_min), unavailable (the file cannot be written), the store's.
Result<BootstrapResult> bootstrap(store::Store& store, ApiKeys& keys,
                                  const BootstrapOptions& options, Random& random);

}  // namespace postrider::access
