#pragma once

#include <cstddef>

#include "model/limits.h"

/// The bounds of what the server holds in memory of webhooks.
namespace postrider::limits {

/// Headers, credentials and templates of all webhooks of a realm, as the engine holds them: 1.6 KiB
/// for each of as many webhooks as there may be, or 1,000 webhooks with all headers that they may
/// have.
inline constexpr std::size_t webhook_memory_per_realm_max = 16 * 1024 * 1024;
static_assert(webhook_memory_per_realm_max >= webhooks_per_realm_max * 1024,
              "a bearer token for each of as many webhooks as there may be");

/// Targets that are built from one snapshot after a change of a realm's settings: some 4 ms.
inline constexpr std::size_t targets_built_at_once = 64;

}  // namespace postrider::limits
