#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/ids.h"
#include "model/states.h"

namespace postrider {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The mask that stands for every secret value, in the API and in recorded requests.
inline constexpr std::string_view secret_mask = "••••••";

/// How long each part of an attempt took; zero for a part that did not take place (a reused
/// connection has no DNS, connect and TLS).
struct AttemptTimings {
    Duration dns{0};
    Duration connect{0};
    Duration tls{0};
    Duration first_byte{0};  ///< from the request's last byte to the response's first
    Duration total{0};
    bool operator==(const AttemptTimings&) const = default;
};

/// What came of one HTTP POST.
struct AttemptResult {
    OutcomeReason reason = OutcomeReason::shutting_down;
    std::string detail;  ///< one sentence for people: "connection refused by 192.0.2.1:443"
    int status = 0;      ///< HTTP status, 0 when none came
    Headers response_headers;
    std::string response_body;  ///< at most limits::response_bytes_kept_max, not decoded
    bool response_truncated = false;
    std::string peer;  ///< "192.0.2.1:443", empty when nothing was connected
    AttemptTimings timings;
};

}  // namespace postrider
