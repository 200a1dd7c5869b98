#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/ids.h"
#include "store/list.h"
#include "store/rows.h"

/// Finding things by an id, or by a part of a name.
namespace postrider::store::search {

enum class Kind {
    webhook,
    user,
    role,
    client,
    redirect_uri,
    api_key,
    event_type,
    event,
    delivery,
    operation,
    resource,  ///< an id that events are about, whether or not it is known here
};
std::string_view to_string(Kind kind);
std::optional<Kind> parse_kind(std::string_view text);

struct Found {
    Kind kind = Kind::webhook;
    Uuid id;             ///< nil: an event type, which has none
    std::string name;    ///< "" of what has none
    std::string detail;  ///< what tells it from others of that name: a URL, an e-mail address
    std::optional<ClientId> client = {};  ///< whose role or redirect URI it is
};

/// What was typed, as it is looked for.
class Text {
 public:
    explicit Text(std::string_view typed);
    /// A LIKE pattern, with \ as escape, of what contains it; folded as names of people are.
    const std::string& part() const { return part_; }
    const std::string& typed() const { return typed_; }
    /// The ids that begin as it does, when it may be the begin of one: 8 hexadecimal digits or
    /// more, with or without hyphens. The first and the last.
    const std::optional<std::pair<Uuid, Uuid>>& ids() const { return ids_; }

 private:
    std::string typed_;
    std::string part_;
    std::optional<std::pair<Uuid, Uuid>> ids_;
};

/// At most `limit` things of a kind whose id is one of text.ids(), by their keys. Of events and
/// deliveries, without regard to retention. Requires: text.ids(), no event_type.
Result<std::vector<Found>> by_id(sql::Connection& sql, const RealmId& realm, Kind kind,
                                 const Text& text, std::size_t limit);
/// At most `limit` things of a kind that have the text in their name, or what else they are known
/// by; none of a kind without names. What is called exactly so comes first. Users are looked for in
/// an index of their names: some 60 to 80 ms for 100,000.
Result<std::vector<Found>> by_text(sql::Connection& sql, const RealmId& realm, Kind kind,
                                   const Text& text, std::size_t limit);

/// The users whose username, e-mail address or name has the text in it, by username, after the one
/// with the id `after`.
Result<List<UserRow>> users(sql::Connection& sql, const RealmId& realm, const Text& text,
                            std::optional<UserId> after, std::size_t limit);
/// Likewise of the others, newest first; "before" as in tables.h.
struct WebhookFilter {
    std::optional<Text> text;  ///< of its name or URL; or ids that begin so
    std::optional<bool> enabled;
};
Result<List<WebhookRow>> webhooks(sql::Connection& sql, const RealmId& realm,
                                  const WebhookFilter& filter, std::optional<WebhookId> before,
                                  std::size_t limit);
Result<List<RoleRow>> roles(sql::Connection& sql, const RealmId& realm,
                            std::optional<ClientId> client, const Text& text,
                            std::optional<RoleId> before, std::size_t limit);
Result<List<ClientRow>> clients(sql::Connection& sql, const RealmId& realm, const Text& text,
                                std::optional<ClientId> before, std::size_t limit);

}  // namespace postrider::store::search
