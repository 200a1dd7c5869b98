#pragma once

#include <span>
#include <string_view>

#include "access/permission.h"

namespace postrider::api {

/// What an operation asks of its caller before its handler runs.
struct Need {
    /// `client`: its handler authenticates an OAuth client.
    enum class Kind { nothing, client, any_token, permission };
    Kind kind = Kind::nothing;
    access::Permission permission{};

    /// Whether the gate lets everybody through.
    constexpr bool is_open() const { return kind == Kind::nothing || kind == Kind::client; }

    constexpr Need(Kind of) : kind(of) {}
    constexpr Need(access::Permission needed) : kind(Kind::permission), permission(needed) {}
};
/// As in x-permission of api/openapi.yaml: "open", "client", "any token", or the permission's name.
std::string_view to_string(Need need);

/// One row per operation; the contract test holds the table against api/openapi.yaml.
struct Operation {
    std::string_view id;  ///< operationId
    Need need;
};
std::span<const Operation> operations();
/// Requires: the operation is in the table (a CHECK at start finds what is not).
const Operation& operation(std::string_view id);

}  // namespace postrider::api
