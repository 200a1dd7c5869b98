#include "events/unknown_types.h"

#include <algorithm>

#include "base/json_bounds.h"
#include "base/json_text.h"
#include "events/catalogue.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

constexpr std::size_t depth_max = limits::json_depth_max + 3;  ///< an event's data in a batch

void add_type(const std::vector<json::Member>& members, std::string place,
              std::vector<TypeAt>& types) {
    for (const auto& member : members) {
        if (member.name != "event") continue;
        auto type = json::decode_string(member.value);
        const bool can_be_one =
            type && !type->empty() && type->size() <= limits::event_type_name_bytes_max;
        if (can_be_one) types.push_back({std::move(place), *std::move(type)});
        return;
    }
}

}  // namespace

std::vector<TypeAt> types_in(std::string_view body) {
    static constexpr json::Bound events_bound{"events", limits::batch_events_max};
    std::vector<TypeAt> types;
    const auto members = json::split_object(body, depth_max, std::span(&events_bound, 1));
    if (!members) return types;
    add_type(*members, "#", types);
    for (const auto& member : *members) {
        if (member.name != "events") continue;
        const auto events = json::split_array(member.value, depth_max);
        for (std::size_t i = 0; events && i < events->size(); ++i) {
            const auto event = json::split_object((*events)[i], depth_max);
            if (event) add_type(*event, "#/events/" + std::to_string(i), types);
        }
    }
    return types;
}

std::vector<FieldError> unknown_types(std::span<const TypeAt> types,
                                      std::span<const std::string> own_types) {
    std::vector<FieldError> fields;
    for (const auto& [place, type] : types) {
        const bool is_known =
            find_type(type) != nullptr || std::ranges::find(own_types, type) != own_types.end();
        if (is_known) continue;
        if (fields.size() >= limits::field_errors_max) break;
        const std::string near =
            fields.size() < limits::name_suggestions_max ? nearest_name(type, own_types) : "";
        std::string detail = "there is no event type \"" + type + "\" in this realm; ";
        detail += near.empty() ? "use one of the list of event types, or register it as a type of "
                                 "the realm's own"
                               : "do you mean \"" + near + "\"?";
        fields.push_back({place + "/event", {}, {}, std::move(detail)});
    }
    return fields;
}

}  // namespace postrider::events
