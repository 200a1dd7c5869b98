#include "app/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace postrider::app {
namespace {

TEST(journal, a_line_becomes_fields) {
    EXPECT_EQ(journal_entry(R"({"time":"2026-11-23T18:12:03Z","level":"warning","area":"delivery",)"
                            R"("message":"webhook disabled","webhook":"0193","attempts":5})"),
              "MESSAGE=delivery: webhook disabled  webhook=0193  attempts=5\nPRIORITY=4\n"
              "SYSLOG_IDENTIFIER=postrider\nPOSTRIDER_AREA=delivery\nPOSTRIDER_WEBHOOK=0193\n"
              "POSTRIDER_ATTEMPTS=5\n");
}

TEST(journal, a_value_of_two_lines_cannot_become_a_field_of_its_own) {
    const std::string entry = journal_entry(R"({"level":"info","area":"a","message":"m",)"
                                            R"("reason":"one\nPRIORITY=0"})");
    const std::string value = "one\nPRIORITY=0";
    const std::string length{static_cast<char>(value.size()), 0, 0, 0, 0, 0, 0, 0};
    EXPECT_TRUE(entry.ends_with("POSTRIDER_REASON\n" + length + value + "\n")) << entry;
    EXPECT_TRUE(entry.starts_with("MESSAGE\n")) << entry;
}

TEST(journal, what_is_no_json_is_a_message) {
    EXPECT_EQ(journal_entry("words"), "MESSAGE=words\nPRIORITY=3\nSYSLOG_IDENTIFIER=postrider\n");
}

TEST(journal, it_is_there_when_the_variable_names_standard_error) {
    struct stat status{};
    ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
    const std::string here = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    const std::string elsewhere = here + "1";
    const auto says = [](const std::string& text) {
        return [&text](const char* name) {
            return std::string_view(name) == "JOURNAL_STREAM" ? text.c_str() : nullptr;
        };
    };
    EXPECT_TRUE(is_journal(says(here)));
    EXPECT_FALSE(is_journal(says(elsewhere)));
    EXPECT_FALSE(is_journal([](const char*) -> const char* { return nullptr; }));
}

TEST(journal, entries_arrive_at_the_socket) {
    const std::string path = testing::TempDir() + "postrider_journal_" + std::to_string(::getpid());
    const int receiver = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(receiver, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    journal_sink(path)(R"({"level":"info","area":"app","message":"started"})");
    char buffer[512];
    const auto count = ::recv(receiver, buffer, sizeof buffer, MSG_DONTWAIT);
    ::close(receiver);
    ::unlink(path.c_str());
    ASSERT_GT(count, 0);
    EXPECT_TRUE(std::string_view(buffer, static_cast<std::size_t>(count))
                    .starts_with("MESSAGE=app: started\n"));
}

}  // namespace
}  // namespace postrider::app
