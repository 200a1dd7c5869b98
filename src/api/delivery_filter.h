#pragma once

#include <string>
#include <string_view>

#include "store/delivery_search.h"

/// The filters by a delivery's last attempt, as words of a query or a body.
namespace postrider::api {

/// Each says why it refuses the text; "" when it is taken.
/// "503", or "5xx".
std::string read_status(std::string_view text, store::deliveries_table::AttemptFilter& filter);
/// A reason such as connect_failed, or a kind of them.
std::string read_outcome(std::string_view text, store::deliveries_table::AttemptFilter& filter);
/// "500ms".
std::string read_min_duration(std::string_view text,
                              store::deliveries_table::AttemptFilter& filter);

}  // namespace postrider::api
