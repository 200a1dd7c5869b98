#include "events/view.h"

#include "model/trace.h"

namespace postrider::events {
namespace {

/// An answer without the type's name: ids, times and the names of the members.
constexpr std::size_t published_bytes = 200;

void append_published(std::string& out, const PublishedEvent& event) {
    // A known type's name is [a-z0-9_.], so nothing needs escaping.
    out.append(R"({"id":")").append(event.id.to_string());
    out.append(R"(","event":")").append(event.type);
    out.append(R"(","timestamp":")").append(format_rfc3339(event.timestamp));
    out.append(R"(","resource_id":")").append(event.resource_id.to_string());
    out.append(R"(","deliveries":)").append(std::to_string(event.deliveries)).append("}");
}

}  // namespace

void write_event(json::Writer& writer, const store::EventRow& row, std::string_view deliveries) {
    writer.begin_object();
    writer.member("id", row.id.to_string());
    writer.member("event", row.type);
    writer.member("timestamp", format_rfc3339(row.timestamp));
    writer.member("resource_id", row.resource_id.to_string());
    writer.member_raw("data", row.data);
    writer.member("accepted_at", format_rfc3339(row.id.uuid.time()));
    writer.member("origin", to_string(row.origin));
    if (!row.trace.empty()) {
        writer.member("traceparent", trace::parent(row.trace));
        if (const auto state = trace::state(row.trace); !state.empty()) {
            writer.member("tracestate", state);
        }
    }
    if (!deliveries.empty()) writer.member_raw("deliveries", deliveries);
    writer.end_object();
}

std::string published_answer(store::PublishShape shape, std::span<const PublishedEvent> events) {
    std::string out;
    std::size_t bytes = 16;
    for (const PublishedEvent& event : events) bytes += published_bytes + event.type.size();
    out.reserve(bytes);
    if (shape == store::PublishShape::single) {
        append_published(out, events.front());
        return out;
    }
    out += R"({"items":[)";
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (i > 0) out += ',';
        append_published(out, events[i]);
    }
    out += "]}";
    return out;
}

}  // namespace postrider::events
