#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::events {

/// Compact JSON that has been checked, read once: where each value in it begins and ends. Looking
/// for a member then costs a look at its siblings and not at their bytes, so many filters share one
/// index of an event. Strings are decoded, numbers keep their digits.
/// Immutable. Thread-safety: any thread. Lifetime: its nodes live as long as the index.
class JsonIndex {
 public:
    enum class Type : std::uint8_t { null, boolean, number, string, array, object };

    /// A number as 0.d1d2d3… times ten to a power.
    struct Decimal {
        bool is_negative = false;
        std::string digits;  ///< without zeros at the ends; "" is zero
        __int128 power = 0;
    };
    /// A value. Its members or elements follow it in memory.
    struct Node {
        std::string_view name;  ///< decoded, of a member
        std::string_view raw;   ///< compact JSON
        std::string_view text;  ///< a string's content; with a lone surrogate, its bytes as sent
        const Node* const* by_name = nullptr;  ///< the members in order of their names, of many
        const Decimal* decimal = nullptr;      ///< of a number with many digits or an exponent
        std::uint32_t span = 1;                ///< nodes of it, with all that it contains
        std::uint32_t size = 0;                ///< members or elements
        Type type = Type::null;
        bool is_cut = false;  ///< a list that has further elements, which are not here

        /// The member of this name; nullptr: there is none, or this is no object.
        const Node* find(std::string_view wanted) const;
        /// Returns true if `is_it` does for a member or element.
        template <typename Predicate>
        bool any_child(Predicate is_it) const {
            for (const Node *child = this + 1, *end = this + span; child != end;
                 child += child->span) {
                if (is_it(*child)) return true;
            }
            return false;
        }
    };

    /// Requires: `text` is compact JSON (json::compact). Of the elements of lists the first
    /// `elements_max` are there, counted from the beginning of the text.
    explicit JsonIndex(std::string text,
                       std::size_t elements_max = std::numeric_limits<std::size_t>::max());
    JsonIndex(const JsonIndex&) = delete;
    JsonIndex& operator=(const JsonIndex&) = delete;

    const Node& root() const { return nodes_.front(); }

 private:
    std::size_t read(std::size_t at, std::string_view name);
    std::size_t read_object(std::size_t at, std::size_t node);
    std::size_t read_array(std::size_t at, std::size_t node);
    std::size_t end_of_container(std::size_t at) const;
    std::size_t end_of_string(std::size_t at) const;
    std::string_view decoded(std::string_view string);
    void order_members();

    std::string text_;
    std::size_t elements_left_;
    std::vector<Node> nodes_;
    std::deque<std::string> decoded_;  ///< strings that had escapes
    std::deque<Decimal> decimals_;
    std::vector<std::size_t> wide_;     ///< objects with many members
    std::vector<const Node*> by_name_;  ///< of those
};

/// < 0, 0, > 0: as numbers, exactly and without expanding them: 1e999999999 is fine. Requires: both
/// are numbers.
int compare_numbers(const JsonIndex::Node& a, const JsonIndex::Node& b);

/// Deep equality: numbers by value, members in any order. A list that is cut equals nothing.
bool equal(const JsonIndex::Node& a, const JsonIndex::Node& b);

/// The same for values that are equal(), another for others; nullopt for lists and objects.
std::optional<std::string> key_of(const JsonIndex::Node& value);

}  // namespace postrider::events
