#include "store/sql/full_disk_calls.h"

#include <sqlite3.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>

namespace postrider::store::sql {
namespace {

/// A system call as SQLite's VFS for Unix makes it. `Name` tells those of the same type apart.
template <typename Name, typename... Arguments>
struct Call {
    using Function = ssize_t (*)(int, const void*, std::size_t, Arguments...);
    static inline Function original = nullptr;

    static ssize_t make(int fd, const void* bytes, std::size_t count, Arguments... rest) {
        const ssize_t written = original(fd, bytes, count, rest...);
        if (written < 0 && (errno == EFBIG || errno == EDQUOT)) errno = ENOSPC;
        return written;
    }
};

template <typename CallType>
void replace(sqlite3_vfs* vfs, const char* name) {
    const sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, name);
    if (found == nullptr) return;  // this build of SQLite does not use it
    CallType::original = reinterpret_cast<typename CallType::Function>(found);
    vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(&CallType::make));
}

struct Write : Call<Write> {};
struct Pwrite : Call<Pwrite, off_t> {};
struct Pwrite64 : Call<Pwrite64, off64_t> {};

}  // namespace

void report_limits_as_full_disk() {
    static const bool done = [] {
        sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
        if (vfs == nullptr || vfs->iVersion < 3) return false;
        replace<Write>(vfs, "write");
        replace<Pwrite>(vfs, "pwrite");
        replace<Pwrite64>(vfs, "pwrite64");
        return true;
    }();
    (void)done;
}

}  // namespace postrider::store::sql
