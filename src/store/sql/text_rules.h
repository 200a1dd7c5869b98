#pragma once

#include <string>
#include <string_view>

namespace postrider::store::sql {

/// Whether PostgreSQL takes `text` as TEXT: UTF-8 without NUL. SQLite takes any bytes.
bool is_storable_text(std::string_view text);
/// `text` with U+FFFD for what PostgreSQL does not take: a receiver's answer cannot stop the
/// recording of its outcome.
std::string storable_text(std::string_view text);

}  // namespace postrider::store::sql
