#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/json_index.h"
#include "store/rows.h"

namespace postrider::events {

/// Which events of its types a webhook wants: conditions on `{event, timestamp, resource_id,
/// data}`. Nested objects follow members; operators begin with `$`; a plain value is `$eq`. All
/// conditions of an object must hold.
///
/// - Of an array one and the same element must satisfy the operators and the nested conditions of
///   an object; `$eq`, `$in` and `$contains` also look at the array as a whole. Elements beyond
///   limits::filter_elements_max of an event are not looked at.
/// - `$neq` and `$nin` are the negations of `$eq` and `$in`, so for an array no element may match;
///   `$and`, `$or` and `$not` combine conditions on the value as a whole.
/// - A member that is not there satisfies `$exists: false` and negations, nothing else.
/// - Numbers compare by their digits and exponents, exactly; strings by code points; values of
///   different types match nothing.
///
/// Immutable, pure. Thread-safety: any thread.
class Filter {
 public:
    /// `text`: JSON. Errors: invalid_argument with every wrong place, as JSON pointers
    /// below the filter ("/data/total/$gte").
    static Result<Filter> parse(std::string_view text);

    /// An equality that must hold: the names of members on the way to it, and the values one of
    /// which must be there, as key_of().
    struct Lookup {
        std::vector<std::string> path;
        std::vector<std::string> keys;
    };
    /// Those that it can be looked up by.
    std::vector<Lookup> lookups() const;
    /// How much it costs to hold it against an event: operators and plain values, and the values
    /// of their lists.
    std::size_t conditions() const { return conditions_; }
    /// Compact JSON.
    std::string_view text() const { return index_->root().raw; }

    /// What looking costs, so that it has a bound: 1 for each test of a value, and for each 64
    /// bytes of text that it reads; 5 to 20 ns. Once it is used up the answers mean nothing.
    struct Work {
        std::size_t left = std::numeric_limits<std::size_t>::max();
        bool is_used_up = false;
        bool spend(std::size_t units);
    };
    bool matches(const JsonIndex& event, Work& work) const {
        return holds(root_, &event.root(), work);
    }
    bool matches(const JsonIndex& event) const {
        Work unbounded;
        return matches(event, unbounded);
    }
    /// The pointer of the first condition that does not hold; nullopt: all do.
    std::optional<std::string> refuses(const JsonIndex& event) const;

 private:
    using Node = JsonIndex::Node;
    enum class Operator { equal, greater, at_least, less, at_most, in, begins, ends, contains };
    struct Test {
        Operator how = Operator::equal;
        const Node* operand = nullptr;
        std::string_view name;  ///< of the operator, "$gte", or "" for a plain value
    };
    struct Named;
    struct Condition {
        std::optional<bool> exists;
        std::vector<Test> tests;  ///< of one element, with `members`
        std::vector<Named> members;
        std::vector<Condition> all;
        std::vector<std::vector<Condition>> any;
        std::vector<Named> none;  ///< with the operator's name
    };
    struct Named {
        std::string_view name;
        Condition condition;
    };
    class Parser;
    Filter() = default;

    static bool holds(const Condition& condition, const Node* value, Work& work);
    static bool holds_of(const Condition& condition, const Node* candidate, Work& work);
    static std::size_t work_of(const Test& test, const Node& value);
    static bool passes(const Test& test, const Node& value, Work& work);
    static bool is_in_order(Operator how, int compared);
    static void look_up(const Condition& condition, std::vector<std::string>& path,
                        std::vector<Lookup>& found);
    static std::vector<std::string> keys_of(const Test& test);
    static std::string first_that_fails(const Condition& condition, const Node* value);

    std::shared_ptr<const JsonIndex> index_;  ///< of its text: the conditions point into it
    Condition root_;
    std::size_t conditions_ = 0;
};

/// An event as filters see it. `body`: its default body (model/event.h).
JsonIndex index_of_event(std::string body);

/// Filter::refuses() of an event that was read from the store. Errors: corrupt (its data is no
/// JSON).
Result<std::optional<std::string>> refusal(const Filter& filter, const store::EventRow& event);

/// The filter in a webhook's row (store::WebhookRow::controls); "" for none.
std::string filter_in(std::string_view controls);
/// Returns true if the stored controls of a webhook of `master` ask for the events of all realms.
bool asks_for_all_realms(std::string_view controls);

}  // namespace postrider::events
