#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/states.h"

namespace postrider {

/// An event that is to be published: not yet in the store, so without an id.
struct NewEvent {
    std::string type;  ///< "user.created"
    ResourceId resource_id;
    std::string data;  ///< compact JSON object, checked; the publisher's bytes less white space
    std::optional<Timestamp> timestamp;  ///< default: when it is accepted
};

/// What a publisher is told of its event.
struct PublishedEvent {
    EventId id;
    std::string type;
    ResourceId resource_id;
    Timestamp timestamp;
    std::size_t deliveries = 0;
    bool operator==(const PublishedEvent&) const = default;
};

/// The body as a receiver gets it by default: built once per event, the same for every webhook and
/// attempt.
/// `{"event":…,"timestamp":…,"resource_id":…,"data":…}`, exactly these four, in this order,
/// compact.
std::string event_body(std::string_view type, Timestamp timestamp, const ResourceId& resource_id,
                       std::string_view data);

using SharedBody = std::shared_ptr<const std::string>;

/// What a delivery carries of its event: the fields, as parts of the default body, so that both are
/// in memory once. Immutable.
class EventContent {
 public:
    /// Requires: what event_body() requires. `trace`: model/trace.h.
    EventContent(std::string_view type, Timestamp timestamp, const ResourceId& resource_id,
                 std::string_view data, std::string trace = {});

    std::string_view type() const;
    Timestamp timestamp() const { return timestamp_; }
    const ResourceId& resource_id() const { return resource_id_; }
    std::string_view data() const;  ///< compact JSON
    const std::string& body() const { return body_; }
    const std::string& trace() const { return trace_; }  ///< "" for none
    /// Of memory, more or less.
    std::size_t size() const { return body_.size() + trace_.size(); }

 private:
    Timestamp timestamp_;
    ResourceId resource_id_;
    std::string body_;
    std::string trace_;
    std::size_t type_size_;
    std::size_t data_size_;
};
using SharedEvent = std::shared_ptr<const EventContent>;

}  // namespace postrider
