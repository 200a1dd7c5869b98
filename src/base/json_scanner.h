#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

    Scanner(std::string_view text, std::size_t depth_max)
        : begin_(text.data()),
          end_(text.data() + text.size()),
          p_(text.data()),
          run_(text.data()),
          depth_max_(depth_max) {}

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
    /// "malformed-json", with the place as a byte offset.
    Error error() const;
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
