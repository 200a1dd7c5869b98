#include "vault/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"

namespace postrider::vault {
namespace {

class KeyFile : public testing::Test {
 protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/keys-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        path_ = folder_ + "/key";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(std::string_view text, mode_t mode) {
        std::ofstream(path_, std::ios::binary) << text;
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
    }

    SystemRandom random_;
    std::string folder_;
    std::string path_;
};

std::string line(std::string_view id, char fill = 'k') {
    return std::string(id) + ":" + base64_encode(std::string(KeyRing::key_bytes, fill));
}

TEST(KeyRing, reads_keys_in_order_with_comments_and_commas) {
    auto ring = KeyRing::parse("# mine\n\n  " + line("b2") + "\r\n" + line("a1", 'x') + "," +
                               line("c3", 'y'));
    ASSERT_TRUE(ring) << ring.error().message;
    ASSERT_EQ(ring->keys().size(), 3u);
    EXPECT_EQ(ring->primary().id, "b2");
    EXPECT_EQ(ring->find("a1")->bytes, std::string(32, 'x'));
    EXPECT_EQ(ring->find("zz"), nullptr);
    EXPECT_EQ(KeyRing::parse(ring->to_text())->keys(), ring->keys());
    EXPECT_EQ(ring->primary_only().keys().size(), 1u);
}

TEST(KeyRing, refuses_what_is_no_ring_without_quoting_it) {
    const std::string good = base64_encode(std::string(32, 'k'));
    for (const std::string& text :
         {std::string(), std::string("# nothing\n"), good, "a1" + good, "a1:" + good.substr(4),
          "A1:" + good, ":" + good, "a1:" + good + "AAAA", "seventeencharacters:" + good,
          line("a1") + "\n" + line("a1", 'x')}) {
        auto ring = KeyRing::parse(text);
        ASSERT_FALSE(ring) << text;
        EXPECT_EQ(ring.error().message.find(good.substr(0, 8)), std::string::npos);
    }
    std::string many;
    for (int i = 0; i < 9; ++i) many += line("k" + std::to_string(i)) + "\n";
    EXPECT_FALSE(KeyRing::parse(many));
}

TEST_F(KeyFile, is_private_and_reads_back) {
    const auto ring = KeyRing::generate(random_).with_new_primary(random_);
    ASSERT_TRUE(write_key_file(path_, ring));
    struct stat status{};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    auto found = read_key_file(path_);
    ASSERT_TRUE(found);
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->keys(), ring.keys());
    // Again over an old one, with what a killed rotation left beside it.
    std::ofstream(path_ + ".new") << "half";
    ASSERT_TRUE(write_key_file(path_, ring.primary_only()));
    EXPECT_EQ((*read_key_file(path_))->keys().size(), 1u);
    EXPECT_FALSE(std::filesystem::exists(path_ + ".new"));
}

TEST_F(KeyFile, is_refused_when_others_may_read_it) {
    for (const mode_t mode : {0640, 0604, 0620, 0602, 0644, 0610}) {
        write(line("a1"), mode);
        auto found = read_key_file(path_);
        ASSERT_FALSE(found) << std::oct << mode;
        EXPECT_NE(found.error().message.find("chmod 600"), std::string::npos);
    }
    write(line("a1"), 0400);
    EXPECT_TRUE(read_key_file(path_));
}

TEST_F(KeyFile, absent_is_not_broken) {
    auto absent = read_key_file(path_);
    ASSERT_TRUE(absent);
    EXPECT_FALSE(absent->has_value());
    write("nonsense", 0600);
    auto broken = read_key_file(path_);
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message.find(path_), std::string::npos);
    auto folder = read_key_file(folder_);
    ASSERT_FALSE(folder);
    ASSERT_EQ(::mkfifo((path_ + "2").c_str(), 0600), 0);
    EXPECT_FALSE(read_key_file(path_ + "2")) << "a FIFO must neither hang nor pass";
}

TEST_F(KeyFile, cannot_be_written_into_nowhere) {
    auto written = write_key_file(folder_ + "/absent/key", KeyRing::generate(random_));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace postrider::vault
