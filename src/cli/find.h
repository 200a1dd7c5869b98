#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "cli/context.h"

/// What people type where an id is meant: a whole id, a name, or part of an id.
namespace postrider::cli {

/// A kind of thing that verbs name.
struct Kind {
    std::string_view word;    ///< "user"
    std::string_view folder;  ///< "/users"
    std::string_view member;  ///< the member that is its name: "username"; empty: it has none
    /// How its list narrows down: by the whole name, or by the time in the id (`since`, `until`).
    enum class Filter { none, name, time } filter = Filter::none;
};
inline constexpr Kind webhook_kind{"webhook", "/webhooks", "name"};
inline constexpr Kind event_kind{"event", "/events", "", Kind::Filter::time};
inline constexpr Kind delivery_kind{"delivery", "/deliveries", "", Kind::Filter::time};
inline constexpr Kind operation_kind{"operation", "/operations", ""};
inline constexpr Kind user_kind{"user", "/users", "username", Kind::Filter::name};
inline constexpr Kind role_kind{"role", "/roles", "name"};
inline constexpr Kind client_kind{"client", "/clients", "client_id", Kind::Filter::name};
inline constexpr Kind key_kind{"API key", "/api-keys", "name"};
inline constexpr Kind session_kind{"session", "/sessions", ""};

/// The id of what was typed: a whole id, a name, or the beginning of an id, "…" and its end, as
/// tables show it; of things without a name "last" is the newest. The exit code after saying why
/// there is none: nothing fits, or more than one does.
/// Limits: parts of ids are looked for among the newest 10,000 things, of users and clients 1,000;
/// a beginning of 8 characters or more of an event's or a delivery's id among all.
std::expected<std::string, ExitCode> find_id(Context& context, const Kind& kind,
                                             const std::string& typed);
/// "/api/v1/realms/master/users/<id>" + rest, of what was typed.
std::expected<std::string, ExitCode> find_path(Context& context, const Kind& kind,
                                               const std::string& typed,
                                               std::string_view rest = {});

/// What was typed as part of a UUID: its beginning and its end, in small letters.
struct IdPart {
    std::string begin, end;

    /// "019ab1c2", "019ab1c2…6071", "019ab1c2..6071"; at least 4 characters. nullopt of anything
    /// else.
    static std::optional<IdPart> parse(std::string_view typed);
    bool fits(std::string_view id) const;
    /// When such UUIDv7s were made: [first, second). nullopt below 8 characters, which are 65 s.
    std::optional<std::pair<Timestamp, Timestamp>> times() const;
};

}  // namespace postrider::cli
