#include "base/uuid.h"

#include "base/check.h"
#include "base/random.h"

namespace postrider {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint64_t milliseconds_of(const Uuid& uuid) {
    std::uint64_t ms = 0;
    for (int i = 0; i < 6; ++i) ms = ms << 8 | uuid.bytes[i];
    return ms;
}

}  // namespace

std::string Uuid::to_string() const {
    std::string text(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
        text[at++] = hex_digits[bytes[i] >> 4];
        text[at++] = hex_digits[bytes[i] & 15];
    }
    return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (text[at++] != '-') return std::nullopt;
        }
        int high = hex_value(text[at]), low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        uuid.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
        at += 2;
    }
    return uuid;
}

Uuid Uuid::from_bytes(std::string_view raw) {
    CHECK(raw.size() == 16);
    Uuid uuid;
    std::memcpy(uuid.bytes.data(), raw.data(), 16);
    return uuid;
}

Timestamp Uuid::time() const {
    return Timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(milliseconds_of(*this))}};
}

Uuid UuidMinter::mint(Timestamp now) {
    auto ms = static_cast<std::uint64_t>(
        std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
    auto last_ms = milliseconds_of(last_);
    Uuid next;
    if (ms > last_ms) {
        std::uint64_t low = random_.next();
        std::uint64_t high = random_.next();
        for (int i = 0; i < 6; ++i) next.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
        // The counter's top bit starts at 0, which leaves half its range to count up.
        next.bytes[6] = static_cast<std::uint8_t>(0x70 | (high & 0x07));
        next.bytes[7] = static_cast<std::uint8_t>(high >> 8);
        for (int i = 0; i < 8; ++i) next.bytes[8 + i] = static_cast<std::uint8_t>(low >> (8 * i));
        next.bytes[8] = static_cast<std::uint8_t>(0x80 | (next.bytes[8] & 0x3F));
    } else {
        // Same millisecond, or a clock that went back: count up by a random step, so that ids
        // cannot be guessed from one another.
        next = last_;
        std::uint64_t low = 0;
        for (int i = 8; i < 16; ++i) low = low << 8 | next.bytes[i];
        low &= 0x3FFF'FFFF'FFFF'FFFFULL;
        std::uint64_t high = (next.bytes[6] & 0x0FU) << 8 | next.bytes[7];
        std::uint64_t time = last_ms;
        low += 1 + (random_.next() & 0xFFFF'FFFFULL);
        if (low >> 62) {
            low &= 0x3FFF'FFFF'FFFF'FFFFULL;
            if (++high >> 12) {
                high = 0;
                ++time;
            }
        }
        for (int i = 0; i < 6; ++i) next.bytes[i] = static_cast<std::uint8_t>(time >> (40 - 8 * i));
        next.bytes[6] = static_cast<std::uint8_t>(0x70 | high >> 8);
        next.bytes[7] = static_cast<std::uint8_t>(high);
        for (int i = 15; i >= 8; --i, low >>= 8) next.bytes[i] = static_cast<std::uint8_t>(low);
        next.bytes[8] = static_cast<std::uint8_t>(0x80 | (next.bytes[8] & 0x3F));
    }
    CHECK(next > last_);
    last_ = next;
    return next;
}

}  // namespace postrider
