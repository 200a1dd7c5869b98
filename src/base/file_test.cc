#include "base/file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace postrider {
namespace {

TEST(ReadFile, gives_the_whole_file) {
    char folder[] = "/tmp/postrider-file-XXXXXX";
    ASSERT_NE(::mkdtemp(folder), nullptr);
    const std::string path = std::string(folder) + "/text";
    const std::string text(200'001, 'x');
    std::ofstream(path) << text;
    EXPECT_EQ(read_file(path, text.size()).value_or(""), text);
    EXPECT_EQ(read_file("/dev/null", 10).value_or("?"), "");

    const auto reason = [](const Result<std::string>& read) {
        EXPECT_FALSE(read);
        return read ? "" : read.error().message;
    };
    EXPECT_EQ(reason(read_file(path, text.size() - 1)),
              "the file \"" + path + "\" cannot be read: it has more than 200000 bytes");
    EXPECT_EQ(reason(read_file(folder, 10)),
              "the file \"" + std::string(folder) + "\" cannot be read: it is a folder");
    EXPECT_EQ(reason(read_file(path + "?", 10)),
              "the file \"" + path + "?\" cannot be read: No such file or directory");
    ::unlink(path.c_str());
    ::rmdir(folder);
}

}  // namespace
}  // namespace postrider
