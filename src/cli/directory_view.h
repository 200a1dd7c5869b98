#pragma once

#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/find.h"

/// What the verbs of users, roles and clients have in common.
namespace postrider::cli {

/// A line of a card: what people read, and the member of the answer.
struct Line {
    std::string_view label;
    std::string_view member;
};
/// The members of a resource, and when it was made and changed; or its JSON. Gives the exit code.
int show_resource(Context& context, const Answer& answer, const std::vector<Line>& lines);
/// The same for what may have failed.
int show_asked(Context& context, const Asked& asked, const std::vector<Line>& lines);

/// "12 users" of a list at `path`; "more than 5,000 users" where counting would take long. nullopt
/// when the list may not be seen.
std::optional<std::string> count_of(Context& context, const std::string& path,
                                    std::string_view word);
/// What goes with a thing that is deleted: a list below it, and the word for one of them.
struct Content {
    std::string_view folder;  ///< "/roles"
    std::string_view word;    ///< "role"
};
/// "3 webhooks, 12 users and 1 role": what there is of each below `path`.
std::string contents_of(Context& context, const std::string& path,
                        std::initializer_list<Content> contents);

/// Asks, deletes what was typed and says so. `argument` is its name among those given. On a
/// terminal what goes with it is counted first, and `consequence` is said.
int remove_named(Context& context, const Given& given, const Kind& kind, std::string_view argument,
                 std::string_view consequence = {}, std::initializer_list<Content> contents = {});
/// "Its 2 roles and 1 redirect URI go with it. " of what contents_of() gave; "" of nothing.
std::string goes_with_it(const std::string& contents);
/// What a verb that answers with nothing says: `sentence`, but nothing with --json.
int say_done(Context& context, const Asked& asked, std::string_view sentence);

/// Members that flags set: "--first-name" is first_name.
void add_texts(json::Object& members, const Given& given,
               const std::vector<std::string_view>& flags);
/// --enable and --disable.
void add_enabled(json::Object& members, const Given& given);
inline std::string body_of(json::Object members) {
    return json::serialize(json::Value(std::move(members)));
}

}  // namespace postrider::cli
