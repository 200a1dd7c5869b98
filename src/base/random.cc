#include "base/random.h"

#include <sodium.h>

#include "base/check.h"

namespace postrider {

std::uint64_t Random::next() {
    std::uint64_t value = 0;
    fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    return value;
}

std::string Random::bytes(std::size_t count) {
    std::string out(count, '\0');
    fill({reinterpret_cast<std::uint8_t*>(out.data()), out.size()});
    return out;
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

void SystemRandom::fill(std::span<std::uint8_t> out) {
    static const int ready = sodium_init();
    CHECK(ready >= 0);
    randombytes_buf(out.data(), out.size());
}

void BufferedRandom::fill(std::span<std::uint8_t> out) {
    for (auto& byte : out) {
        if (used_ == block_.size()) {
            source_.fill(block_);
            used_ = 0;
        }
        byte = block_[used_];
        block_[used_++] = 0;  // what was handed out is not kept
    }
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 8 == 0) {
            state_ += 0x9E3779B97F4A7C15ULL;
            word = state_;
            word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9ULL;
            word = (word ^ word >> 27) * 0x94D049BB133111EBULL;
            word ^= word >> 31;
        }
        out[i] = static_cast<std::uint8_t>(word >> (8 * (i % 8)));
    }
}

}  // namespace postrider

// The archives of libcrypt and of the C++ library ask for glibc's, which are there from 2.36 on
// alone; this program runs from 2.34 on.
extern "C" void arc4random_buf(void* out, std::size_t count) noexcept {
    postrider::SystemRandom().fill({static_cast<std::uint8_t*>(out), count});
}
extern "C" std::uint32_t arc4random() noexcept {
    std::uint32_t value = 0;
    arc4random_buf(&value, sizeof value);
    return value;
}
