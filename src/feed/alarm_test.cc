#include "feed/alarm.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/clock.h"
#include "base/thread.h"

namespace postrider::feed {
namespace {

TEST(Alarm, AllRingWhoeverSetsThemAndInWhateverOrder) {
    const SystemClock clock;
    net::EventLoop loop(clock);
    const auto keeps_running = loop.make_timer();
    keeps_running->expire_at(clock.monotonic() + 1h, [] {});
    Alarm alarm(loop);
    std::promise<void> later, sooner, last;
    // The loop's thread sets one; before it is done, another thread sets an earlier one.
    loop.post([&] {
        const auto now = clock.monotonic();
        alarm.set(now + 30ms, [&] { later.set_value(); });
        std::thread([&] { alarm.set(now + 20ms, [&] { sooner.set_value(); }); }).join();
    });
    auto thread = start_thread("loop", [&loop] { loop.run(); });
    EXPECT_EQ(sooner.get_future().wait_for(10s), std::future_status::ready);
    EXPECT_EQ(later.get_future().wait_for(10s), std::future_status::ready);
    alarm.set(clock.monotonic() + 10ms, [&] { last.set_value(); });
    EXPECT_EQ(last.get_future().wait_for(10s), std::future_status::ready);
    loop.stop();
    thread.join();
}

}  // namespace
}  // namespace postrider::feed
