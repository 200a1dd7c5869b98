#include "store/disk_reserve.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "model/turn_limits.h"

namespace postrider::store {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::uint64_t free_on_disk_of(const std::string& path) {
    struct statvfs disk{};
    if (::statvfs(path.c_str(), &disk) != 0) return unlimited;
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

/// What a limit of file sizes leaves for this file.
std::uint64_t growth_left(const std::string& path) {
    struct rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY) return unlimited;
    struct stat file{};
    const std::uint64_t size =
        ::stat(path.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
    return most.rlim_cur - std::min<std::uint64_t>(most.rlim_cur, size);
}

}  // namespace

std::uint64_t room_to_grow(const std::string& database) {
    return std::min(free_on_disk_of(database), growth_left(database));
}

DiskReserve::DiskReserve(std::string database, std::uint64_t bytes)
    : database_(std::move(database)), path_(database_ + ".reserve"), bytes_(bytes) {}

bool DiskReserve::take(std::uint64_t beside) {
    if (held_ || bytes_ == 0) return true;
    // So much must be free beside it that it is not given up at once.
    const std::uint64_t needed = beside + bytes_ / 2 + limits::disk_free_min;
    struct stat left{};  // by a process that was killed
    const bool is_there =
        ::stat(path_.c_str(), &left) == 0 && static_cast<std::uint64_t>(left.st_size) >= bytes_;
    if (free_on_disk_of(database_) < needed + (is_there ? 0 : bytes_)) return false;
    if (growth_left(database_) < needed) return false;
    int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    held_ = ::posix_fallocate(fd, 0, static_cast<off_t>(bytes_)) == 0;
    ::close(fd);
    if (!held_) ::unlink(path_.c_str());
    return held_;
}

void DiskReserve::give_up() {
    ::unlink(path_.c_str());
    held_ = false;
}

}  // namespace postrider::store
