#include "cli/realm_name.h"

#include <algorithm>

#include "model/limits.h"

namespace postrider::cli {

bool can_be_realm_name(std::string_view name) {
    return !name.empty() && name.size() <= limits::realm_name_bytes_max &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::string suggested_realm_name(std::string_view name) {
    std::string out;
    for (const char c : name.substr(0, limits::realm_name_bytes_max)) {
        if (c >= 'A' && c <= 'Z') {
            out += static_cast<char>(c - 'A' + 'a');
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out += c;
        } else if (!out.empty() && out.back() != '-') {
            out += '-';
        }
    }
    while (out.ends_with('-')) out.pop_back();
    return out.empty() ? "acme" : out;
}

}  // namespace postrider::cli
