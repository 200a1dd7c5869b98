#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sql/connection.h"

namespace postrider::store {

/// The key by which a username or an e-mail address was unique before names were folded by
/// RFC 8265: ASCII letters in lower case. A row whose folded key is another's keeps it
/// (decisions/0014).
std::string former_name_key(std::string_view text);

/// Gives each user the folded keys of today, once in a store's life; rows that cannot have theirs,
/// since another user of the realm has it, stay as they are and are named in the log. Rows are
/// changed one at a time, so that running nodes do not wait. Errors: those of the connection; the
/// next start goes on.
Result<void> fold_name_keys(sql::Connection& sql);

}  // namespace postrider::store
