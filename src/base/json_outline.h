#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace postrider::json {

/// Parses a text of others whose objects may have a name twice: the last member of a name counts,
/// in the place of the first, as in Jackson. Each such name is added to `twice`. Otherwise as
/// parse().
Result<Value> parse_last_counts(std::string_view text, std::size_t depth_max,
                                std::vector<std::string>& twice);

/// A large JSON text, checked and compacted, whose outermost members or elements can be read one
/// by one: a file of 100,000 users is never a tree in memory. Thread-safety: immutable.
class Outline {
 public:
    /// Checks `text` as parse_last_counts() does: names may be there twice.
    /// Errors: invalid_argument with line, column and reason.
    static Result<Outline> of(std::string_view text, std::size_t depth_max);

    enum class Kind { object, array, other };
    Kind kind() const { return kind_; }
    /// How many members or elements there are.
    std::size_t size() const { return values_.size(); }
    /// The decoded name of a member. Requires: an object.
    const std::string& name(std::size_t index) const { return names_[index]; }
    /// Compact JSON text. Lifetime: this object, while it is not moved.
    std::string_view value(std::size_t index) const {
        const auto& [begin, end] = values_[index];
        return std::string_view(text_).substr(begin, end - begin);
    }

 private:
    struct Place {
        std::size_t begin, end;
    };
    std::string text_;
    Kind kind_ = Kind::other;
    std::vector<std::string> names_;
    std::vector<Place> values_;
};

}  // namespace postrider::json
