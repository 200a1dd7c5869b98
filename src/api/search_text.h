#pragma once

#include <optional>

#include "api/call.h"
#include "store/search.h"

namespace postrider::api {

/// `search` of a list: a part of a name.
std::optional<store::search::Text> search_text(Query& query);

}  // namespace postrider::api
