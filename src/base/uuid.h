#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace postrider {

class Random;

/// 16 bytes; compares as bytes, so UUIDv7 order is time order.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const Uuid&) const = default;
    bool is_nil() const { return *this == Uuid{}; }
    std::string_view view() const {
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    /// Lower-case 8-4-4-4-12.
    std::string to_string() const;
    /// Any version and case, with hyphens; nothing else (no braces, no urn:).
    static std::optional<Uuid> parse(std::string_view text);
    /// Requires: 16 bytes.
    static Uuid from_bytes(std::string_view raw);
    /// The millisecond of a UUIDv7.
    Timestamp time() const;
};

/// An id of one kind of thing: a DeliveryId is no EventId.
template <typename Tag>
struct Id {
    Uuid uuid;
    auto operator<=>(const Id&) const = default;
    bool is_nil() const { return uuid.is_nil(); }
    std::string to_string() const { return uuid.to_string(); }
    std::string_view view() const { return uuid.view(); }
    static std::optional<Id> parse(std::string_view text) {
        auto uuid = Uuid::parse(text);
        if (!uuid) return std::nullopt;
        return Id{*uuid};
    }
};

/// Mints UUIDv7 (RFC 9562, section 5.7, method 2: a random counter of 74 bits) that strictly
/// ascend, also when the clock goes back: the time part then stays at that of the last one.
/// Thread-safety: one thread.
class UuidMinter {
 public:
    explicit UuidMinter(Random& random, Uuid last = {}) : random_(random), last_(last) {}
    Uuid mint(Timestamp now);
    Uuid last() const { return last_; }
    /// Takes back what a rolled-back transaction minted, or sets what the store last held.
    void reset(Uuid last) { last_ = last; }
    /// What follows is above `id`.
    void raise(const Uuid& id) {
        if (id > last_) last_ = id;
    }

 private:
    Random& random_;
    Uuid last_;
};

}  // namespace postrider

template <>
struct std::hash<postrider::Uuid> {
    std::size_t operator()(const postrider::Uuid& uuid) const noexcept {
        std::uint64_t high, low;
        std::memcpy(&high, uuid.bytes.data(), 8);
        std::memcpy(&low, uuid.bytes.data() + 8, 8);
        return high * 0x9E3779B97F4A7C15ULL ^ low;
    }
};

template <typename Tag>
struct std::hash<postrider::Id<Tag>> {
    std::size_t operator()(const postrider::Id<Tag>& id) const noexcept {
        return std::hash<postrider::Uuid>{}(id.uuid);
    }
};
