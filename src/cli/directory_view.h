#pragma once

#include <expected>
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

/// Asks, deletes what was typed and says so. `argument` is its name among those given.
int remove_named(Context& context, const Given& given, const Kind& kind, std::string_view argument,
                 std::string_view consequence = {});
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
