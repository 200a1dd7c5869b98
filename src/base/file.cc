#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace postrider {

namespace {

std::unexpected<Error> unreadable(const std::string& path, const std::string& why) {
    return fail(ErrorCode::invalid_argument, "the file \"" + path + "\" cannot be read: " + why);
}

/// Closes it at the end.
struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int number;
};

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about{};
    if (file.number < 0 || ::fstat(file.number, &about) != 0) {
        return unreadable(path, std::strerror(errno));
    }
    if (S_ISDIR(about.st_mode)) return unreadable(path, "it is a folder");
    constexpr std::size_t step = 64 * 1024;
    std::string text;
    while (true) {
        const std::size_t before = text.size();
        text.resize(std::min(before + std::max(before, step), bytes_max + 1));
        const ssize_t count = ::read(file.number, text.data() + before, text.size() - before);
        if (count < 0 && errno != EINTR) return unreadable(path, std::strerror(errno));
        text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (count == 0) return text;
        if (text.size() > bytes_max) {
            return unreadable(path, "it has more than " + std::to_string(bytes_max) + " bytes");
        }
    }
}

}  // namespace postrider
