#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "store/feed_table.h"

namespace postrider::feed {

/// How far somebody has read a realm's log. Opaque to clients: base64url, 55 characters. It is no
/// secret and grants nothing.
struct Position {
    store::FeedPlace place;
    /// When nothing before the place was unread: what the realm keeps since then cannot lack
    /// anything behind it.
    Timestamp seen_at{};

    bool is_beginning() const { return place.is_beginning(); }
};

std::string encode(const RealmId& realm, const Position& position);

struct Decoded {
    Position position;
    bool is_of_realm = false;
};
/// nullopt: it is none, or was cut or altered.
std::optional<Decoded> decode(const RealmId& realm, std::string_view text);

}  // namespace postrider::feed
