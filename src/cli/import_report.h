#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/json.h"

namespace postrider::cli {

class Context;

/// What became of everything that a realm's file has. The unit is a *value*: a member of an object,
/// or an element where an object has a list of its own kind (a redirect URI, a role of a user).
/// Each is counted once, as one of three. Thread-safety: one thread.
class ImportReport {
 public:
    enum class Kind {
        taken_over,  ///< as it is
        adapted,     ///< in another form; said how
        left_out,    ///< said why
    };

    void taken_over(std::size_t values = 1) { sums_[index(Kind::taken_over)] += values; }
    /// `why` is a line of the report; `what` is one of the names below it. Of a line at most
    /// limits::import_report_names_max names are kept, and all are counted.
    void adapted(std::string_view why, std::string_view what, std::size_t values = 1) {
        add(Kind::adapted, why, what, values);
    }
    void left_out(std::string_view why, std::string_view what, std::size_t values = 1) {
        add(Kind::left_out, why, what, values);
    }
    /// Something to know that is no value of the file.
    void remark(std::string_view why, std::string_view what) { add(Kind::adapted, why, what, 0); }
    /// Values that were counted as taken over, and were refused after all.
    void take_back(std::size_t values);

    std::size_t sum(Kind kind) const { return sums_[index(kind)]; }
    bool has(std::string_view why) const { return by_why_.contains(std::string(why)); }

    /// [{"note", "kind", "count", "of"}], in the order in which they came.
    json::Array to_json() const;
    /// {"taken_over", "adapted", "left_out"}.
    json::Value sums_json() const;
    /// The lines with up to ten names each, and the three numbers at the end.
    void show(Context& context) const;

 private:
    struct Line {
        Kind kind;
        std::string why;
        std::size_t count = 0;  ///< of the values, of which several may have one name
        std::vector<std::string> names;
        std::unordered_set<std::string> known;  ///< the same names
        bool is_cut = false;                    ///< there are more names than these
    };
    static std::size_t index(Kind kind) { return static_cast<std::size_t>(kind); }
    void add(Kind kind, std::string_view why, std::string_view what, std::size_t values);

    std::vector<Line> lines_;
    std::unordered_map<std::string, std::size_t> by_why_;
    std::array<std::size_t, 3> sums_{};
};

}  // namespace postrider::cli
