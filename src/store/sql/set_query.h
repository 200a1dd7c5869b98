#pragma once

#include <span>
#include <string>
#include <string_view>

#include "store/sql/connection.h"

namespace postrider::store::sql {

/// A statement of one row, as PostgreSQL's statement of many: its parameters become arrays, one per
/// column. Of an INSERT … VALUES ($1, …, $n) all rows are inserted in their order; an UPDATE …
/// WHERE … or DELETE FROM … WHERE … returns the number (from 1) of each row that changed something.
std::string set_query(std::string_view text, std::span<const Type> types);

/// PostgreSQL's name of a type.
std::string_view type_name(Type type);

/// An array of PostgreSQL's binary format, filled one element after another.
class BinaryArray {
 public:
    /// Requires: before the first element.
    void set_type(Type type) { type_ = type; }
    Type type() const { return type_; }
    void add_null();
    void add_integer(std::int64_t value);
    void add_bytes(std::string_view value);
    void clear();
    /// The whole array. Requires: nothing is added afterwards but after clear().
    std::string_view finish();

 private:
    void add_length(std::size_t length);

    Type type_ = Type::unknown;
    std::uint32_t count_ = 0;
    bool has_null_ = false;
    std::string bytes_;
};

}  // namespace postrider::store::sql
