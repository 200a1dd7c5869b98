#pragma once

#include "cli/verb.h"

namespace postrider::cli {

/// `postrider search`: what an id or a part of a name leads to.
Verb search_verb();

}  // namespace postrider::cli
