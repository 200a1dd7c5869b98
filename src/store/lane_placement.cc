#include "store/lane_placement.h"

#include <cstdint>
#include <cstring>

namespace postrider::store {
namespace {

/// The finalizer of SplitMix64: every bit of the input changes half of the output's.
std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

std::uint64_t digest(std::uint64_t seed, const Uuid& id) {
    std::uint64_t words[2];
    std::memcpy(words, id.bytes.data(), sizeof words);
    return mix(mix(seed ^ words[0]) ^ words[1]);
}

}  // namespace

std::optional<Uuid> preferred_node(const Uuid& lane, std::span<const Uuid> nodes) {
    std::optional<Uuid> best;
    std::uint64_t best_weight = 0;
    for (const Uuid& node : nodes) {
        const std::uint64_t weight = digest(digest(0, lane), node);
        if (!best || weight > best_weight || (weight == best_weight && node < *best)) {
            best = node;
            best_weight = weight;
        }
    }
    return best;
}

}  // namespace postrider::store
