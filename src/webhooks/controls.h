#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "webhooks/authentication.h"
#include "webhooks/receiver_tls.h"

namespace postrider::webhooks {

/// At most `count` attempts start in any span of `per`, spread evenly.
struct RateLimit {
    std::int64_t count = 0;
    Duration per{0};
    bool operator==(const RateLimit&) const = default;
};

/// What the body of a delivery is.
enum class BodyFormat {
    postrider,    ///< `{event, timestamp, resource_id, data}`
    payload,      ///< the event's data alone, byte for byte
    cloudevents,  ///< CloudEvents 1.0, structured, as JSON
    custom,       ///< by the webhook's template; "template" in JSON
    slack,        ///< by a ready template, as are the next
    discord,
    teams,
    pagerduty,
};
std::string_view to_string(BodyFormat format);
std::optional<BodyFormat> parse_body_format(std::string_view text);

/// In which order the deliveries of a webhook start.
enum class Ordering {
    none,
    resource,  ///< those of one resource first in, first out (store/order_table.h)
};
std::string_view to_string(Ordering ordering);

/// What becomes of a resource's later deliveries when one has failed for good.
enum class OnExhausted {
    skip,  ///< the next one goes
    hold,  ///< they wait until somebody has it retried or skipped
};
std::string_view to_string(OnExhausted what);

/// Whose events a webhook takes.
enum class Realms {
    all,  ///< of `master` alone: those of the other realms too, of built-in and operational types
};
std::string_view to_string(Realms realms);

/// How a webhook's deliveries are controlled: the members that a webhook may leave out, each null
/// by default and replaced whole by a change. They are stored as one JSON object, which has nothing
/// secret.
struct Controls {
    std::optional<RateLimit> rate_limit;
    std::optional<std::int64_t> max_in_flight;  ///< none: limits::lane_in_flight_max
    std::optional<Ordering> ordering;           ///< none: Ordering::none
    std::optional<OnExhausted> on_exhausted;    ///< none: skip
    std::optional<BodyFormat> format;           ///< none: postrider
    std::optional<std::string> filter;          ///< compact JSON (events/filter.h); none: all
    std::optional<std::string> body_template;  ///< compact JSON (template.h), of BodyFormat::custom
    std::optional<Realms> realms;              ///< none: those of its own
    std::optional<Authentication> authentication;  ///< masked but in a change that was just read
    std::optional<ReceiverTls> tls;                ///< likewise
    bool is_ordered() const { return ordering == Ordering::resource; }
    bool takes_all_realms() const { return realms == Realms::all; }
    bool operator==(const Controls&) const = default;
};

/// One member of Controls, as everybody who reads, shows or compares them needs it. A new control
/// is a member and a row of the table in controls.cc.
struct Control {
    std::string_view name;
    /// A value that is not null, parsed, and as compact JSON, whose numbers have all their digits.
    struct Given {
        const json::Value& value;
        std::string_view text;
    };
    using Refuse = RefuseMember;
    void (*read)(const Given& given, Controls& into, const Refuse& refuse);
    void (*write)(json::Writer& writer, const Controls& controls);  ///< Requires: it is set
    bool (*is_set)(const Controls& controls);
    bool (*is_same)(const Controls& a, const Controls& b);
    void (*copy)(const Controls& from, Controls& to);
};
std::span<const Control> all_controls();

/// What a change asks of the controls.
struct ControlsChange {
    std::vector<const Control*> touched;
    Controls values;

    void apply_to(Controls& controls) const;
};

/// Writes each control as a member, null where it is not set. Secrets are as `controls` has them.
void write_controls(json::Writer& writer, const Controls& controls);

/// As they are stored: a JSON object of those that are set. Requires: nothing secret in them.
std::string to_json(const Controls& controls);
/// Errors: corrupt.
Result<Controls> parse_controls(std::string_view json);

}  // namespace postrider::webhooks
