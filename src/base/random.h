#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace postrider {

/// The one door to randomness. Thread-safety: as each implementation says.
class Random {
 public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;

    std::uint64_t next();
    /// `count` random bytes.
    std::string bytes(std::size_t count);
    /// Evenly in [0, 1).
    double unit();
};

/// The kernel's randomness through libsodium. Thread-safety: any thread.
class SystemRandom final : public Random {
 public:
    void fill(std::span<std::uint8_t> out) override;
};

/// Draws from another source in blocks, to spare a system call for each few bytes (ids).
/// Thread-safety: one thread.
class BufferedRandom final : public Random {
 public:
    explicit BufferedRandom(Random& source) : source_(source) {}
    void fill(std::span<std::uint8_t> out) override;

 private:
    Random& source_;
    std::array<std::uint8_t, 1024> block_{};
    std::size_t used_ = sizeof block_;
};

/// The same sequence for the same seed (splitmix64): simulation and tests, and retry jitter.
/// Never for secrets. Thread-safety: one thread.
class SeededRandom final : public Random {
 public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

 private:
    std::uint64_t state_;
};

}  // namespace postrider
