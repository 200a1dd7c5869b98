#include <cstdint>
#include <cstdlib>

#include "events/publish_request.h"
#include "model/limits.h"

// Whatever is accepted keeps the promises that the publisher relies on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace postrider;
    std::string_view body(reinterpret_cast<const char*>(bytes), size);
    const events::PublishLimits limits{.payload_bytes_max = 512,
                                       .now = from_micros(1'795'457'523'000'000)};
    auto check = [&](const NewEvent& event) {
        if (event.data.empty() || event.data.front() != '{' || event.data.back() != '}' ||
            event.data.size() > limits.payload_bytes_max || event.type.empty() ||
            event.type.size() > limits::event_type_name_bytes_max) {
            std::abort();
        }
    };
    if (auto event = events::parse_publish(body, limits)) check(*event);
    if (auto batch = events::parse_batch(body, limits)) {
        if (batch->empty() || batch->size() > limits::batch_events_max) std::abort();
        for (const NewEvent& event : *batch) check(event);
    }
    (void)events::parse_idempotency_key(body);
    return 0;
}
