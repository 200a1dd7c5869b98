#include "model/event.h"

#include <utility>

namespace postrider {
namespace {

constexpr std::string_view before_type = R"({"event":")";
constexpr std::string_view after_data = "}";

}  // namespace

std::string event_body(std::string_view type, Timestamp timestamp, const ResourceId& resource_id,
                       std::string_view data) {
    // Type names are [a-z0-9_.], so nothing needs escaping.
    std::string body;
    body.reserve(type.size() + data.size() + 128);
    body.append(before_type).append(type);
    body.append(R"(","timestamp":")").append(format_rfc3339(timestamp));
    body.append(R"(","resource_id":")").append(resource_id.to_string());
    body.append(R"(","data":)").append(data).append(after_data);
    return body;
}

EventContent::EventContent(std::string_view type, Timestamp timestamp,
                           const ResourceId& resource_id, std::string_view data, std::string trace)
    : timestamp_(timestamp),
      resource_id_(resource_id),
      body_(event_body(type, timestamp, resource_id, data)),
      trace_(std::move(trace)),
      type_size_(type.size()),
      data_size_(data.size()) {}

std::string_view EventContent::type() const {
    return std::string_view(body_).substr(before_type.size(), type_size_);
}

std::string_view EventContent::data() const {
    return std::string_view(body_).substr(body_.size() - after_data.size() - data_size_,
                                          data_size_);
}

}  // namespace postrider
