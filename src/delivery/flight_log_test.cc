#include "delivery/flight_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace postrider::delivery {
namespace {

TEST(FlightLog, the_next_run_finds_what_was_not_cleared) {
    char path[] = "/tmp/postrider-flight-XXXXXX";
    int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    close(fd);
    FlightLog::Entry a{RealmId{Uuid{{1}}}, DeliveryId{Uuid{{2}}}};
    FlightLog::Entry b{RealmId{Uuid{{1}}}, DeliveryId{Uuid{{3}}}};
    {
        FlightLog log;
        ASSERT_TRUE(log.open(path, 2));
        EXPECT_TRUE(log.left_over().empty());
        auto slot = log.note(a);
        log.note(b);
        log.clear(log.note(a));  // no slot is left: harmless
        log.clear(slot);
    }
    {
        FlightLog log;
        ASSERT_TRUE(log.open(path, 2));
        ASSERT_EQ(log.left_over().size(), 1u);
        EXPECT_EQ(log.left_over()[0].delivery, b.delivery);
    }
    FlightLog log;
    ASSERT_TRUE(log.open(path, 2));
    EXPECT_TRUE(log.left_over().empty());
    unlink(path);
}

}  // namespace
}  // namespace postrider::delivery
