#include "net/event_loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace postrider::net {
namespace {

TEST(EventLoopTest, RunsPostedTasksInOrderOnTheRunningThread) {
    const SystemClock clock;
    EventLoop loop(clock);
    std::vector<int> order;
    std::thread::id ran_on;
    std::jthread other([&] {
        loop.post([&] { order.push_back(1); });
        loop.post([&] {
            order.push_back(2);
            ran_on = std::this_thread::get_id();
            loop.stop();
        });
    });
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(EventLoopTest, StopBeforeRunIsKept) {
    const SystemClock clock;
    EventLoop loop(clock);
    loop.stop();
    loop.run();  // would never return otherwise
}

TEST(EventLoopTest, TimersFireInTheOrderOfTheirTimes) {
    const SystemClock clock;
    EventLoop loop(clock);
    std::vector<int> order;
    auto late = loop.make_timer();
    auto soon = loop.make_timer();
    const auto now = std::chrono::steady_clock::now();
    late->expire_at(now + 20ms, [&] {
        order.push_back(2);
        loop.stop();
    });
    soon->expire_at(now + 1ms, [&] { order.push_back(1); });
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(EventLoopTest, ANewCallReplacesTheFormerTimer) {
    const SystemClock clock;
    EventLoop loop(clock);
    std::vector<int> order;
    auto timer = loop.make_timer();
    const auto past = std::chrono::steady_clock::now() - 1s;
    timer->expire_at(past, [&] { order.push_back(1); });
    timer->expire_at(past, [&] {
        order.push_back(2);
        loop.post([&] { loop.stop(); });
    });
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{2}));
}

TEST(EventLoopTest, ACancelledOrDestroyedTimerStaysSilent) {
    const SystemClock clock;
    EventLoop loop(clock);
    bool fired = false;
    auto cancelled = loop.make_timer();
    auto destroyed = loop.make_timer();
    const auto past = std::chrono::steady_clock::now() - 1s;
    cancelled->expire_at(past, [&] { fired = true; });
    destroyed->expire_at(past, [&] { fired = true; });
    cancelled->cancel();
    destroyed.reset();
    auto last = loop.make_timer();
    last->expire_at(std::chrono::steady_clock::now() + 5ms, [&] { loop.stop(); });
    loop.run();
    EXPECT_FALSE(fired);
}

TEST(EventLoopTest, ATimerMaySetItselfAgain) {
    const SystemClock clock;
    EventLoop loop(clock);
    auto timer = loop.make_timer();
    int count = 0;
    std::function<void()> again = [&] {
        if (++count == 3) return loop.stop();
        timer->expire_at(std::chrono::steady_clock::now(), again);
    };
    timer->expire_at(std::chrono::steady_clock::now(), again);
    loop.run();
    EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace postrider::net
