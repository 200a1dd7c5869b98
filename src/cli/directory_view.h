#pragma once

#include <expected>
#include <string>
#include <vector>

#include "cli/context.h"

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

/// What kind of thing a name is of.
struct Kind {
    std::string_view word;    ///< "user"
    std::string_view folder;  ///< "/users"
    std::string_view member;  ///< the member that is its name: "username"
    bool is_filter;           ///< whether the list takes it as a filter
};
inline constexpr Kind user_kind{"user", "/users", "username", true};
inline constexpr Kind role_kind{"role", "/roles", "name", false};
inline constexpr Kind client_kind{"client", "/clients", "client_id", true};
/// The id of what was typed: an id itself, or the name of one. The exit code after saying why not.
std::expected<std::string, ExitCode> find_id(Context& context, const Kind& kind,
                                             const std::string& typed);
/// "/api/v1/realms/master/users/<id>" + rest, of what was typed.
std::expected<std::string, ExitCode> find_path(Context& context, const Kind& kind,
                                               const std::string& typed,
                                               std::string_view rest = {});

/// Deletes what was typed and says so.
int remove_named(Context& context, const Kind& kind, const std::string& typed);
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
