#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "access/permission.h"

namespace postrider::api {

/// What an operation needs before its handler runs. One row per operation; a test holds the table
/// against x-permission in api/openapi.yaml.
struct Operation {
    std::string_view id;  ///< operationId
    /// nullopt: open to everyone, without a token.
    std::optional<access::Permission> permission;
};
std::span<const Operation> operations();
/// Requires: the operation is in the table (a CHECK at start finds what is not).
const Operation& operation(std::string_view id);

}  // namespace postrider::api
