#pragma once

#include "cli/context.h"

namespace postrider::cli {

/// `postrider import --from-ferriskey URL [REALM…]`: the realms of a FerrisKey database, read in
/// one snapshot before the first is written. The same command again goes on where it stopped.
/// Returns the exit code.
int import_from_ferriskey(Context& context, const Given& given);

}  // namespace postrider::cli
