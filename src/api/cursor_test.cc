#include "api/cursor.h"

#include <gtest/gtest.h>

namespace postrider::api {
namespace {

const Uuid last = *Uuid::parse("01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f");

TEST(Cursor, reads_back_in_its_own_scope_only) {
    const std::string cursor = make_cursor("list_events/a", last);
    EXPECT_EQ(read_cursor("list_events/a", cursor), last);
    EXPECT_EQ(read_cursor("list_events/b", cursor), std::nullopt);
    EXPECT_EQ(read_cursor("", cursor), std::nullopt);
}

TEST(Cursor, any_changed_character_is_noticed) {
    const std::string cursor = make_cursor("scope", last);
    for (std::size_t i = 0; i < cursor.size(); ++i) {
        std::string changed = cursor;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(read_cursor("scope", changed), std::nullopt) << i;
        EXPECT_EQ(read_cursor("scope", cursor.substr(0, i)), std::nullopt) << i;
    }
    EXPECT_EQ(read_cursor("scope", cursor + "A"), std::nullopt);
    EXPECT_EQ(read_cursor("scope", cursor + "="), std::nullopt);
}

TEST(Cursor, one_with_a_time_reads_back_in_its_own_scope_only) {
    for (const std::int64_t micros : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 60}) {
        const TimedPosition at{.at = from_micros(micros), .id = last};
        const std::string cursor = make_timed_cursor("list_users/a", at);
        EXPECT_EQ(read_timed_cursor("list_users/a", cursor), at);
        EXPECT_EQ(read_timed_cursor("list_users/b", cursor), std::nullopt);
        EXPECT_EQ(read_cursor("list_users/a", cursor), std::nullopt);
    }
    EXPECT_EQ(read_timed_cursor("scope", make_cursor("scope", last)), std::nullopt);
}

}  // namespace
}  // namespace postrider::api
