#include "base/names.h"

#include <gtest/gtest.h>

#include <utility>

namespace postrider {
namespace {

TEST(Names, DifferOnlyWhereRfc8265LetsThem) {
    const std::pair<const char*, const char*> same[] = {
        {"Ada", "ADA"},
        {"José", "JOSÉ"},
        {"Jos\u00e9", "JOSE\u0301"},  // composed and not
        {"Ｊｏｓé", "josé"},          // full width
        {"ｶﾞ", "ガ"},                 // half width, then composed
        {"ДМИТРИЙ", "дмитрий"},
        {"ÅNGSTRÖM", "a\u030angstro\u0308m"},
        {"\u212b", "å"},               // the Ångström sign
        {"\U00010400", "\U00010428"},  // Deseret, beyond the first plane
    };
    for (const auto& [one, other] : same) EXPECT_EQ(fold_name(one), fold_name(other)) << one;
    const std::pair<const char*, const char*> different[] = {
        {"jose", "josé"}, {"strasse", "straße"}, {"ﬁ", "fi"}, {"ad\u0430", "ada"}, {"²", "2"}};
    for (const auto& [one, other] : different) EXPECT_NE(fold_name(one), fold_name(other)) << one;
}

TEST(Names, FoldingTwiceIsFoldingOnce) {
    for (const char* name : {"", "Ada", "JOSÉ", "İstanbul", "ΟΔΥΣΣΕΥΣ", "Ｆｕｌｌ　Ｗｉｄｔｈ",
                             "ﾊﾟ", "\u212b\u0301", "ẞ", "\xF0\x9F\x98\x80", "\u1E9B\u0323"}) {
        const auto once = fold_name(name);
        EXPECT_EQ(fold_name(once), once) << name;
    }
}

TEST(Names, AsciiFoldsAsEver) { EXPECT_EQ(fold_name("A-Z[a]z@{}_09"), "a-z[a]z@{}_09"); }

TEST(Names, NoBlankAndNothingInvisible) {
    for (const char* name : {"carol", "José", "Ada Lovelace", "山田", "ад", "o'neil",
                             "a+b@example.com", "\xF0\x9F\x98\x80"}) {
        EXPECT_EQ(name_problem(name), "") << name;
    }
    const std::pair<const char*, const char*> refused[] = {
        {" carol", "space"},       {"carol ", "space"},       {"carol\u00a0", "U+00A0"},
        {"\u3000carol", "U+3000"}, {"ca\u2007rol", "U+2007"}, {"carol\u200b", "U+200B"},
        {"ca\u200drol", "U+200D"}, {"\ufeffcarol", "U+FEFF"}, {"ca\u00adrol", "U+00AD"},
        {"ca\u2060rol", "U+2060"}, {"\u202ecarol", "U+202E"}, {"carol\ufe0f", "U+FE0F"},
        {"ca\u3164rol", "U+3164"}, {"car\u2028ol", "U+2028"}, {"car\u0085ol", "U+0085"},
        {"car\ue000ol", "U+E000"}, {"car\u0378ol", "U+0378"}, {"ca\U000e0041rol", "U+E0041"},
    };
    for (const auto& [name, says] : refused) {
        EXPECT_NE(name_problem(name).find(says), std::string::npos) << name << name_problem(name);
    }
}

}  // namespace
}  // namespace postrider
