#include "webhooks/held_memory.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/webhook_limits.h"

namespace postrider::webhooks {
namespace {

constexpr std::size_t most = limits::webhook_memory_per_realm_max;

class HeldMemoryTest : public testing::Test {
 protected:
    static Uuid some_id() { return Uuid::from_bytes(SystemRandom().bytes(16)); }
    Target target(std::size_t headers, std::size_t body_template = 0) const {
        Target target;
        target.realm = realm_;
        target.webhook = WebhookId{some_id()};
        target.memory = {.headers = headers, .body_template = body_template};
        return target;
    }

    RealmId realm_{some_id()};
    HeldMemory memory_;
};

TEST_F(HeldMemoryTest, a_realm_has_so_much_and_another_has_its_own) {
    memory_.put(target(most / 2, most / 2 - 10));
    EXPECT_TRUE(memory_.check(target(10)));
    const auto refused = memory_.check(target(11));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused.error().fields.at(0).pointer, "#/headers");
    EXPECT_EQ(memory_.check(target(5, 6)).error().fields.at(0).pointer, "#/template");
    realm_ = RealmId{some_id()};
    EXPECT_TRUE(memory_.check(target(most)));
}

TEST_F(HeldMemoryTest, a_change_counts_in_place_of_what_was) {
    Target changed = target(most);
    memory_.put(changed);
    EXPECT_TRUE(memory_.check(changed)) << "it stays as large as it was";
    changed.memory.headers = 5;
    memory_.put(changed);
    EXPECT_TRUE(memory_.check(target(most - 5)));
    EXPECT_FALSE(memory_.check(target(most - 4)));
    memory_.remove(changed.webhook);
    EXPECT_TRUE(memory_.check(target(most)));
}

TEST_F(HeldMemoryTest, what_an_older_version_let_in_may_shrink_and_not_grow) {
    Target large = target(2 * most);
    memory_.put(large);
    large.memory.headers -= 1;
    EXPECT_TRUE(memory_.check(large));
    large.memory.headers += 2;
    EXPECT_FALSE(memory_.check(large));
}

}  // namespace
}  // namespace postrider::webhooks
