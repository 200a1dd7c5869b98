#include "model/event.h"

namespace postrider {

std::string event_body(std::string_view type, Timestamp timestamp, const ResourceId& resource_id,
                       std::string_view data) {
    // Type names are [a-z0-9_.], so nothing needs escaping.
    std::string body;
    body.reserve(type.size() + data.size() + 128);
    body.append(R"({"event":")").append(type);
    body.append(R"(","timestamp":")").append(format_rfc3339(timestamp));
    body.append(R"(","resource_id":")").append(resource_id.to_string());
    body.append(R"(","data":)").append(data).append("}");
    return body;
}

}  // namespace postrider
