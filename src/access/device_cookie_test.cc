#include "access/device_cookie.h"

#include <gtest/gtest.h>

namespace postrider::access {
namespace {

TEST(DeviceCookies, are_read_as_written_and_by_nobody_else) {
    SeededRandom random(7);
    const DeviceCookies cookies("a secret of the server");
    const Device device{.realm = RealmId{Uuid::from_bytes(std::string(16, 'r'))},
                        .user = UserId{Uuid::from_bytes(std::string(16, 'u'))},
                        .password_set_at = from_micros(1'764'000'000'123'456),
                        .nonce = DeviceCookies::make_nonce(random)};
    const std::string text = cookies.write(device);
    EXPECT_EQ(text.size(), 118u);
    EXPECT_EQ(cookies.read(text), device);
    EXPECT_EQ(DeviceCookies("another secret").read(text), std::nullopt);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(cookies.read(changed), std::nullopt) << i;
    }
    for (const std::string& other :
         {std::string(), text + "A", text.substr(1), std::string(1000, 'A')}) {
        EXPECT_EQ(cookies.read(other), std::nullopt) << other.size();
    }
}

}  // namespace
}  // namespace postrider::access
