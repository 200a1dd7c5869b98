#include "access/password_hasher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "base/crypto.h"
#include "model/limits.h"

namespace postrider::access {
namespace {

Result<std::string> hash(PasswordHasher& hasher, std::string password) {
    std::promise<Result<std::string>> done;
    hasher.hash(PasswordHasher::Asker{"realm", "network"}, std::move(password),
                [&](Result<std::string> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
}

Result<PasswordHasher::Verdict> verify(PasswordHasher& hasher, std::string password,
                                       std::string stored) {
    std::promise<Result<PasswordHasher::Verdict>> done;
    hasher.verify(
        PasswordHasher::Asker{"realm", "network"}, std::move(password), std::move(stored),
        [&](Result<PasswordHasher::Verdict> result) { done.set_value(std::move(result)); });
    return done.get_future().get();
}

TEST(password_hasher, a_hash_matches_its_password_alone) {
    PasswordHasher hasher;
    const auto stored = hash(hasher, "correct horse battery staple");
    ASSERT_TRUE(stored);
    EXPECT_TRUE(stored->starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    EXPECT_NE(*stored, *hash(hasher, "correct horse battery staple"));
    EXPECT_TRUE(verify(hasher, "correct horse battery staple", *stored)->matches);
    EXPECT_FALSE(verify(hasher, "correct horse battery stapl", *stored)->matches);
    EXPECT_FALSE(verify(hasher, "nobody's", "")->matches);
    EXPECT_EQ(verify(hasher, "correct horse battery staple", *stored)->rehashed, "");
}

TEST(password_hasher, old_parameters_are_raised_when_the_password_is_known) {
    PasswordHasher hasher;
    const std::string current = *hash(hasher, "a password");
    EXPECT_FALSE(password_needs_rehash(current));
    EXPECT_TRUE(
        password_needs_rehash("$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                              "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

// Made by Python's hashlib, of "correct horse battery staple".
constexpr const char* imported =
    "$pbkdf2-sha256$i=27500$c2l4dGVlbiBieXRlIHNsdA$Qx3qbw278zSt9WeG86lWZvHDoTyEGK0+JPKz57+E4H8";

TEST(password_hasher, another_systems_hash_becomes_ours_when_the_password_is_known) {
    PasswordHasher hasher;
    EXPECT_TRUE(check_importable_hash(imported));
    EXPECT_FALSE(verify(hasher, "another", imported)->matches);
    const auto verdict = verify(hasher, "correct horse battery staple", imported);
    ASSERT_TRUE(verdict && verdict->matches);
    EXPECT_FALSE(password_needs_rehash(verdict->rehashed));
    EXPECT_TRUE(verify(hasher, "correct horse battery staple", verdict->rehashed)->matches);
}

TEST(password_hasher, a_flood_of_imported_hashes_leaves_the_others_alone) {
    PasswordHasher hasher;
    const std::string costly =
        "$argon2id$v=19$m=65536,t=10,p=1$c2l4dGVlbiBieXRlIHNsdA$"
        "Qx3qbw278zSt9WeG86lWZvHDoTyEGK0+JPKz57+E4H8";
    std::size_t refused = 0;
    for (std::size_t i = 0; i < limits::foreign_hash_queue_max * 2; ++i) {
        hasher.verify(PasswordHasher::Asker{"realm", "network"}, "guess", costly,
                      [&](Result<PasswordHasher::Verdict> result) {
                          if (!result && result.error().code == ErrorCode::resource_exhausted)
                              ++refused;
                      });
    }
    EXPECT_GE(refused, limits::foreign_hash_queue_max - 1);
    const auto stored = hash(hasher, "a password of ours");
    ASSERT_TRUE(stored);
    EXPECT_TRUE(verify(hasher, "a password of ours", *stored)->matches);
    hasher.stop();
}

TEST(password_hasher, a_realm_that_floods_leaves_room_and_turns_to_another) {
    PasswordHasher hasher;
    std::atomic<int> ended = 0;
    std::atomic<int> refused = 0;
    for (std::size_t i = 0; i < limits::password_hash_queue_max; ++i) {
        hasher.hash(PasswordHasher::Asker{"loud", std::to_string(i)}, "a password that floods",
                    [&](const Result<std::string>& result) { ++(result ? ended : refused); });
    }
    EXPECT_GT(refused, 0) << "half of the queue at most";
    ASSERT_TRUE(hash(hasher, "of another realm"));
    EXPECT_LT(ended, 10) << "it did not wait for the others";
    hasher.stop();
}

TEST(password_hasher, a_flood_is_refused_and_the_rest_is_done) {
    PasswordHasher hasher;
    const std::size_t asked = limits::password_hash_queue_max * 2 + 2;
    std::vector<std::promise<Result<std::string>>> done(asked);
    for (std::size_t i = 0; i < asked; ++i) {
        hasher.hash(PasswordHasher::Asker{i % 2 == 0 ? "one" : "two", "network"},
                    "a password that floods",
                    [&, i](Result<std::string> result) { done[i].set_value(std::move(result)); });
    }
    std::size_t refused = 0;
    for (auto& promise : done) {
        const auto result = promise.get_future().get();
        if (result) continue;
        EXPECT_EQ(result.error().code, ErrorCode::resource_exhausted);
        ++refused;
    }
    EXPECT_GT(refused, 0u);
    EXPECT_LT(refused, asked - limits::password_hash_queue_max / 2);
    hasher.stop();
    EXPECT_EQ(hash(hasher, "late").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace postrider::access
