#include "store/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <limits>

#include "model/turn_limits.h"

namespace postrider::store {

DiskReserve::DiskReserve(std::string path, std::uint64_t bytes)
    : path_(std::move(path)), bytes_(bytes) {}

bool DiskReserve::take() {
    if (held_ || bytes_ == 0) return true;
    int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    // So much must be free beside it that it is not given up at once.
    struct statvfs disk{};
    bool room =
        ::fstatvfs(fd, &disk) == 0 && static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize >=
                                          bytes_ + bytes_ / 2 + limits::disk_free_min;
    held_ = room && ::posix_fallocate(fd, 0, static_cast<off_t>(bytes_)) == 0;
    ::close(fd);
    if (!held_) ::unlink(path_.c_str());
    return held_;
}

std::uint64_t DiskReserve::free_beside() const {
    struct statvfs disk{};
    if (::statvfs(path_.c_str(), &disk) != 0) return std::numeric_limits<std::uint64_t>::max();
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

void DiskReserve::give_up() {
    ::unlink(path_.c_str());
    held_ = false;
}

}  // namespace postrider::store
