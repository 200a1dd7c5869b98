#include "api/asyncapi.h"

#include "base/json.h"
#include "events/catalogue.h"

namespace postrider::api {
namespace {

constexpr std::string_view headers_schema =
    R"({"type":"object","required":["webhook-id","webhook-timestamp","webhook-signature"],)"
    R"("properties":{)"
    R"("webhook-id":{"type":"string","format":"uuid",)"
    R"("description":"The event's id, the same for every attempt: drop what you have seen."},)"
    R"("webhook-timestamp":{"type":"string","pattern":"^[0-9]+$",)"
    R"("description":"Seconds since the epoch, of this attempt."},)"
    R"("webhook-signature":{"type":"string",)"
    R"("description":"Signatures after Standard Webhooks (v1, v1a), separated by spaces."}}})";

struct Message {
    std::string_view name;
    std::string_view description;
    std::string_view schema;   ///< of `data`; "" when there is none
    std::string_view example;  ///< of `data`; "" when there is none
};

void write_reference(json::Writer& writer, std::string_view place, std::string_view name) {
    writer.key(name);
    writer.begin_object();
    writer.member("$ref", std::string(place) + std::string(name));
    writer.end_object();
}

bool refers_to_others(std::string_view schema) {
    for (const std::string_view word : {R"("$ref")", R"("$dynamicRef")", R"("$id")"}) {
        if (schema.find(word) != std::string_view::npos) return true;
    }
    return false;
}

void write_payload(json::Writer& writer, const Message& message) {
    writer.key("payload");
    writer.begin_object();
    writer.member("type", "object");
    writer.member_raw("required", R"(["event","timestamp","resource_id","data"])");
    writer.key("properties");
    writer.begin_object();
    writer.key("event");
    writer.begin_object();
    writer.member("type", "string");
    writer.member("const", message.name);
    writer.end_object();
    writer.member_raw("timestamp", R"({"type":"string","format":"date-time"})");
    writer.member_raw("resource_id", R"({"type":"string","format":"uuid"})");
    if (message.schema.empty()) {
        writer.member_raw("data", R"({"type":"object"})");
    } else if (refers_to_others(message.schema)) {
        writer.key("data");
        writer.begin_object();
        writer.member("type", "object");
        writer.member("description",
                      "Its schema refers to others; the event type itself has all of it.");
        writer.end_object();
    } else {
        writer.member_raw("data", message.schema);
    }
    writer.end_object();
    writer.end_object();
}

void write_example(json::Writer& writer, const Message& message) {
    if (message.example.empty()) return;
    writer.key("examples");
    writer.begin_array();
    writer.begin_object();
    writer.member("name", "example");
    writer.key("payload");
    writer.begin_object();
    writer.member("event", message.name);
    writer.member("timestamp", "2026-11-23T18:12:03.123456Z");
    writer.member("resource_id", "019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11");
    writer.member_raw("data", message.example);
    writer.end_object();
    writer.end_object();
    writer.end_array();
}

void write_message(json::Writer& writer, const Message& message) {
    writer.key(message.name);
    writer.begin_object();
    writer.member("name", message.name);
    writer.member("title", message.name);
    if (!message.description.empty()) writer.member("summary", message.description);
    writer.member("contentType", "application/json");
    writer.member_raw("headers", headers_schema);
    write_payload(writer, message);
    write_example(writer, message);
    writer.end_object();
}

void write_info(json::Writer& writer, const AsyncApiInfo& info) {
    writer.key("info");
    writer.begin_object();
    writer.member("title", "Events of the realm " + std::string(info.realm));
    writer.member("version", info.version);
    writer.member("description",
                  "Every event that a webhook of this realm may be sent: one POST each, at least "
                  "once, until it is answered with 2xx.");
    writer.key("externalDocs");
    writer.begin_object();
    writer.member("url", std::string(info.origin) + "/docs");
    writer.end_object();
    writer.end_object();
}

/// One channel: each webhook has an address of its own, which is not the server's to say.
void write_channel(json::Writer& writer, const std::vector<Message>& messages) {
    writer.key("channels");
    writer.begin_object();
    writer.key("webhook");
    writer.begin_object();
    writer.member_null("address");
    writer.member("description", "The URL of a webhook that subscribes to the event's type.");
    writer.key("messages");
    writer.begin_object();
    for (const auto& message : messages) {
        write_reference(writer, "#/components/messages/", message.name);
    }
    writer.end_object();
    writer.end_object();
    writer.end_object();
    writer.member_raw("operations", R"({"deliver":{"action":"send",)"
                                    R"("channel":{"$ref":"#/channels/webhook"},)"
                                    R"("summary":"The server sends it to the webhook's URL."}})");
}

}  // namespace

std::string asyncapi_document(const AsyncApiInfo& info,
                              const store::List<store::EventTypeRow>& own) {
    std::vector<Message> messages;
    for (const auto& type : events::built_in_types()) {
        messages.push_back({type.name, type.description, type.schema, type.example});
    }
    for (const auto& type : events::operational_types()) {
        messages.push_back({type.name, type.description, type.schema, type.example});
    }
    for (const auto& type : own) {
        messages.push_back({type.name, type.description, type.schema, type.example});
    }
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("asyncapi", "3.0.0");
    write_info(writer, info);
    writer.member("defaultContentType", "application/json");
    write_channel(writer, messages);
    writer.key("components");
    writer.begin_object();
    writer.key("messages");
    writer.begin_object();
    for (const auto& message : messages) write_message(writer, message);
    writer.end_object();
    writer.end_object();
    writer.end_object();
    return out;
}

}  // namespace postrider::api
