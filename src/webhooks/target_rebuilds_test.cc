#include "webhooks/target_rebuilds.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "store/temporary_store_test.h"

namespace postrider::webhooks {
namespace {

class TargetRebuildsTest : public testing::Test {
 protected:
    TargetRebuildsTest() {
        rebuilds_.set_up(
            [this](store::sql::Connection&, const RealmId&,
                   std::optional<WebhookId> last) -> Result<TargetRebuilds::Part> {
                const int part = last ? built_.load() : (built_ = 0);
                if (part == fails_at_) return fail(ErrorCode::unavailable, "the store is away");
                if (part == 1 && on_second_part_) std::exchange(on_second_part_, {})();
                TargetRebuilds::Part made;
                made.targets.push_back(std::make_shared<Target>());
                if (++built_ < 3) made.last = WebhookId{};
                return made;
            },
            [this](const SharedTarget&) { ++told_; });
    }
    ~TargetRebuildsTest() override { store_->stop(); }
    void wait() {
        std::promise<void> done;
        rebuilds_.when_done(realm_, [&] { done.set_value(); });
        done.get_future().wait();
    }

    store::TemporaryStore store_;
    const RealmId realm_{};
    std::atomic<int> built_ = 0, told_ = 0, fails_at_ = -1;
    std::function<void()> on_second_part_;
    TargetRebuilds rebuilds_{*store_};
};

TEST_F(TargetRebuildsTest, part_by_part_to_the_end) {
    rebuilds_.proceed(realm_);
    wait();
    EXPECT_EQ(told_, 3);
    wait();  // there is nothing to wait for
}

TEST_F(TargetRebuildsTest, a_change_meanwhile_begins_anew) {
    on_second_part_ = [this] { rebuilds_.proceed(realm_); };
    rebuilds_.proceed(realm_);
    wait();
    EXPECT_EQ(told_, 2 + 3);
}

TEST_F(TargetRebuildsTest, what_an_error_stops_goes_on_later) {
    fails_at_ = 1;
    rebuilds_.proceed(realm_);
    wait();
    EXPECT_EQ(told_, 1) << "nobody waits for it";
    fails_at_ = -1;
    rebuilds_.resume();
    wait();
    EXPECT_EQ(told_, 3);
    rebuilds_.resume();
    wait();
    EXPECT_EQ(told_, 3);
}

}  // namespace
}  // namespace postrider::webhooks
