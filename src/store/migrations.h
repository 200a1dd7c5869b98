#pragma once

#include <span>

namespace postrider::store {

/// The schema's steps, oldest first; a database at version n has had the first n. Persistent: a
/// step that was released is never edited, a new one is added. Written in SQL that both drivers
/// take, but for two words that each driver replaces: BYTES (BLOB, bytea) and CLUSTERED (WITHOUT
/// ROWID, "").
std::span<const char* const> migrations();

}  // namespace postrider::store
