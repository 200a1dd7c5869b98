#include "webhooks/change.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "model/limits.h"
#include "model/text_rule.h"
#include "net/header_rules.h"

namespace postrider::webhooks {
namespace {

/// The members that a request may set.
const std::vector<std::string_view>& writable() {
    static const auto names = [] {
        std::vector<std::string_view> all{"name",    "description", "url",     "headers",
                                          "events",  "enabled",     "timeout", "retry_schedule",
                                          "signing", "secret",      "keys"};
        for (const Control& control : all_controls()) all.push_back(control.name);
        return all;
    }();
    return names;
}
constexpr std::array<std::string_view, 6> read_only{"id",         "disabled_reason", "created_at",
                                                    "updated_at", "version",         "public_key"};

bool has(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// A member's name in a JSON pointer as a URI fragment; headers' own is net's.
std::string pointer_to(std::string_view name) {
    // The same escaping serves every name; only the folder in front is of headers.
    return "#" + net::header_pointer(name).substr(std::string_view("#/headers").size());
}

/// Reads the members of a body into a Change. Each reader takes the member's value.
class Reader {
 public:
    Reader(const json::Value& body, std::string_view text, Change& change)
        : body_(body), text_(text), change_(change) {}

    void read() {
        if (body_.as_object() == nullptr) {
            refuse("#", fmt::format("must be an object, not {}", body_.type_name()));
            return;
        }
        refuse_unknown();
        read_text("name", change_.name, {.characters_max = limits::name_characters_max});
        read_text("description", change_.description,
                  {.characters_max = limits::description_characters_max, .may_have_lines = true});
        read_url();
        read_headers();
        read_events();
        read_enabled();
        read_timeout();
        read_schedule();
        read_signing();
        read_controls();
        read_secret();
        read_keys();
    }

 private:
    void refuse(std::string pointer, std::string detail) {
        change_.errors.push_back({std::move(pointer), {}, {}, std::move(detail)});
    }
    void refuse_type(std::string_view name, std::string_view wanted, const json::Value& value) {
        refuse(fmt::format("#/{}", name),
               fmt::format("must be {}, not {}", wanted, value.type_name()));
    }

    void refuse_unknown() {
        for (const auto& [name, value] : *body_.as_object()) {
            if (has(writable(), name)) continue;
            // An answer names no more, and what is like each takes its time to find.
            if (change_.errors.size() >= limits::field_errors_max) return;
            refuse(pointer_to(name), has(read_only, name) ? "is set by the server; leave it out"
                                                          : unknown_member(name, writable()));
        }
    }

    /// The value of a member that is to be set. Null, and what a PUT leaves out, reset the field.
    template <typename T>
    const json::Value* value_of(std::string_view name, Field<T>& field) {
        const auto* value = body_.find(name);
        if (value == nullptr) {
            if (change_.kind != ChangeKind::patch) field.reset();
            return nullptr;
        }
        if (value->is_null()) {
            field.reset();
            return nullptr;
        }
        return value;
    }
    /// The value of a member that has no default.
    const json::Value* required(std::string_view name) {
        const auto* value = body_.find(name);
        if (value == nullptr) {
            if (change_.kind != ChangeKind::patch) refuse(fmt::format("#/{}", name), "is required");
            return nullptr;
        }
        if (value->is_null()) {
            refuse(fmt::format("#/{}", name), "has no default, so it cannot be null");
            return nullptr;
        }
        return value;
    }

    void read_text(std::string_view name, Field<std::string>& field, const TextRule& rule) {
        const auto* value = value_of(name, field);
        if (value == nullptr) return;
        const auto* text = value->as_string();
        if (text == nullptr) return refuse_type(name, "a string", *value);
        if (auto wrong = check_text(*text, rule)) {
            return refuse(fmt::format("#/{}", name), *std::move(wrong));
        }
        field.set(*text);
    }

    void read_url() {
        const auto* value = required("url");
        if (value == nullptr) return;
        if (value->as_string() == nullptr) return refuse_type("url", "a string", *value);
        auto url = net::parse_url(*value->as_string());
        if (!url) return refuse("#/url", url.error().message);
        change_.url = std::move(*url);
    }

    void read_headers() {
        const auto* value = value_of("headers", change_.headers);
        if (value == nullptr) return;
        const auto* object = value->as_object();
        if (object == nullptr) {
            return refuse_type("headers", "an object of names and values", *value);
        }
        std::vector<HeaderChange> headers;
        for (const auto& [name, member] : *object) {
            if (member.is_null()) {
                headers.push_back({name, {}});
            } else if (const auto* text = member.as_string(); text != nullptr) {
                headers.push_back({name, *text});
            } else {
                refuse(net::header_pointer(name),
                       fmt::format("must be a string, not {}", member.type_name()));
            }
        }
        change_.headers.set(std::move(headers));
    }

    void read_events() {
        const auto* value = required("events");
        if (value == nullptr) return;
        const auto* array = value->as_array();
        if (array == nullptr) return refuse_type("events", "a list of names", *value);
        if (array->empty()) {
            return refuse("#/events", "must name at least one event type; \"*\" takes all");
        }
        if (array->size() > limits::webhook_events_count_max) {
            return refuse("#/events", fmt::format("has {} entries; at most {} are allowed: use "
                                                  "\"prefix.*\"",
                                                  array->size(), limits::webhook_events_count_max));
        }
        std::vector<std::string> events;
        for (std::size_t i = 0; i < array->size(); ++i) {
            const auto* text = (*array)[i].as_string();
            if (text == nullptr) {
                refuse(fmt::format("#/events/{}", i),
                       fmt::format("must be a string, not {}", (*array)[i].type_name()));
            } else if (std::ranges::find(events, *text) == events.end()) {
                events.push_back(*text);
            }
        }
        change_.events = std::move(events);
    }

    void read_enabled() {
        const auto* value = value_of("enabled", change_.enabled);
        if (value == nullptr) return;
        if (value->as_bool() == nullptr) return refuse_type("enabled", "true or false", *value);
        change_.enabled.set(*value->as_bool());
    }

    void read_timeout() {
        const auto* value = value_of("timeout", change_.timeout);
        if (value == nullptr) return;
        const auto* text = value->as_string();
        if (text == nullptr) return refuse_type("timeout", "a string such as \"15s\"", *value);
        const auto timeout = parse_duration(*text);
        if (!timeout) {
            return refuse("#/timeout", "must be a whole number and ms, s, m, h or d: \"15s\"");
        }
        if (*timeout < limits::attempt_timeout_min || *timeout > limits::attempt_timeout_max) {
            return refuse("#/timeout", fmt::format("must be {} to {}",
                                                   format_duration(limits::attempt_timeout_min),
                                                   format_duration(limits::attempt_timeout_max)));
        }
        change_.timeout.set(*timeout);
    }

    void read_schedule() {
        const auto* value = value_of("retry_schedule", change_.retry_schedule);
        if (value == nullptr) return;
        const auto* array = value->as_array();
        if (array == nullptr) {
            return refuse_type("retry_schedule", "a list such as [\"5s\", \"5m\"]", *value);
        }
        if (array->size() > limits::retry_schedule_entries_max) {
            return refuse("#/retry_schedule",
                          fmt::format("has {} entries; at most {} are allowed", array->size(),
                                      limits::retry_schedule_entries_max));
        }
        std::vector<Duration> schedule;
        for (std::size_t i = 0; i < array->size(); ++i) {
            const auto* text = (*array)[i].as_string();
            const auto delay = text == nullptr ? std::nullopt : parse_duration(*text);
            if (!delay) {
                refuse(fmt::format("#/retry_schedule/{}", i),
                       "must be a whole number and ms, s, m, h or d: \"5m\"");
            } else if (*delay > limits::retry_delay_max) {
                refuse(fmt::format("#/retry_schedule/{}", i),
                       fmt::format("must be at most {}", format_duration(limits::retry_delay_max)));
            } else {
                schedule.push_back(*delay);
            }
        }
        change_.retry_schedule.set(std::move(schedule));
    }

    void read_signing() {
        const auto* value = value_of("signing", change_.signing);
        if (value == nullptr) return;
        const auto* array = value->as_array();
        if (array == nullptr) return refuse_type("signing", "a list such as [\"v1\"]", *value);
        if (array->empty())
            return refuse("#/signing", "must name v1, v1a or ferriskey, or several");
        std::vector<SigningScheme> schemes;
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (change_.errors.size() >= limits::field_errors_max)
                return;  // an answer names no more
            const auto* text = (*array)[i].as_string();
            const auto scheme = text == nullptr ? std::nullopt : parse_signing_scheme(*text);
            if (!scheme) {
                refuse(fmt::format("#/signing/{}", i), R"(must be "v1", "v1a" or "ferriskey")");
            } else if (std::ranges::find(schemes, *scheme) != schemes.end()) {
                refuse(fmt::format("#/signing/{}", i), "is there twice");
            } else {
                schemes.push_back(*scheme);
            }
        }
        change_.signing.set(std::move(schemes));
    }

    void read_controls() {
        for (const Control& control : all_controls()) {
            const auto* value = body_.find(control.name);
            if (value == nullptr && change_.kind == ChangeKind::patch) continue;
            change_.controls.touched.push_back(&control);
            if (value == nullptr || value->is_null()) continue;
            control.read({*value, text_of(control.name)}, change_.controls.values,
                         [&](std::string_view below, std::string detail) {
                             refuse(fmt::format("#/{}{}", control.name, below), std::move(detail));
                         });
        }
    }

    void read_secret() {
        const auto* value = body_.find("secret");
        if (value == nullptr) return;
        if (value->as_string() == nullptr) return refuse_type("secret", "a string", *value);
        auto secret = parse_secret(*value->as_string());
        if (!secret) return refuse("#/secret", secret.error().message);
        change_.secret = std::move(*secret);
    }

    void read_keys() {
        const auto* value = body_.find("keys");
        if (value == nullptr) return;
        if (change_.kind != ChangeKind::create) {
            return refuse("#/keys", "are given when a webhook is made; rotate its secret instead");
        }
        if (value->as_object() == nullptr) return refuse_type("keys", "an object", *value);
        if (change_.secret) return refuse("#/keys", "and secret exclude each other");
        GivenKeys keys;
        for (const auto& [name, member] : *value->as_object()) {
            if (change_.errors.size() >= limits::field_errors_max)
                return;  // an answer names no more
            const auto* text = member.as_string();
            const auto pointer = "#/keys" + pointer_to(name).substr(1);
            if (text == nullptr) {
                refuse(pointer, fmt::format("must be a string, not {}", member.type_name()));
            } else if (name == "now" || name == "previous") {
                auto set = parse_keys(*text);
                if (!set) {
                    refuse(pointer, set.error().message);
                } else {
                    (name == "now" ? keys.now : keys.previous) = std::move(*set);
                }
            } else if (name == "previous_expires_at") {
                keys.previous_expires_at = parse_rfc3339(*text);
                if (!keys.previous_expires_at) {
                    refuse(pointer, "must be a time such as 2026-03-01T12:00:00Z");
                }
            } else {
                constexpr std::string_view known[] = {"now", "previous", "previous_expires_at"};
                refuse(pointer, unknown_member(name, known));
            }
        }
        change_.keys = std::move(keys);
    }

    /// A member as compact JSON. Requires: it is there.
    std::string_view text_of(std::string_view name) {
        if (texts_.empty()) {
            if (auto members = json::split_object(text_, limits::json_depth_max)) {
                texts_ = std::move(*members);
            }
        }
        const auto found = std::ranges::find(texts_, name, &json::Member::name);
        return found == texts_.end() ? "null" : std::string_view(found->value);
    }

    const json::Value& body_;
    std::string_view text_;
    std::vector<json::Member> texts_;
    Change& change_;
};

}  // namespace

Change parse_change(const json::Value& body, std::string_view text, ChangeKind kind) {
    Change change;
    change.kind = kind;
    Reader(body, text, change).read();
    return change;
}

Result<Rotation> parse_rotation(const json::Value& body) {
    Rotation rotation;
    std::vector<FieldError> errors;
    const auto refuse = [&](std::string pointer, std::string detail) {
        errors.push_back({std::move(pointer), {}, {}, std::move(detail)});
    };
    if (body.as_object() == nullptr) {
        return fail_field("#", fmt::format("must be an object, not {}", body.type_name()));
    }
    for (const auto& [name, value] : *body.as_object()) {
        const auto* text = value.as_string();
        if (name != "secret" && name != "overlap") {
            constexpr std::string_view known[] = {"secret", "overlap"};
            refuse(pointer_to(name), unknown_member(name, known));
        } else if (text == nullptr) {
            refuse("#/" + name, fmt::format("must be a string, not {}", value.type_name()));
        } else if (name == "secret") {
            auto secret = parse_secret(*text);
            if (secret)
                rotation.secret = std::move(*secret);
            else
                refuse("#/secret", secret.error().message);
        } else {
            rotation.overlap = parse_duration(*text);
            if (!rotation.overlap || *rotation.overlap > limits::secret_overlap_max) {
                refuse("#/overlap", fmt::format("must be a duration such as \"24h\", at most {}",
                                                format_duration(limits::secret_overlap_max)));
            }
        }
    }
    if (!errors.empty()) return fail_fields(std::move(errors));
    return rotation;
}

std::unexpected<Error> fail_fields(std::vector<FieldError> errors) {
    Error error{ErrorCode::invalid_argument, {}, std::move(errors), nullptr};
    const auto& first = error.fields.front();
    error.message = first.pointer + " " + first.detail;
    return std::unexpected(std::move(error));
}

}  // namespace postrider::webhooks
