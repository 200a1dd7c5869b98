#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace postrider {
namespace {

TEST(Encoding, Base64VectorsOfRfc4648) {
    const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (auto [plain, encoded] : rows) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded), plain);
    }
    EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
    EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff");
}

TEST(Encoding, Base64IsStrict) {
    for (const char* bad : {"Zg", "Zg=", "Zg===", "Zg==\n",
                            " Zg==", "Z g=", "Zh==", "Zm9=", "-_8=", "Zg==Zg==", "=", "Zm9v!"}) {
        EXPECT_FALSE(base64_decode(bad)) << bad;
    }
    for (const char* bad : {"Zg==", "+/8", "Zh", "A"}) EXPECT_FALSE(base64url_decode(bad)) << bad;
    for (int byte = 128; byte < 256; ++byte) {
        const std::string bad = std::string("Zm9") + static_cast<char>(byte);
        EXPECT_FALSE(base64_decode(bad)) << byte;
        EXPECT_FALSE(base64url_decode(bad)) << byte;
        EXPECT_FALSE(hex_decode(std::string("0") + static_cast<char>(byte))) << byte;
    }
}

TEST(Encoding, Hex) {
    EXPECT_EQ(hex_encode(std::string_view("\x00\x0f\xff", 3)), "000fff");
    EXPECT_EQ(hex_decode("000fFF"), std::string("\x00\x0f\xff", 3));
    EXPECT_EQ(hex_decode(""), "");
    for (const char* bad : {"0", "0g", "00 ", "0x00", "00:00"})
        EXPECT_FALSE(hex_decode(bad)) << bad;
}

TEST(Encoding, RandomBytesRoundTrip) {
    SeededRandom random(11);
    for (std::size_t size = 0; size < 100; ++size) {
        const std::string bytes = random.bytes(size);
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
        EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
        EXPECT_EQ(hex_decode(hex_encode(bytes)), bytes);
    }
}

TEST(Encoding, Utf8) {
    for (const char* good :
         {"", "ascii", "é€😀", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
    for (const char* bad :
         {"\x80", "\xbf", "\xc1\x81", "\xc3", "\xe2\x82", "\xe0\x9f\xbf", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"}) {
        EXPECT_FALSE(is_utf8(bad)) << bad;
    }
}

TEST(Encoding, EveryCodePointRoundTrips) {
    for (std::uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
        std::string text;
        append_utf8(text, code_point);
        const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
        ASSERT_EQ(utf8_sequence(text.data(), text.data() + text.size()),
                  surrogate ? 0 : text.size())
            << code_point;
    }
}

}  // namespace
}  // namespace postrider
