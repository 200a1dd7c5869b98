#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "cli/verb.h"

namespace postrider::cli {

/// --passphrase-file FILE, of the verbs that seal and open exports.
Argument passphrase_argument();

/// The first line of that file, else POSTRIDER_PASSPHRASE; "" when neither is given.
/// Errors: invalid_argument, one sentence: the file cannot be read, or it is shorter than
/// limits::export_passphrase_characters_min.
Result<std::string> read_passphrase(const Context& context, const Given& given);

}  // namespace postrider::cli
