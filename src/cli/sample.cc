#include "cli/sample.h"

#include "base/json_text.h"
#include "events/catalogue.h"
#include "model/limits.h"

namespace postrider::cli {

std::string body_of(const SampleEvent& sample) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object();
    writer.member("event", sample.event);
    writer.member("timestamp", format_rfc3339(sample.happened));
    writer.member("resource_id", sample.resource_id);
    writer.member_raw("data", sample.data);
    writer.end_object();
    return body;
}

Result<std::string> sample_data(Context& context, const Given& given, const std::string& event) {
    const auto typed = given.text("--data");
    const auto* type = events::find_type(event);
    if (!typed) return std::string(type == nullptr ? "{}" : type->example);
    POSTRIDER_ASSIGN(const auto text, read_argument(context, *typed));
    auto data = json::compact(text, limits::json_depth_max);
    if (!data || !data->starts_with('{')) {
        return fail(ErrorCode::invalid_argument,
                    "--data must be a JSON object, like '{\"total\":12}'");
    }
    return *data;
}

}  // namespace postrider::cli
