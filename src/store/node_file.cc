#include "store/node_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::store {
namespace {

std::unexpected<Error> cannot_write(const std::string& path) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace

NodeFile::~NodeFile() {
    if (fd_ >= 0) ::close(fd_);
}

Result<std::optional<Uuid>> NodeFile::take(const std::string& path, const Uuid& node) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return cannot_write(path);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} is in use by another postrider process; stop it or choose "
                                "another --data",
                                path));
    }
    struct stat file{};
    if (::fstat(fd_, &file) != 0) return cannot_write(path);
    // A copy of the folder is another node, and the one that it was copied from may be alive.
    const auto mark = fmt::format(" {}:{}", file.st_dev, file.st_ino);
    char text[128];
    const auto got = ::pread(fd_, text, sizeof text, 0);
    std::string_view was(text, got > 0 ? static_cast<std::size_t>(got) : 0);
    std::optional<Uuid> before;
    if (was.ends_with(mark)) before = Uuid::parse(was.substr(0, was.size() - mark.size()));
    const std::string line = node.to_string() + mark;
    if (::ftruncate(fd_, 0) != 0) return cannot_write(path);
    if (::pwrite(fd_, line.data(), line.size(), 0) != static_cast<ssize_t>(line.size())) {
        return cannot_write(path);
    }
    return before;
}

}  // namespace postrider::store
