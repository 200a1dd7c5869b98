#include "webhooks/controls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "events/filter.h"
#include "model/limits.h"
#include "webhooks/template.h"

namespace postrider::webhooks {
namespace {

using Given = Control::Given;
using Refuse = Control::Refuse;

constexpr std::array<std::string_view, 8> formats{
    "postrider", "payload", "cloudevents", "template", "slack", "discord", "teams", "pagerduty"};

constexpr std::array<std::string_view, 2> orderings{"none", "resource"};
constexpr std::array<std::string_view, 2> what_then{"skip", "hold"};
constexpr std::array<std::string_view, 1> whose{"all"};

std::string must_be(std::string_view wanted, const json::Value& value) {
    return fmt::format("must be {}, not {}", wanted, value.type_name());
}

void read_rate_limit(const Given& given, Controls& into, const Refuse& refuse) {
    const auto& value = given.value;
    const auto* object = value.as_object();
    if (object == nullptr) {
        return refuse("", must_be(R"(an object such as {"count": 100, "per": "1m"})", value));
    }
    constexpr std::string_view members[] = {"count", "per"};
    bool is_right = true;
    const auto wrong = [&](std::string_view below, std::string detail) {
        is_right = false;
        refuse(below, std::move(detail));
    };
    std::size_t unknown = 0;
    for (const auto& [name, member] : *object) {
        const bool is_known = std::ranges::find(members, name) != std::end(members);
        if (!is_known && ++unknown <= limits::field_errors_max) {
            wrong("/" + name, unknown_member(name, members));
        }
    }
    RateLimit limit;
    const auto* count = value.find("count");
    if (count == nullptr) {
        wrong("/count", "is required");
    } else if (count->as_int() == nullptr) {
        wrong("/count", must_be("a whole number", *count));
    } else if (*count->as_int() < 1 || *count->as_int() > limits::rate_limit_count_max) {
        wrong("/count", fmt::format("must be 1 to {}", limits::rate_limit_count_max));
    } else {
        limit.count = *count->as_int();
    }
    const auto* per = value.find("per");
    if (per == nullptr) {
        wrong("/per", "is required");
    } else if (per->as_string() == nullptr) {
        wrong("/per", must_be("a string such as \"1m\"", *per));
    } else if (const auto span = parse_duration(*per->as_string()); !span) {
        wrong("/per", "must be a whole number and ms, s, m, h or d: \"1m\"");
    } else if (*span < limits::rate_limit_span_min || *span > limits::rate_limit_span_max) {
        wrong("/per", fmt::format("must be {} to {}", format_duration(limits::rate_limit_span_min),
                                  format_duration(limits::rate_limit_span_max)));
    } else {
        limit.per = *span;
    }
    if (is_right) into.rate_limit = limit;
}

void write_rate_limit(json::Writer& writer, const Controls& controls) {
    writer.begin_object();
    writer.member("count", controls.rate_limit->count);
    writer.member("per", format_duration(controls.rate_limit->per));
    writer.end_object();
}

void read_max_in_flight(const Given& given, Controls& into, const Refuse& refuse) {
    const auto* count = given.value.as_int();
    if (count == nullptr) return refuse("", must_be("a whole number", given.value));
    if (*count < 1 || *count > limits::max_in_flight_highest) {
        return refuse("", fmt::format("must be 1 to {}", limits::max_in_flight_highest));
    }
    into.max_in_flight = *count;
}

void write_max_in_flight(json::Writer& writer, const Controls& controls) {
    writer.number(*controls.max_in_flight);
}

/// One of some words.
template <typename Word, std::size_t Count>
std::optional<Word> read_word(const Given& given, const std::array<std::string_view, Count>& words,
                              const Refuse& refuse) {
    const auto* text = given.value.as_string();
    if (text == nullptr) {
        refuse("", must_be("a string", given.value));
        return std::nullopt;
    }
    const auto found = std::ranges::find(words, *text);
    if (found != words.end()) return static_cast<Word>(found - words.begin());
    const auto near = nearest(words, *text);
    refuse("", fmt::format("must be {}{}", fmt::join(words, ", "),
                           near.empty() ? "" : fmt::format("; do you mean {}?", near)));
    return std::nullopt;
}

void read_ordering(const Given& given, Controls& into, const Refuse& refuse) {
    into.ordering = read_word<Ordering>(given, orderings, refuse);
}

void write_ordering(json::Writer& writer, const Controls& controls) {
    writer.string(to_string(*controls.ordering));
}

void read_on_exhausted(const Given& given, Controls& into, const Refuse& refuse) {
    into.on_exhausted = read_word<OnExhausted>(given, what_then, refuse);
}

void write_on_exhausted(json::Writer& writer, const Controls& controls) {
    writer.string(to_string(*controls.on_exhausted));
}

void read_realms(const Given& given, Controls& into, const Refuse& refuse) {
    into.realms = read_word<Realms>(given, whose, refuse);
}

void write_realms(json::Writer& writer, const Controls& controls) {
    writer.string(to_string(*controls.realms));
}

void read_format(const Given& given, Controls& into, const Refuse& refuse) {
    into.format = read_word<BodyFormat>(given, formats, refuse);
}

void write_format(json::Writer& writer, const Controls& controls) {
    writer.string(to_string(*controls.format));
}

void read_filter(const Given& given, Controls& into, const Refuse& refuse) {
    const auto filter = events::Filter::parse(given.text);
    if (filter) {
        into.filter = given.text;
        return;
    }
    for (const auto& field : filter.error().fields) {
        refuse(std::string_view(field.pointer).substr(1), field.detail);
    }
}

void write_filter(json::Writer& writer, const Controls& controls) { writer.raw(*controls.filter); }

void read_template(const Given& given, Controls& into, const Refuse& refuse) {
    const auto read = Template::parse(given.text);
    if (read) {
        into.body_template = given.text;
        return;
    }
    for (const auto& field : read.error().fields) {
        refuse(std::string_view(field.pointer).substr(1), field.detail);
    }
}

void write_template(json::Writer& writer, const Controls& controls) {
    writer.raw(*controls.body_template);
}

void read_authentication_control(const Given& given, Controls& into, const Refuse& refuse) {
    if (auto read = read_authentication(given.value, refuse)) into.authentication = *read;
}

void write_authentication_control(json::Writer& writer, const Controls& controls) {
    write_authentication(writer, *controls.authentication);
}

void read_tls(const Given& given, Controls& into, const Refuse& refuse) {
    if (auto read = read_receiver_tls(given.value, refuse)) into.tls = std::move(*read);
}

void write_tls(json::Writer& writer, const Controls& controls) {
    write_receiver_tls(writer, *controls.tls);
}

template <auto Member>
constexpr Control control(std::string_view name,
                          void (*read)(const Given&, Controls&, const Refuse&),
                          void (*write)(json::Writer&, const Controls&)) {
    return {.name = name,
            .read = read,
            .write = write,
            .is_set = [](const Controls& controls) { return (controls.*Member).has_value(); },
            .is_same = [](const Controls& a, const Controls& b) { return a.*Member == b.*Member; },
            .copy = [](const Controls& from, Controls& to) { to.*Member = from.*Member; }};
}

constexpr std::array table{
    control<&Controls::rate_limit>("rate_limit", read_rate_limit, write_rate_limit),
    control<&Controls::max_in_flight>("max_in_flight", read_max_in_flight, write_max_in_flight),
    control<&Controls::ordering>("ordering", read_ordering, write_ordering),
    control<&Controls::on_exhausted>("on_exhausted", read_on_exhausted, write_on_exhausted),
    control<&Controls::format>("format", read_format, write_format),
    control<&Controls::filter>("filter", read_filter, write_filter),
    control<&Controls::body_template>("template", read_template, write_template),
    control<&Controls::realms>("realms", read_realms, write_realms),
    control<&Controls::authentication>("authentication", read_authentication_control,
                                       write_authentication_control),
    control<&Controls::tls>("tls", read_tls, write_tls),
};

}  // namespace

std::string_view to_string(BodyFormat format) { return formats[static_cast<std::size_t>(format)]; }

std::optional<BodyFormat> parse_body_format(std::string_view text) {
    const auto found = std::ranges::find(formats, text);
    if (found == formats.end()) return std::nullopt;
    return static_cast<BodyFormat>(found - formats.begin());
}

std::string_view to_string(Ordering ordering) {
    return orderings[static_cast<std::size_t>(ordering)];
}

std::string_view to_string(OnExhausted what) { return what_then[static_cast<std::size_t>(what)]; }

std::string_view to_string(Realms realms) { return whose[static_cast<std::size_t>(realms)]; }

std::span<const Control> all_controls() { return table; }

void ControlsChange::apply_to(Controls& controls) const {
    for (const Control* each : touched) each->copy(values, controls);
}

void write_controls(json::Writer& writer, const Controls& controls) {
    for (const Control& each : table) {
        writer.key(each.name);
        if (each.is_set(controls)) {
            each.write(writer, controls);
        } else {
            writer.null();
        }
    }
}

std::string to_json(const Controls& controls) {
    CHECK(!controls.authentication || controls.authentication->secret == secret_mask);
    CHECK(!controls.tls || *controls.tls == masked(*controls.tls));
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const Control& each : table) {
        if (!each.is_set(controls)) continue;
        writer.key(each.name);
        each.write(writer, controls);
    }
    writer.end_object();
    return out;
}

Result<Controls> parse_controls(std::string_view text) {
    const auto corrupt = [] {
        return fail(ErrorCode::corrupt, "a stored webhook has unreadable controls");
    };
    const auto members = json::split_object(text, limits::json_depth_max);
    if (!members) return corrupt();
    Controls controls;
    bool is_right = true;
    for (const auto& [name, member] : *members) {
        const auto found = std::ranges::find(table, name, &Control::name);
        const auto value = json::parse(member);
        if (found == table.end() || !value) return corrupt();
        found->read({*value, member}, controls,
                    [&](std::string_view, std::string) { is_right = false; });
    }
    if (!is_right) return corrupt();
    // Whatever a row says there, it is not the secret.
    if (controls.authentication) controls.authentication->secret = secret_mask;
    if (controls.tls) controls.tls = masked(std::move(*controls.tls));
    return controls;
}

}  // namespace postrider::webhooks
