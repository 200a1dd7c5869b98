#include "cli/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace postrider::cli {
namespace {

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

Result<void> write_private_file(const std::string& path, std::string_view text, Existing existing) {
    const auto failed = [&] {
        if (errno == EEXIST) {
            return fail(ErrorCode::unavailable,
                        fmt::format("{} is there already: choose another name, or move it", path));
        }
        return fail(ErrorCode::unavailable,
                    fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
    };
    const bool replaces = existing == Existing::replaced;
    const auto beside = replaces ? fmt::format("{}.{}", path, ::getpid()) : path;
    if (replaces) ::unlink(beside.c_str());
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return failed();
    const bool written = write_all(file, text) && (!replaces || ::fsync(file) == 0);
    const auto result = written ? Result<void>{} : failed();
    if (::close(file) != 0 && written) return failed();
    if (replaces && (!written || std::rename(beside.c_str(), path.c_str()) != 0)) {
        const auto why = written ? failed() : result;
        ::unlink(beside.c_str());
        return why;
    }
    return result;
}

}  // namespace postrider::cli
