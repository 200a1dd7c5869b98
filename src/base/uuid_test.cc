#include "base/uuid.h"

#include <gtest/gtest.h>

#include <unordered_set>

#include "base/random.h"

namespace postrider {
namespace {

/// All bits set: every counter starts at its top and every step is the longest.
class Ones final : public Random {
 public:
    void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 0xFF); }
};

Timestamp at(std::int64_t ms) { return Timestamp{std::chrono::milliseconds{ms}}; }

TEST(Uuid, TextRoundTrips) {
    const std::string text = "019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081";
    auto uuid = Uuid::parse(text);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->to_string(), text);
    EXPECT_EQ(Uuid::parse("019AB3C4-D5E6-7F01-8A2B-3C4D5E6F7081"), uuid);
    EXPECT_EQ(Uuid::from_bytes(uuid->view()), *uuid);
    EXPECT_TRUE(Uuid{}.is_nil());
    for (const char* bad :
         {"", "019ab3c4d5e67f018a2b3c4d5e6f7081", "{019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081}",
          "019ab3c4-d5e6-7f01-8a2b-3c4d5e6f708", "019ab3c4-d5e6-7f01-8a2b-3c4d5e6f70811",
          "019ab3c4-d5e6-7f01-8a2b_3c4d5e6f7081", "g19ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081"}) {
        EXPECT_FALSE(Uuid::parse(bad)) << bad;
    }
}

TEST(UuidMinter, MintsVersion7OfTheTime) {
    SeededRandom random(1);
    UuidMinter minter(random);
    auto id = minter.mint(at(1'795'457'523'123) + 456us);
    EXPECT_EQ(id.time(), at(1'795'457'523'123));
    EXPECT_EQ(id.bytes[6] >> 4, 7);
    EXPECT_EQ(id.bytes[8] >> 6, 2);
}

TEST(UuidMinter, AscendsWhateverTheClockDoes) {
    SeededRandom random(7);
    UuidMinter minter(random);
    SeededRandom steps(8);
    std::int64_t now = 1'700'000'000'000;
    std::unordered_set<Uuid> seen;
    Uuid last;
    for (int i = 0; i < 20'000; ++i) {
        now += static_cast<std::int64_t>(steps.next() % 7) - 3;  // forth, back and standing still
        auto id = minter.mint(at(now));
        ASSERT_LT(last, id);
        EXPECT_EQ(id.bytes[6] >> 4, 7);
        EXPECT_EQ(id.bytes[8] >> 6, 2);
        EXPECT_TRUE(seen.insert(id).second);
        last = id;
    }
}

TEST(UuidMinter, StaysAtTheLastTimeWhenTheClockGoesBack) {
    SeededRandom random(3);
    UuidMinter minter(random);
    auto first = minter.mint(at(5000));
    auto second = minter.mint(at(1000));
    EXPECT_LT(first, second);
    EXPECT_EQ(second.time(), at(5000));
    EXPECT_EQ(minter.mint(at(5001)).time(), at(5001));
}

TEST(UuidMinter, AFullCounterGoesOnInTheNextMillisecond) {
    Ones random;
    // 7fff-bfff…: version and variant bits around a counter whose 74 bits are all set.
    UuidMinter minter(random, *Uuid::parse("00000000-1388-7fff-bfff-ffffffffffff"));
    auto next = minter.mint(at(5000));
    EXPECT_LT(*Uuid::parse("00000000-1388-7fff-bfff-ffffffffffff"), next);
    EXPECT_EQ(next.time(), at(5001));
    EXPECT_EQ(next.bytes[6] >> 4, 7);
    EXPECT_EQ(next.bytes[8] >> 6, 2);
    // The carry inside of the counter, over the variant bits.
    minter.reset(*Uuid::parse("00000000-1388-7001-bfff-ffffffffffff"));
    next = minter.mint(at(5000));
    EXPECT_EQ(next.to_string().substr(0, 23), "00000000-1388-7002-8000");
    EXPECT_EQ(next.time(), at(5000));
}

TEST(UuidMinter, ContinuesAfterAReset) {
    SeededRandom random(5);
    UuidMinter minter(random);
    auto kept = minter.mint(at(10));
    minter.mint(at(10));
    minter.reset(kept);
    EXPECT_EQ(minter.last(), kept);
    EXPECT_LT(kept, minter.mint(at(9)));
}

TEST(Id, KindsDoNotMix) {
    using A = Id<struct ATag>;
    using B = Id<struct BTag>;
    static_assert(!std::is_convertible_v<A, B>);
    auto id = A::parse("019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081");
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), "019ab3c4-d5e6-7f01-8a2b-3c4d5e6f7081");
    EXPECT_EQ(std::unordered_set<A>{*id}.count(*id), 1U);
    EXPECT_FALSE(A::parse("x"));
}

}  // namespace
}  // namespace postrider
