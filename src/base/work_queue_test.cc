#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

namespace postrider {
namespace {

TEST(work_queue, a_realm_has_one_at_a_time_and_another_does_not_wait_for_it) {
    WorkQueue queue(
        {.threads = 2, .waiting_max = 8, .thread_name = "worker", .nice = 1, .when_full = "full"});
    std::promise<void> loud_began, loud_may_end, quiet_ran;
    std::atomic<int> loud_running = 0;
    std::atomic<bool> overlapped = false;
    ASSERT_TRUE(queue.add({"loud", "one"}, [&](WorkQueue::Fate) {
        ++loud_running;
        loud_began.set_value();
        loud_may_end.get_future().wait();
        --loud_running;
    }));
    loud_began.get_future().wait();
    std::promise<void> second_ran;
    ASSERT_TRUE(queue.add({"loud", "two"}, [&](WorkQueue::Fate) {
        overlapped = loud_running > 0;
        second_ran.set_value();
    }));
    ASSERT_TRUE(queue.add({"quiet", "one"}, [&](WorkQueue::Fate) { quiet_ran.set_value(); }));
    quiet_ran.get_future().wait();  // while the first one has not ended
    loud_may_end.set_value();
    second_ran.get_future().wait();
    EXPECT_FALSE(overlapped);
}

/// A queue whose thread is busy with another realm, so that nothing begins before it may end. A
/// realm has four places in it.
class BusyQueue : public testing::Test {
 protected:
    void SetUp() override {
        ASSERT_TRUE(queue_.add({.realm = "busy", .who = ""}, [this](WorkQueue::Fate) {
            began_.set_value();
            may_end_.get_future().wait();
        }));
        began_.get_future().wait();
    }
    void TearDown() override {
        if (!is_let_go_) may_end_.set_value();
    }
    bool add(WorkQueue::Asker asker, const std::string& name) {
        asker.realm = "realm";
        return queue_
            .add(asker,
                 [this, name](WorkQueue::Fate fate) {
                     if (fate == WorkQueue::Fate::gives_way) gave_way_.push_back(name);
                     if (fate == WorkQueue::Fate::runs) ran_.push_back(name);
                     if (fate == WorkQueue::Fate::runs && name == "last") done_.set_value();
                 })
            .has_value();
    }
    static WorkQueue::Asker from(const std::string& network, const std::string& target = "ada",
                                 std::uint64_t blame = 0) {
        return {.realm = {}, .who = network, .group = network, .target = target, .blame = blame};
    }
    static WorkQueue::Asker known(const std::string& device, const std::string& target) {
        auto asker = from(device, target);
        asker.is_known = true;
        return asker;
    }
    void run_all() {
        is_let_go_ = true;
        may_end_.set_value();
        done_.get_future().wait();
    }

    using Names = std::vector<std::string>;
    std::promise<void> began_, may_end_, done_;
    bool is_let_go_ = false;
    Names gave_way_, ran_;
    WorkQueue queue_{
        {.threads = 1, .waiting_max = 8, .thread_name = "worker", .nice = 1, .when_full = "full"}};
};

TEST_F(BusyQueue, a_flood_of_one_account_gives_way_to_the_realms_others) {
    for (const char* const name : {"a", "b", "c", "d"}) ASSERT_TRUE(add(from(name), name));
    EXPECT_TRUE(add(from("home", "ben"), "ben"));
    EXPECT_TRUE(add(from("home", "eve"), "eve")) << "two of an office";
    EXPECT_EQ(gave_way_, (Names{"d", "c"})) << "the newest of what is most crowded";
    EXPECT_FALSE(add(from("e"), "e")) << "would be the most crowded itself";
}

TEST_F(BusyQueue, a_flood_from_one_network_gives_way) {
    for (const char* const target : {"u1", "u2", "u3"})
        ASSERT_TRUE(add(from("bad", target), target));
    ASSERT_TRUE(add(from("home", "ada"), "ada"));
    EXPECT_TRUE(add(from("office", "ben"), "ben"));
    EXPECT_EQ(gave_way_, Names{"u3"});
    EXPECT_FALSE(add(from("bad", "u4"), "u4"));
}

TEST_F(BusyQueue, of_equals_who_failed_of_late_gives_way) {
    for (const char* const name : {"a", "b", "c", "d"}) ASSERT_TRUE(add(from(name, name, 3), name));
    EXPECT_FALSE(add(from("e", "e", 3), "e"));
    EXPECT_TRUE(add(from("home", "ben"), "ben"));
    EXPECT_EQ(gave_way_, Names{"d"});
}

TEST_F(BusyQueue, who_is_known_comes_before_strangers_and_leaves_them_a_quarter) {
    for (const char* const name : {"a", "b", "c", "d"}) ASSERT_TRUE(add(from(name, name), name));
    EXPECT_TRUE(add(known("one", "ben"), "one"));
    EXPECT_TRUE(add(known("two", "eve"), "two"));
    EXPECT_TRUE(add(known("zero", "max"), "last"));
    EXPECT_FALSE(add(known("four", "kim"), "four"));
    EXPECT_EQ(gave_way_, (Names{"d", "c", "b"}));
    run_all();
    EXPECT_EQ(ran_, (Names{"one", "a", "two", "last"}));
}

}  // namespace
}  // namespace postrider
