#include "events/filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/json_pointer.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "model/event.h"
#include "model/limits.h"

namespace postrider::events {
namespace {

using Type = JsonIndex::Type;

constexpr std::array<std::string_view, 4> roots{"event", "timestamp", "resource_id", "data"};
constexpr std::array<std::string_view, 15> operators{
    "$eq",         "$neq",      "$gt",       "$gte",    "$lt",  "$lte", "$in", "$nin",
    "$startsWith", "$endsWith", "$contains", "$exists", "$and", "$or",  "$not"};

/// Of text, that are one unit of Filter::Work.
constexpr std::size_t work_bytes = 64;

std::string_view name_of(Type type) {
    constexpr std::array<std::string_view, 6> names{"null",     "true or false", "a number",
                                                    "a string", "a list",        "an object"};
    return names[static_cast<std::size_t>(type)];
}

}  // namespace

/// Reads a filter, and keeps all that is wrong with it.
class Filter::Parser {
 public:
    Result<Condition> read(std::string_view text) {
        const Place root{.pointer = "#", .depth = 1, .is_event = true};
        if (text.size() > limits::filter_bytes_max) {
            refuse(root, fmt::format("is longer than {} bytes", limits::filter_bytes_max));
        }
        auto compact = json::compact(text, limits::json_depth_max);
        if (!compact) refuse(root, compact.error().message);
        Condition read;
        if (errors_.empty()) {
            index_ = std::make_shared<const JsonIndex>(std::move(*compact));
            read = read_value(index_->root(), root);
        }
        if (errors_.empty()) return read;
        return std::unexpected(Error{ErrorCode::invalid_argument, "the filter cannot be used",
                                     std::move(errors_), nullptr});
    }
    std::size_t conditions() const { return count_ + values_; }
    /// What the conditions point into.
    std::shared_ptr<const JsonIndex> index() const { return index_; }

 private:
    /// Where something stands.
    struct Place {
        std::string pointer;
        std::size_t depth = 0;
        bool is_event = false;  ///< it is about the whole event, not about a member
    };
    void refuse(const Place& place, std::string detail) {
        if (errors_.size() < limits::field_errors_max) {
            errors_.push_back({place.pointer, {}, {}, std::move(detail)});
        }
    }
    void count(const Place& place) {
        if (++count_ != limits::filter_conditions_max + 1) return;
        refuse(place, fmt::format("is one too many: a filter has at most {} conditions",
                                  limits::filter_conditions_max));
    }

    void count_values(std::size_t values, const Place& place) {
        const bool was_too_many = values_ > limits::filter_list_max;
        values_ += values;
        if (was_too_many || values_ <= limits::filter_list_max) return;
        refuse(place, fmt::format("has too many elements: the lists of $in and $nin of a filter "
                                  "have at most {} together",
                                  limits::filter_list_max));
    }

    /// What stands where conditions are expected: an object of them, or a plain value.
    Condition read_value(const Node& value, const Place& place) {
        if (value.type == Type::object) return read_object(value, place);
        if (place.is_event) {
            refuse(place, fmt::format("must be an object such as {{\"data\": {{\"total\": "
                                      "{{\"$gte\": 100}}}}}}, not {}",
                                      name_of(value.type)));
            return {};
        }
        count(place);
        Condition condition;
        condition.tests.push_back({Operator::equal, &value, {}});
        return condition;
    }

    Condition read_object(const Node& object, const Place& place) {
        Condition condition;
        if (place.depth > limits::filter_depth_max) {
            refuse(place, fmt::format("is nested deeper than {}", limits::filter_depth_max));
            return condition;
        }
        object.any_child([&](const Node& value) {
            const std::string_view name = value.name;
            const bool is_operator = name.starts_with('$');
            const Place below{.pointer = json::pointer_to(place.pointer, name),
                              .depth = place.depth + 1,
                              .is_event = place.is_event && is_operator};
            if (is_operator) {
                read_operator(name, value, below, condition);
            } else if (place.is_event && std::ranges::find(roots, name) == roots.end()) {
                refuse(below,
                       "is none of event, timestamp, resource_id and data; the members of an "
                       "event's data stand below data");
            } else {
                condition.members.emplace_back(name, read_value(value, below));
            }
            return false;
        });
        if (object.size == 0) refuse(place, "has no condition; leave it out");
        return condition;
    }

    void read_operator(std::string_view name, const Node& value, const Place& place,
                       Condition& into) {
        if (name == "$and" || name == "$or") return read_list(name, value, place, into);
        if (name == "$not") {
            into.none.emplace_back(name, read_value(value, place));
            return;
        }
        if (std::ranges::find(operators, name) == operators.end()) {
            const auto near = nearest(operators, name);
            return refuse(place,
                          fmt::format("is no operator{}; there are {}",
                                      near.empty() ? "" : fmt::format("; do you mean {}?", near),
                                      fmt::join(operators, ", ")));
        }
        if (place.is_event) {
            return refuse(place,
                          "stands at a member of the event, such as data; beside the members "
                          "there are $and, $or and $not");
        }
        count(place);
        read_test(name, value, place, into);
    }

    void read_test(std::string_view name, const Node& value, const Place& place, Condition& into) {
        const auto test = [&](Operator how) { into.tests.push_back({how, &value, name}); };
        const auto negated = [&](Operator how) {
            Condition positive;
            positive.tests.push_back({how, &value, name});
            into.none.emplace_back(name, std::move(positive));
        };
        if (name == "$exists") {
            if (!is_one_of({Type::boolean}, value, "true or false", place)) return;
            into.exists = value.raw == "true";
        } else if (name == "$eq") {
            test(Operator::equal);
        } else if (name == "$neq") {
            negated(Operator::equal);
        } else if (name == "$contains") {
            test(Operator::contains);
        } else if (name == "$in" || name == "$nin") {
            if (!is_list(value, place)) return;
            count_values(value.size, place);
            name == "$in" ? test(Operator::in) : negated(Operator::in);
        } else if (name == "$startsWith" || name == "$endsWith") {
            if (!is_one_of({Type::string}, value, "a string", place)) return;
            test(name == "$startsWith" ? Operator::begins : Operator::ends);
        } else {
            if (!is_one_of({Type::number, Type::string}, value, "a number or a string", place)) {
                return;
            }
            test(name == "$gt"    ? Operator::greater
                 : name == "$gte" ? Operator::at_least
                 : name == "$lt"  ? Operator::less
                                  : Operator::at_most);
        }
    }

    void read_list(std::string_view name, const Node& value, const Place& place, Condition& into) {
        if (!is_list(value, place)) return;
        std::vector<Condition> read;
        value.any_child([&](const Node& element) {
            read.push_back(
                read_value(element, {.pointer = fmt::format("{}/{}", place.pointer, read.size()),
                                     .depth = place.depth + 1,
                                     .is_event = place.is_event}));
            return false;
        });
        if (name == "$or") {
            into.any.push_back(std::move(read));
        } else {
            into.all = std::move(read);
        }
    }

    bool is_list(const Node& value, const Place& place) {
        if (!is_one_of({Type::array}, value, "a list", place)) return false;
        if (value.size == 0) refuse(place, "must have at least one element");
        if (value.size > limits::filter_list_max) {
            refuse(place, fmt::format("has more than {} elements", limits::filter_list_max));
        }
        return value.size > 0 && value.size <= limits::filter_list_max;
    }
    bool is_one_of(std::initializer_list<Type> wanted, const Node& value, std::string_view names,
                   const Place& place) {
        if (std::ranges::find(wanted, value.type) != wanted.end()) return true;
        refuse(place, fmt::format("must be {}, not {}", names, name_of(value.type)));
        return false;
    }

    std::shared_ptr<const JsonIndex> index_;
    std::vector<FieldError> errors_;
    std::size_t count_ = 0;
    std::size_t values_ = 0;  ///< of $in and $nin
};

Result<Filter> Filter::parse(std::string_view text) {
    Filter filter;
    Parser parser;
    POSTRIDER_ASSIGN(filter.root_, parser.read(text));
    filter.conditions_ = parser.conditions();
    filter.index_ = parser.index();
    return filter;
}

std::vector<Filter::Lookup> Filter::lookups() const {
    std::vector<Lookup> found;
    std::vector<std::string> path;
    look_up(root_, path, found);
    return found;
}

/// What members and operators say must hold together; what $or and negations say need not.
void Filter::look_up(const Condition& condition, std::vector<std::string>& path,
                     std::vector<Lookup>& found) {
    for (const Test& test : condition.tests) {
        if (path.empty()) continue;
        if (auto keys = keys_of(test); !keys.empty()) found.push_back({path, std::move(keys)});
    }
    for (const auto& [name, each] : condition.members) {
        // By its type an event is looked up anyway.
        if (path.empty() && name == "event") continue;
        path.emplace_back(name);
        look_up(each, path, found);
        path.pop_back();
    }
}

/// None if it asks for something that cannot be looked up.
std::vector<std::string> Filter::keys_of(const Test& test) {
    std::vector<std::string> keys;
    if (test.how != Operator::equal && test.how != Operator::in) return keys;
    const auto add = [&](const Node& value) {
        auto key = key_of(value);
        const bool is_found = key.has_value();
        if (is_found) keys.push_back(std::move(*key));
        return !is_found;
    };
    const Node& operand = *test.operand;
    const bool has_others = test.how == Operator::in ? operand.any_child(add) : add(operand);
    if (has_others) keys.clear();
    return keys;
}

std::optional<std::string> Filter::refuses(const JsonIndex& event) const {
    if (matches(event)) return std::nullopt;
    return first_that_fails(root_, &event.root());
}

bool Filter::Work::spend(std::size_t units) {
    is_used_up = is_used_up || units > left;
    left -= std::min(left, units);
    return !is_used_up;
}

bool Filter::holds(const Condition& condition, const Node* value, Work& work) {
    if (!work.spend(1)) return false;
    if (condition.exists && *condition.exists != (value != nullptr)) return false;
    const auto is_held = [&](const Condition& each) { return holds(each, value, work); };
    if (!std::ranges::all_of(condition.all, is_held)) return false;
    for (const auto& alternatives : condition.any) {
        if (!std::ranges::any_of(alternatives, is_held)) return false;
    }
    for (const auto& [name, each] : condition.none) {
        if (is_held(each)) return false;
    }
    if (condition.tests.empty() && condition.members.empty()) return true;
    if (value == nullptr || value->type != Type::array) return holds_of(condition, value, work);
    // An array as a whole has no members of its own; one without elements has none that could.
    const bool as_a_whole = condition.members.empty();
    if (as_a_whole && holds_of(condition, value, work)) return true;
    if (value->any_child(
            [&](const Node& element) { return holds_of(condition, &element, work); })) {
        return true;
    }
    return !as_a_whole && value->size == 0 && holds_of(condition, nullptr, work);
}

/// The operators and nested conditions, of one value that is not looked into as an array.
bool Filter::holds_of(const Condition& condition, const Node* candidate, Work& work) {
    if (!work.spend(1)) return false;
    for (const Test& test : condition.tests) {
        if (candidate == nullptr || !passes(test, *candidate, work)) return false;
    }
    return std::ranges::all_of(condition.members, [&](const Named& member) {
        return holds(member.condition,
                     candidate == nullptr ? nullptr : candidate->find(member.name), work);
    });
}

std::size_t Filter::work_of(const Test& test, const Node& value) {
    const std::size_t of_one = 1 + test.operand->raw.size() / work_bytes;
    if (test.how == Operator::in) return test.operand->size + of_one;
    if (test.how != Operator::contains) return of_one;
    return value.type == Type::array ? value.size * of_one
                                     : of_one + value.text.size() / work_bytes;
}

bool Filter::passes(const Test& test, const Node& value, Work& work) {
    using enum Operator;
    const Node& operand = *test.operand;
    if (!work.spend(work_of(test, value))) return false;
    switch (test.how) {
        case equal:
            return events::equal(value, operand);
        case in:
            return operand.any_child([&](const Node& each) { return events::equal(value, each); });
        case contains:
            if (value.type == Type::array) {
                return value.any_child(
                    [&](const Node& element) { return events::equal(element, operand); });
            }
            break;
        default:
            break;
    }
    if (value.type != operand.type) return false;
    if (value.type == Type::string) {
        const auto text = value.text, wanted = operand.text;
        if (test.how == begins) return text.starts_with(wanted);
        if (test.how == ends) return text.ends_with(wanted);
        // Its time is bounded by the sum of the lengths; that of find() by their product.
        if (test.how == contains) {
            return memmem(text.data(), text.size(), wanted.data(), wanted.size()) != nullptr;
        }
        return is_in_order(test.how, text.compare(wanted));
    }
    if (value.type != Type::number) return false;
    return is_in_order(test.how, compare_numbers(value, operand));
}

bool Filter::is_in_order(Operator how, int compared) {
    switch (how) {
        case Operator::greater:
            return compared > 0;
        case Operator::at_least:
            return compared >= 0;
        case Operator::less:
            return compared < 0;
        case Operator::at_most:
            return compared <= 0;
        default:
            return false;
    }
}

JsonIndex index_of_event(std::string body) {
    return JsonIndex(std::move(body), limits::filter_elements_max);
}

Result<std::optional<std::string>> refusal(const Filter& filter, const store::EventRow& event) {
    const auto data = json::compact(event.data, limits::json_depth_max);
    if (!data) return fail(ErrorCode::corrupt, "a stored event has data that is no JSON");
    return filter.refuses(
        index_of_event(event_body(event.type, event.timestamp, event.resource_id, *data)));
}

namespace {

/// The JSON of a member of stored controls; "" for none.
std::string member_of(std::string_view controls, std::string_view name) {
    if (!controls.contains(name)) return {};
    const auto members = json::split_object(controls, limits::json_depth_max);
    if (!members) return {};
    const auto found = std::ranges::find(*members, name, &json::Member::name);
    return found == members->end() ? "" : found->value;
}

}  // namespace

std::string filter_in(std::string_view controls) { return member_of(controls, "filter"); }

bool asks_for_all_realms(std::string_view controls) {
    return member_of(controls, "realms") == R"("all")";
}

/// The pointer to it, "" for the place itself. Requires: the condition does not hold.
std::string Filter::first_that_fails(const Condition& condition, const Node* value) {
    Work unbounded;
    if (condition.exists && *condition.exists != (value != nullptr)) return "/$exists";
    for (std::size_t i = 0; i < condition.all.size(); ++i) {
        if (!holds(condition.all[i], value, unbounded)) {
            return fmt::format("/$and/{}{}", i, first_that_fails(condition.all[i], value));
        }
    }
    for (const auto& alternatives : condition.any) {
        if (std::ranges::none_of(alternatives, [&](const Condition& each) {
                return holds(each, value, unbounded);
            })) {
            return "/$or";
        }
    }
    for (const auto& [name, each] : condition.none) {
        if (holds(each, value, unbounded)) return "/" + std::string(name);
    }
    const bool is_array = value != nullptr && value->type == Type::array;
    for (const Test& test : condition.tests) {
        Condition alone;
        alone.tests.push_back(test);
        if (!holds(alone, value, unbounded))
            return test.name.empty() ? "" : "/" + std::string(test.name);
    }
    for (const auto& [name, each] : condition.members) {
        Condition alone;
        alone.members.emplace_back(name, each);
        if (holds(alone, value, unbounded)) continue;
        const auto below = json::pointer_to("", name);
        if (is_array) return below;
        return below + first_that_fails(each, value == nullptr ? nullptr : value->find(name));
    }
    return "";  // each holds of some element, and all of none
}

}  // namespace postrider::events
