#pragma once

#include <string>
#include <string_view>

namespace postrider {

/// The form in which names of people are compared: full-width and half-width characters as their
/// ordinary ones, letters in lower case, canonically composed. "José" and "JOSÉ" have one form, in
/// either normal form of Unicode. Folding what is folded changes nothing.
/// Source: RFC 8265 section 3.3, UsernameCaseMapped, whose order of rules it follows.
std::string fold_name(std::string_view name);

/// Why `name` may not be given to anything that is found by it, as the end of a sentence that
/// begins with the field: a space at either end, a space that is not the plain one, a character
/// that is invisible, private, unassigned or a control. Empty when it may. What RFC 8265 refuses
/// beyond that (a plain space inside, symbols) was always allowed here.
/// Requires: UTF-8.
std::string name_problem(std::string_view name);

}  // namespace postrider
