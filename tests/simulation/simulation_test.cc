#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/world.h"

/// POSTRIDER_SEEDS: how many; POSTRIDER_SEED: this one alone.
namespace postrider::simulation {
namespace {

constexpr std::uint64_t seeds_usual = 1000;

std::optional<std::uint64_t> given(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == 0) return std::nullopt;
    return std::stoull(text);
}

TEST(Simulation, every_rule_holds_whatever_happens) {
    const auto one = given("POSTRIDER_SEED");
    const std::uint64_t first = one.value_or(1);
    const std::uint64_t last = one ? *one : given("POSTRIDER_SEEDS").value_or(seeds_usual);
    World::Counts all;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        World world(seed);
        try {
            world.run();
        } catch (const Broken& broken) {
            FAIL() << "POSTRIDER_SEED=" << seed << ": this does not hold: " << broken.what;
        }
        all.steps += world.counts().steps;
        all.attempts += world.counts().attempts;
        all.delivered += world.counts().delivered;
        all.crashes += world.counts().crashes;
        all.take_overs += world.counts().take_overs;
    }
    std::cout << last - first + 1 << " seeds, " << all.steps << " steps, " << all.attempts
              << " attempts, " << all.delivered << " delivered, " << all.crashes << " crashes, "
              << all.take_overs << " take-overs\n";
    // A world in which nothing happens holds every rule.
    EXPECT_GT(all.delivered, 10 * (last - first + 1));
    if (!one) {
        EXPECT_GT(all.crashes, last - first);
    }
}

}  // namespace
}  // namespace postrider::simulation
