#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "store/sql/connection.h"

namespace postrider::events {

/// Why a pattern ("user.*", an exact name, "*") is none of a realm with these types of its own; ""
/// when it is one.
std::string pattern_problem(std::string_view pattern, std::span<const std::string> own_types);

/// The same, without asking which types there are: why no type can match it.
std::string pattern_form_problem(std::string_view pattern);

/// Errors: invalid_argument with every pattern that is none of the realm, as "#/events/3".
Result<void> check_patterns(store::sql::Connection& sql, const RealmId& realm,
                            std::span<const std::string> patterns);

}  // namespace postrider::events
