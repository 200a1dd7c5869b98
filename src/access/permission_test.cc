#include "access/permission.h"

#include <gtest/gtest.h>

namespace postrider::access {
namespace {

TEST(Permission, every_name_reads_back_as_itself) {
    EXPECT_EQ(all_permissions().size(), 19u);
    std::size_t index = 0;
    for (Permission permission : all_permissions()) {
        EXPECT_EQ(static_cast<std::size_t>(permission), index++);
        EXPECT_EQ(parse_permission(to_string(permission)), permission);
    }
    EXPECT_EQ(parse_permission("view_everything"), std::nullopt);
    EXPECT_EQ(parse_permission(""), std::nullopt);
}

TEST(Permission, a_set_has_what_was_added_and_nothing_else) {
    const PermissionSet set{Permission::view_realms, Permission::view_metrics};
    for (Permission permission : all_permissions()) {
        const bool expected =
            permission == Permission::view_realms || permission == Permission::view_metrics;
        EXPECT_EQ(set.has(permission), expected) << to_string(permission);
        EXPECT_TRUE(PermissionSet::all().has(permission));
        EXPECT_FALSE(PermissionSet().has(permission));
    }
}

}  // namespace
}  // namespace postrider::access
