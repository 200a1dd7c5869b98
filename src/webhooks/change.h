#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "model/states.h"
#include "net/url.h"
#include "webhooks/controls.h"
#include "webhooks/secret.h"

namespace postrider::webhooks {

enum class ChangeKind {
    create,
    replace,  ///< PUT: what is left out is reset, but not the secret
    patch,    ///< RFC 7396: what is left out stays, null resets
};

/// A field of a change: left alone, reset to its default, or set.
template <typename T>
struct Field {
    bool touched = false;
    std::optional<T> value;  ///< none when touched: the default

    void set(T to) {
        touched = true;
        value = std::move(to);
    }
    void reset() {
        touched = true;
        value.reset();
    }
    /// What a field that holds `current` becomes.
    T applied_to(const T& current, const T& default_value) const {
        return touched ? value.value_or(default_value) : current;
    }
};

/// One header of a change. `value` none removes it; the mask keeps it.
struct HeaderChange {
    std::string name;
    std::optional<std::string> value;
};

/// All keys that a webhook had where it comes from.
struct GivenKeys {
    SecretSet now;
    SecretSet previous;
    std::optional<Timestamp> previous_expires_at;
};

/// What a request asks of a webhook: everything checked that can be without knowing what is there.
/// Bad fields are kept, not returned at once, so that those which only the transaction can find
/// (unknown event types, masks) come in the same answer.
struct Change {
    ChangeKind kind = ChangeKind::create;
    Field<std::string> name;
    Field<std::string> description;
    std::optional<net::Url> url;  ///< none: as it is (patch), or an error
    Field<std::vector<HeaderChange>> headers;
    std::optional<std::vector<std::string>> events;
    Field<bool> enabled;
    Field<Duration> timeout;
    Field<std::vector<Duration>> retry_schedule;
    Field<std::vector<SigningScheme>> signing;
    ControlsChange controls;
    std::optional<GivenSecret> secret;
    std::optional<GivenKeys> keys;  ///< only of a new webhook
    std::vector<FieldError> errors;

    /// Whether the headers are set whole, not merged into those that are there.
    bool replaces_headers() const {
        return headers.touched && (kind != ChangeKind::patch || !headers.value);
    }
};

/// `text`: what `body` was parsed from.
Change parse_change(const json::Value& body, std::string_view text, ChangeKind kind);

/// The body of a rotation.
struct Rotation {
    std::optional<GivenSecret> secret;
    std::optional<Duration> overlap;
};
/// Errors: invalid_argument with every bad field.
Result<Rotation> parse_rotation(const json::Value& body);

/// An invalid_argument of all of them. Requires: not empty.
std::unexpected<Error> fail_fields(std::vector<FieldError> errors);

}  // namespace postrider::webhooks
