#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_bounds.h"
#include "base/result.h"

/// Inside of base/json only: the one JSON grammar, which json_text.h and json.h share, so that a
/// publish and a configuration accept the same texts.
namespace postrider::json {

/// One pass over a JSON text: checks it (see compact()) and copies it without white space.
class Scanner {
 public:
    /// Where a value stands in the compact text, [begin, end).
    struct Span {
        std::size_t begin = 0, end = 0;
    };

    /// Whether an object may have two members of one name.
    enum class Duplicates { refuse, keep };

    Scanner(std::string_view text, std::size_t depth_max, Bounds bounds = {},
            Duplicates duplicates = Duplicates::refuse)
        : begin_(text.data()),
          end_(text.data() + text.size()),
          p_(text.data()),
          run_(text.data()),
          depth_max_(depth_max),
          bounds_(bounds),
          duplicates_(duplicates) {}

    /// More values than this in all are an error.
    void bound_values(std::size_t count_max) { values_left_ = count_max; }

    /// Scans one value and what stands around it, to the end of the text. False: see error().
    bool scan();
    /// Also notes the children of the outermost object or array.
    bool scan_children(std::vector<Span>& names, std::vector<Span>& values) {
        child_names_ = &names;
        child_values_ = &values;
        return scan();
    }
    std::string take_compact() { return std::move(out_); }
    std::string_view compact() const { return out_; }
    /// "malformed-json", with the place as a byte offset; or the list that is too long.
    Error error() const;
    /// The same, with the place as a line and a column of `text`, which was scanned.
    Error error_in_lines(std::string_view text) const;
    bool is_list_too_long() const { return too_long_ != nullptr; }
    std::size_t error_offset() const { return static_cast<std::size_t>(failed_at_ - begin_); }
    std::string_view error_reason() const { return reason_; }

 private:
    /// A member's name, for the search for duplicates: its first eight bytes decide nearly always.
    struct Name {
        std::uint64_t prefix;
        std::string_view text;  ///< decoded
        const char* at;
        bool operator==(const Name& other) const {
            return prefix == other.prefix && text == other.text;
        }
        bool operator<(const Name& other) const {
            return prefix != other.prefix ? prefix < other.prefix : text < other.text;
        }
    };

    bool fail_here(const char* reason) { return fail_at(p_, reason); }
    bool fail_at(const char* at, const char* reason) {
        failed_at_ = at;
        reason_ = reason;
        return false;
    }
    void skip_space() {
        // No byte above ' ' is white space, and most texts that arrive have none.
        if (p_ < end_ && static_cast<unsigned char>(*p_) <= ' ') skip_space_slowly();
    }
    /// One more child of what `bound` is about. False: that is one too many.
    bool count(const Bound* bound, std::size_t& children) {
        if (bound == nullptr || ++children <= bound->count_max) return true;
        too_long_ = bound;
        return fail_here("the list is too long");
    }
    const Bound* bound_of(std::string_view name) const {
        for (const Bound& bound : bounds_) {
            if (bound.member == name) return &bound;
        }
        return nullptr;
    }
    void skip_space_slowly();
    void flush() {
        out_.append(run_, static_cast<std::size_t>(p_ - run_));
        run_ = p_;
    }
    std::size_t position() const { return out_.size() + static_cast<std::size_t>(p_ - run_); }

    bool value(std::size_t depth);
    bool object(std::size_t depth);
    bool array(std::size_t depth);
    bool string(bool& escaped);
    bool escape();
    bool number();
    bool literal(std::string_view word);
    void note_name(const char* token, const char* token_end, bool escaped);
    bool names_differ(std::size_t first);

    const char* const begin_;
    const char* const end_;
    const char* p_;
    const char* run_;  ///< begin of what is not yet copied
    const std::size_t depth_max_;
    const Bounds bounds_;
    const Duplicates duplicates_;
    const Bound* next_bound_ = nullptr;  ///< of the value that comes next
    const Bound* too_long_ = nullptr;
    std::size_t values_left_ = SIZE_MAX;
    std::string out_;
    std::vector<Name> names_;          ///< of all open objects, the innermost last
    std::deque<std::string> decoded_;  ///< names that had escapes
    std::vector<Span>* child_names_ = nullptr;
    std::vector<Span>* child_values_ = nullptr;
    const char* failed_at_ = nullptr;
    const char* reason_ = "";
};

/// Whether a lone surrogate escape is decoded to its three (invalid) bytes or refused.
enum class LoneSurrogates { refuse, keep };

/// Decodes what stands between a checked string token's quotes; nullopt: a lone surrogate.
std::optional<std::string> unescape(std::string_view token, LoneSurrogates lone);

}  // namespace postrider::json
