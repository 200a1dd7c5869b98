#include <cstdint>
#include <cstdlib>

#include "delivery/retry_after.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    auto now = from_micros(1'790'000'000'000'000);
    auto wait = delivery::parse_retry_after({reinterpret_cast<const char*>(data), size}, now);
    if (wait && (*wait < Duration{0} || *wait > std::chrono::days{3650})) std::abort();
    return 0;
}
