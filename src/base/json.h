#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace postrider::json {

class Value;
using Array = std::vector<Value>;
/// Members in their order; names are unique (the parser refuses duplicates).
using Object = std::vector<std::pair<std::string, Value>>;

/// A parsed JSON value, for configuration and answers. Never for event `data`, whose bytes are kept
/// (see json_text.h). Numbers are int64 or double.
class Value {
 public:
    using Storage =
        std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object>;

    Value() : storage_(nullptr) {}
    Value(std::nullptr_t) : storage_(nullptr) {}
    Value(bool value) : storage_(value) {}
    Value(int value) : storage_(std::int64_t{value}) {}
    Value(std::int64_t value) : storage_(value) {}
    Value(std::size_t value) : storage_(static_cast<std::int64_t>(value)) {}
    Value(double value) : storage_(value) {}
    Value(const char* value) : storage_(std::string(value)) {}
    Value(std::string_view value) : storage_(std::string(value)) {}
    Value(std::string value) : storage_(std::move(value)) {}
    Value(Array value) : storage_(std::move(value)) {}
    Value(Object value) : storage_(std::move(value)) {}

    bool is_null() const { return std::holds_alternative<std::nullptr_t>(storage_); }
    const bool* as_bool() const { return std::get_if<bool>(&storage_); }
    const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&storage_); }
    const double* as_double() const { return std::get_if<double>(&storage_); }
    const std::string* as_string() const { return std::get_if<std::string>(&storage_); }
    const Array* as_array() const { return std::get_if<Array>(&storage_); }
    Array* as_array() { return std::get_if<Array>(&storage_); }
    const Object* as_object() const { return std::get_if<Object>(&storage_); }
    Object* as_object() { return std::get_if<Object>(&storage_); }
    /// "an object", "a string", … for messages.
    std::string_view type_name() const;
    /// The member of that name; nullptr when there is none or this is no object.
    const Value* find(std::string_view name) const;
    bool operator==(const Value&) const;

 private:
    Storage storage_;
};

/// Parses one JSON text (RFC 8259): UTF-8, no duplicate names, at most limits-like `depth_max`
/// deep. Errors: invalid_argument with the place (line and column) and the reason.
Result<Value> parse(std::string_view text, std::size_t depth_max = 64);

/// Compact; strings escaped minimally, UTF-8 as it is.
std::string serialize(const Value& value);
/// Indented by two spaces, for people.
std::string serialize_pretty(const Value& value);
/// Appends `text` as a JSON string, with its quotes, to `out`. Bytes that are not UTF-8 become
/// U+FFFD.
void append_string(std::string& out, std::string_view text);

/// Writes a compact object or array into a string, for answers on hot paths.
/// `Writer w(out); w.begin_object(); w.member("id", id.to_string()); w.end_object();`
class Writer {
 public:
    explicit Writer(std::string& out) : out_(out) {}
    void begin_object();
    void end_object();
    void begin_array();
    void end_array();
    void key(std::string_view name);  ///< names are ours: plain ASCII, not escaped
    void string(std::string_view value);
    void number(std::int64_t value);
    void boolean(bool value);
    void null();
    /// JSON text that is known to be valid and compact, as it is.
    void raw(std::string_view json_text);
    void member(std::string_view name, std::string_view value);
    void member(std::string_view name, const char* value) { member(name, std::string_view(value)); }
    void member(std::string_view name, const std::string& value) {
        member(name, std::string_view(value));
    }
    void member(std::string_view name, std::int64_t value);
    void member(std::string_view name, int value) { member(name, std::int64_t{value}); }
    void member(std::string_view name, std::size_t value) {
        member(name, static_cast<std::int64_t>(value));
    }
    void member(std::string_view name, bool value);
    void member_raw(std::string_view name, std::string_view json_text);
    void member_null(std::string_view name);

 private:
    void separate();
    std::string& out_;
    bool first_ = true;
};

}  // namespace postrider::json
