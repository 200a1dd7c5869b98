#pragma once

#include <cstddef>
#include <unordered_map>

#include "model/ids.h"

namespace postrider::delivery::admission {

/// The bytes of the bodies that are attempted or whose outcome is not in the store yet, by realm. A
/// realm may have no more of them than are left for all others, so that receivers that take large
/// bodies and do not answer use up neither the memory nor the turns of other realms. Pure.
/// Thread-safety: one thread.
class FlightBytes {
 public:
    explicit FlightBytes(std::size_t total) : left_(total) {}

    /// Whether a body of `bytes` may go. Requires: bytes are less than half of the total.
    bool has_room(const RealmId& realm, std::size_t bytes) const {
        const auto found = realms_.find(realm);
        const std::size_t held = found == realms_.end() ? 0 : found->second;
        return held + 2 * bytes <= left_;
    }
    void take(const RealmId& realm, std::size_t bytes) {
        if (bytes == 0) return;
        left_ -= bytes;
        realms_[realm] += bytes;
    }
    /// Requires: they were taken.
    void give(const RealmId& realm, std::size_t bytes) {
        if (bytes == 0) return;
        left_ += bytes;
        const auto found = realms_.find(realm);
        found->second -= bytes;
        if (found->second == 0) realms_.erase(found);
    }

 private:
    std::size_t left_;
    std::unordered_map<RealmId, std::size_t> realms_;
};

}  // namespace postrider::delivery::admission
