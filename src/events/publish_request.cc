#include "events/publish_request.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/json_bounds.h"
#include "base/json_pointer.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

/// What is wrong with the fields of one body, all of it.
class Refusals {
 public:
    void add(std::string pointer, std::string detail) {
        ++count_;
        if (fields_.size() < limits::field_errors_max) {
            fields_.push_back({std::move(pointer), {}, {}, std::move(detail)});
        }
    }
    void too_large(std::string pointer, std::string detail) {
        problem_ = "payload-too-large";
        add(std::move(pointer), std::move(detail));
    }
    /// An answer names no more: it is not worth finding out what is like an unknown name.
    bool is_full() const { return fields_.size() >= limits::field_errors_max; }
    bool any() const { return count_ > 0; }
    std::unexpected<Error> error() && {
        std::string message = fields_.front().pointer + " " + fields_.front().detail;
        if (count_ > 1) {
            message = std::to_string(count_) + " fields are wrong; the first: " + message;
        }
        return std::unexpected(
            Error{ErrorCode::invalid_argument, std::move(message), std::move(fields_), problem_});
    }

 private:
    std::vector<FieldError> fields_;
    std::size_t count_ = 0;
    const char* problem_ = nullptr;
};

/// Reads the members of one event, adding what is wrong under `prefix` ("#" or "#/events/3").
class EventReader {
 public:
    EventReader(const PublishLimits& limits, std::string_view prefix, Refusals& refusals)
        : limits_(limits), prefix_(prefix), refusals_(refusals) {}

    NewEvent read(std::vector<json::Member> members) {
        for (json::Member& member : members) read_member(member);
        if (!has_type_) refuse("event", "is required: the name of an event type");
        if (!has_resource_id_) {
            refuse("resource_id", "is required: the UUID of the resource that the event is about");
        }
        if (!has_data_)
            refuse("data", "is required: a JSON object, {} when there is nothing to say");
        return std::move(event_);
    }

 private:
    std::string pointer(std::string_view name) const { return json::pointer_to(prefix_, name); }
    void refuse(std::string_view name, std::string detail) {
        refusals_.add(pointer(name), std::move(detail));
    }

    void read_member(json::Member& member) {
        if (member.name == "event") {
            has_type_ = true;
            read_type(member.value);
        } else if (member.name == "resource_id") {
            has_resource_id_ = true;
            read_resource_id(member.value);
        } else if (member.name == "data") {
            has_data_ = true;
            read_data(std::move(member.value));
        } else if (member.name == "timestamp") {
            read_timestamp(member.value);
        } else {
            constexpr std::string_view known[] = {"event", "resource_id", "data", "timestamp"};
            if (refusals_.is_full()) return refusals_.add({}, {});
            refuse(member.name,
                   unknown_member(member.name, known) + "; members of your own belong in data");
        }
    }

    std::optional<std::string> string(std::string_view name, std::string_view value) {
        auto text = json::decode_string(value);
        if (text) return *std::move(text);
        refuse(name, value.front() == '"' ? text.error().message : "must be a string");
        return std::nullopt;
    }

    void read_type(std::string_view value) {
        auto text = string("event", value);
        if (!text) return;
        if (text->empty() || text->size() > limits::event_type_name_bytes_max) {
            refuse("event", "must be the name of an event type, at most " +
                                std::to_string(limits::event_type_name_bytes_max) + " bytes");
            return;
        }
        event_.type = *std::move(text);
    }

    void read_resource_id(std::string_view value) {
        auto text = string("resource_id", value);
        if (!text) return;
        auto id = ResourceId::parse(*text);
        if (!id) {
            refuse("resource_id", "must be a UUID, such as 019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11");
            return;
        }
        event_.resource_id = *id;
    }

    void read_data(std::string value) {
        if (value.front() != '{') {
            refuse("data", "must be a JSON object; put other values into one");
        } else if (value.size() > limits_.payload_bytes_max) {
            refusals_.too_large(pointer("data"),
                                "has " + std::to_string(value.size()) +
                                    " bytes without white space, over the limit of " +
                                    std::to_string(limits_.payload_bytes_max));
        } else {
            event_.data = std::move(value);
        }
    }

    void read_timestamp(std::string_view value) {
        auto text = string("timestamp", value);
        if (!text) return;
        auto time = parse_rfc3339(*text);
        if (!time) {
            refuse("timestamp", "must be a time as RFC 3339 has it, such as 2026-11-23T18:12:03Z");
        } else if (*time > limits_.now + limits::event_timestamp_ahead_max) {
            refuse("timestamp",
                   "is more than " + format_duration(limits::event_timestamp_ahead_max) +
                       " ahead of the server, where it is " + format_rfc3339(limits_.now));
        } else {
            event_.timestamp = *time;
        }
    }

    const PublishLimits& limits_;
    std::string_view prefix_;
    Refusals& refusals_;
    NewEvent event_;
    bool has_type_ = false, has_resource_id_ = false, has_data_ = false;
};

// `data` may be nested limits::json_depth_max deep wherever it lies.
constexpr std::size_t event_depth_max = limits::json_depth_max + 1;
constexpr std::size_t batch_depth_max = event_depth_max + 2;

/// The text of the member "events" of a batch; nothing when that was refused.
std::optional<std::string> events_member(std::vector<json::Member> members, Refusals& refusals) {
    constexpr std::string_view known[] = {"events"};
    std::optional<std::string> events;
    for (json::Member& member : members) {
        if (member.name == "events") {
            events = std::move(member.value);
        } else {
            if (refusals.is_full()) {
                refusals.add({}, {});
                continue;
            }
            refusals.add(json::pointer_to("#", member.name), unknown_member(member.name, known));
        }
    }
    if (!events) {
        refusals.add("#/events", "is required: a list of events");
    } else if (events->front() != '[') {
        refusals.add("#/events", "must be a list of events");
        events.reset();
    }
    return events;
}

}  // namespace

Result<NewEvent> parse_publish(std::string_view body, const PublishLimits& limits) {
    POSTRIDER_ASSIGN(auto members, json::split_object(body, event_depth_max));
    Refusals refusals;
    NewEvent event = EventReader(limits, "#", refusals).read(std::move(members));
    if (refusals.any()) return std::move(refusals).error();
    return event;
}

Result<std::vector<NewEvent>> parse_batch(std::string_view body, const PublishLimits& limits) {
    static constexpr json::Bound events_bound{"events", limits::batch_events_max};
    auto split = json::split_object(body, batch_depth_max, std::span(&events_bound, 1));
    if (!split && split.error().problem == nullptr && split.error().fields.front().pointer == "#") {
        return fail_field("#", "must be an object with the member events: {\"events\": [...]}");
    }
    POSTRIDER_ASSIGN(auto members, std::move(split));
    Refusals refusals;
    auto text = events_member(std::move(members), refusals);
    if (!text) return std::move(refusals).error();
    POSTRIDER_ASSIGN(auto elements, json::split_array(*text, batch_depth_max));
    text.reset();  // as long as the body, which may be very long
    if (elements.empty()) {
        refusals.add("#/events", "must have 1 to " + std::to_string(limits::batch_events_max) +
                                     " events, and has none");
        return std::move(refusals).error();
    }
    std::vector<NewEvent> events;
    events.reserve(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
        const std::string prefix = "#/events/" + std::to_string(i);
        if (elements[i].front() != '{') {
            refusals.add(prefix, "must be an event: {event, resource_id, data, timestamp?}");
            continue;
        }
        POSTRIDER_ASSIGN(auto event_members, json::split_object(elements[i], event_depth_max));
        events.push_back(EventReader(limits, prefix, refusals).read(std::move(event_members)));
    }
    if (refusals.any()) return std::move(refusals).error();
    return events;
}

Result<std::string> parse_idempotency_key(std::string_view value) {
    auto refuse = [](std::string detail) {
        Error error{ErrorCode::invalid_argument, "Idempotency-Key " + detail, {}};
        error.fields.push_back({{}, {}, "Idempotency-Key", std::move(detail)});
        return std::unexpected(std::move(error));
    };
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
    }
    if (value.empty() || value.size() > limits::idempotency_key_bytes_max) {
        return refuse("must have 1 to " + std::to_string(limits::idempotency_key_bytes_max) +
                      " characters");
    }
    if (!std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; })) {
        return refuse("must be visible ASCII characters");
    }
    return std::string(value);
}

}  // namespace postrider::events
