// compact() is idempotent and agrees with parse() on what is valid; what parse() makes of a text
// survives serialize(); split_object() puts an object together again.
#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "base/json_text.h"

using namespace postrider;

namespace {

/// What is valid JSON without having a place in a Value or a std::string.
bool unrepresentable(const Error& error) {
    return error.message == "a number is too large" ||
           error.message.find("surrogate") != std::string::npos;
}

void check_split(std::string_view compact) {
    auto members = json::split_object(compact, 64);
    if (!members) {
        CHECK(compact.front() != '{' || unrepresentable(members.error()));
        return;
    }
    CHECK(compact.front() == '{');
    std::string joined = "{";
    for (const auto& member : *members) {
        if (joined.size() > 1) joined += ',';
        json::append_string(joined, member.name);
        joined += ':';
        joined += member.value;
    }
    joined += '}';
    // Names may have been escaped otherwise; the values are the same bytes.
    auto again = json::split_object(joined, 64);
    CHECK(again && again->size() == members->size());
    for (std::size_t i = 0; i < again->size(); ++i) {
        CHECK((*again)[i].name == (*members)[i].name && (*again)[i].value == (*members)[i].value);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto compact = json::compact(text, 64);
    auto value = json::parse(text, 64);
    if (!compact) {
        CHECK(!value);
        return 0;
    }
    CHECK(value || unrepresentable(value.error()));
    auto again = json::compact(*compact, 64);
    CHECK(again && *again == *compact);
    check_split(*compact);
    if (value) {
        auto reread = json::parse(json::serialize(*value), 64);
        CHECK(reread && *reread == *value);
        auto pretty = json::parse(json::serialize_pretty(*value), 64);
        CHECK(pretty && *pretty == *value);
    }
    return 0;
}
