#pragma once

#include <cstdint>

#include "store/sql/connection.h"

namespace postrider::store::sql {

/// PostgreSQL's numbers of the types (pg_type.h), the same in every database.
constexpr std::uint32_t oid_of(Type type) {
    switch (type) {
        case Type::integer:
            return 20;  // int8
        case Type::blob:
            return 17;  // bytea
        case Type::text:
        case Type::unknown:
            return 25;  // text
    }
    return 0;
}
constexpr std::uint32_t array_oid_of(Type type) {
    switch (type) {
        case Type::integer:
            return 1016;
        case Type::blob:
            return 1001;
        case Type::text:
        case Type::unknown:
            return 1009;
    }
    return 0;
}

}  // namespace postrider::store::sql
