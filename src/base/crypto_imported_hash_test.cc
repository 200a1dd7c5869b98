#include "base/crypto_imported_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace postrider {
namespace {

constexpr HashCosts most{.argon2_memory_kib = 64 * 1024,
                         .argon2_passes = 10,
                         .argon2_lanes = 16,
                         .pbkdf2_rounds = 1'000'000,
                         .bcrypt_cost = 12};
constexpr const char* password = "correct horse battery staple";

#define SALT "$c2l4dGVlbiBieXRlIHNsdA$"
#define HASH_32 "Qx3qbw278zSt9WeG86lWZvHDoTyEGK0+JPKz57+E4H8"

// Made by Python's argon2-cffi, hashlib and bcrypt.
constexpr const char* vectors[] = {
    "$argon2id$v=19$m=7168,t=5,p=1" SALT "FLstRD3LF3lHy2+9zpGPG7ied5YoGMg6DVsPCfmgZRs",
    "$argon2i$v=19$m=4096,t=3,p=4" SALT "HpoO7OUO/jVU5WbwIOb9pJs5Cbs+bGvdp36Qn3FxQwU",
    "$argon2id$v=19$m=19456,t=2,p=1" SALT "k81ovk8fkH1PorA/36zCkEKia28tQyMQYijfaS5RQy4",
    "$pbkdf2-sha1$i=20000" SALT
    "gBI2xzaudodBfrw82N6k7gu3kyCtcGXOhBufweikGUBRpdp3X4j8hDiD8tlfF38FP/F+biqDHqUL1NmtRbfwnA",
    "$pbkdf2-sha256$i=27500" SALT
    "Qx3qbw278zSt9WeG86lWZvHDoTyEGK0+JPKz57+E4H/Ng6YoGOwtYI+YoBjP/HcmVuBoCFrzDegARigUEGzp1g",
    "$pbkdf2-sha256$i=27500" SALT HASH_32,
    "$pbkdf2-sha512$i=30000" SALT
    "GO0SKTnxci+oSZ9FtOMsUvbWdc+cRH/JSb6Vtmw7xViNOrNwglMC5lP6AETNMEVkZFZJRraLB4HfnzZiFa1QIg",
    "$2b$05$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5O",
    "$2a$05$RnHq938wC0jPmzkiw9pQ3ud4Hu3U0Ds7tuqToQ6R8KHwRcB68xQpu",
};

TEST(ImportedHash, OfOtherLibrariesMatchTheirPasswordAlone) {
    for (const char* text : vectors) {
        EXPECT_TRUE(check_imported_hash(text, most)) << text;
        EXPECT_TRUE(imported_hash_matches(text, password, most)) << text;
        EXPECT_FALSE(imported_hash_matches(text, "correct horse battery stapl", most)) << text;
        EXPECT_FALSE(imported_hash_matches(text, "", most)) << text;
        EXPECT_FALSE(imported_hash_matches(text, std::string(password) + "s", most)) << text;
    }
}

TEST(ImportedHash, ThreePrefixesOfBcryptAreOne) {
    std::string text = vectors[7];
    text[2] = 'y';
    EXPECT_TRUE(imported_hash_matches(text, password, most));
    text[2] = 'x';
    EXPECT_FALSE(check_imported_hash(text, most));
}

struct RefusedRow {
    std::string text;
    const char* says;
};

TEST(ImportedHash, CostsAreBounded) {
    for (const RefusedRow& row : std::initializer_list<RefusedRow>{
             {"$argon2id$v=19$m=65537,t=1,p=1" SALT HASH_32, "memory"},
             {"$argon2id$v=19$m=4294967295,t=1,p=1" SALT HASH_32, "memory"},
             {"$argon2id$v=19$m=4096,t=11,p=1" SALT HASH_32, "passes"},
             {"$argon2id$v=19$m=4096,t=1,p=17" SALT HASH_32, "lanes"},
             {"$pbkdf2-sha512$i=1000001" SALT HASH_32, "rounds"},
             {"$pbkdf2-sha512$i=18446744073709551615" SALT HASH_32, "rounds"},
             {"$2b$13$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5O", "cost"},
             {"$2b$31$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5O", "cost"},
         }) {
        const auto checked = check_imported_hash(row.text, most);
        ASSERT_FALSE(checked) << row.text;
        EXPECT_NE(checked.error().message.find(row.says), std::string::npos) << row.text;
        EXPECT_NE(checked.error().message.find("reset"), std::string::npos) << row.text;
        EXPECT_FALSE(imported_hash_matches(row.text, password, most)) << row.text;
    }
}

TEST(ImportedHash, WhatIsNoneIsRefused) {
    for (const RefusedRow& row : std::initializer_list<RefusedRow>{
             {"", "not known here"},
             {"plain", "not known here"},
             {"{SSHA}abc", "not known here"},
             {"$6$rounds=5000$salt$hash", "not known here"},
             {"$argon2d$v=19$m=4096,t=3,p=1" SALT HASH_32, "not known here"},
             {"$argon2id$v=16$m=4096,t=3,p=1" SALT HASH_32, "version"},
             {"$argon2id$m=4096,t=3,p=1" SALT HASH_32, "well-formed"},
             {"$argon2id$v=19$m=0,t=3,p=1" SALT HASH_32, "well-formed"},
             {"$argon2id$v=19$m=4,t=3,p=1" SALT HASH_32, "well-formed"},
             {"$argon2id$v=19$m=-1,t=3,p=1" SALT HASH_32, "well-formed"},
             {"$argon2id$v=19$m=4096,t=3,p=18446744073709551615" SALT HASH_32, "well-formed"},
             {"$argon2id$v=19$m=4096,t=3,p=1$$" HASH_32, "well-formed"},
             {"$argon2id$v=19$m=4096,t=3,p=1" SALT, "well-formed"},
             {"$argon2id$v=19$m=4096,t=3,p=1" SALT "AAAA", "well-formed"},
             {"$argon2id$v=19$m=4096,t=3,p=1" SALT "*" HASH_32, "well-formed"},
             {"$pbkdf2-sha512$i=0" SALT HASH_32, "well-formed"},
             {"$pbkdf2-sha512$i=010" SALT HASH_32, "well-formed"},
             {"$pbkdf2-sha512$i=99999999999999999999" SALT HASH_32, "well-formed"},
             {"$pbkdf2-sha512$i=10000" SALT "AAAA", "well-formed"},
             {"$2b$03$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5O", "well-formed"},
             {"$2b$0x$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5O", "well-formed"},
             {"$2b$05$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I5", "well-formed"},
             {"$2b$05$twhxKoFQdWSNn2UkGzh64eGmV5DY19SZ0KTdzDhPabSDjgyMa/I:O", "well-formed"},
             {std::string(600, '$'), "bytes"},
         }) {
        const auto checked = check_imported_hash(row.text, most);
        ASSERT_FALSE(checked) << row.text;
        EXPECT_NE(checked.error().message.find(row.says), std::string::npos)
            << row.text << ": " << checked.error().message;
        EXPECT_FALSE(imported_hash_matches(row.text, password, most)) << row.text;
    }
}

}  // namespace
}  // namespace postrider
