#include "base/check.h"
#include "http/server.h"

namespace postrider::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* find(const Pairs& pairs, std::string_view name) {
    for (const auto& [key, value] : pairs) {
        if (key == name) return &value;
    }
    return nullptr;
}

}  // namespace

const std::string* Request::header(std::string_view name) const { return find(headers, name); }

const std::string* Request::query_value(std::string_view name) const { return find(query, name); }

const std::string& Request::path_parameter(std::string_view name) const {
    const std::string* value = find(path_parameters, name);
    CHECK(value != nullptr);
    return *value;
}

}  // namespace postrider::http
