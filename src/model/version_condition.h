#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace postrider {

/// Which versions a resource may have for a change of it to be made: If-Match. By default it may
/// have any, and it may also not exist yet.
/// Source: RFC 9110, section 13.1.1.
class VersionCondition {
 public:
    VersionCondition() = default;
    /// `If-Match: *`: any version, of a resource that exists.
    static VersionCondition any_that_exists() { return VersionCondition(Kind::exists, {}); }
    /// None of them: no resource satisfies it.
    static VersionCondition one_of(std::vector<std::int64_t> versions) {
        return VersionCondition(Kind::listed, std::move(versions));
    }

    bool holds_for(std::int64_t version) const {
        return kind_ != Kind::listed || std::ranges::find(versions_, version) != versions_.end();
    }
    /// Whether it holds for a resource that does not exist.
    bool holds_for_none() const { return kind_ == Kind::unconditional; }

 private:
    enum class Kind { unconditional, exists, listed };
    VersionCondition(Kind kind, std::vector<std::int64_t> versions)
        : kind_(kind), versions_(std::move(versions)) {}

    Kind kind_ = Kind::unconditional;
    std::vector<std::int64_t> versions_;
};

}  // namespace postrider
