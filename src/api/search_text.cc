#include "api/search_text.h"

#include <string>

#include "model/counter_limits.h"

namespace postrider::api {

std::optional<store::search::Text> search_text(Query& query) {
    const auto typed = query.text("search");
    if (!typed) return std::nullopt;
    if (typed->empty() || typed->size() > limits::search_text_characters_max) {
        query.refuse("search", "must have 1 to " +
                                   std::to_string(limits::search_text_characters_max) +
                                   " bytes, or be left out");
    }
    return store::search::Text(*typed);
}

}  // namespace postrider::api
