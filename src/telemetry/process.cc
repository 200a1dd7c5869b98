#include "telemetry/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace postrider::telemetry {
namespace {

double boot_time_seconds() {
    std::ifstream stat("/proc/stat");
    std::string word;
    while (stat >> word) {
        double seconds = 0;
        if (word == "btime" && stat >> seconds) return seconds;
    }
    return 0;
}

std::uint64_t count_descriptors() {
    DIR* folder = ::opendir("/proc/self/fd");
    if (folder == nullptr) return 0;
    std::uint64_t count = 0;
    while (::readdir(folder) != nullptr) ++count;
    ::closedir(folder);
    // Without ".", ".." and the folder itself.
    return count < 3 ? 0 : count - 3;
}

}  // namespace

ProcessNumbers process_numbers() {
    ProcessNumbers numbers;
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    // The second field, in parentheses, is the program's name and may hold anything.
    auto end = line.rfind(')');
    if (end != std::string::npos) {
        std::istringstream rest(line.substr(end + 1));
        std::string skipped;
        // Source: proc(5). After the name comes field 3.
        for (int field = 3; field <= 13; ++field) rest >> skipped;
        double user = 0, system = 0, start = 0, virtual_bytes = 0, resident_pages = 0;
        rest >> user >> system;
        for (int field = 16; field <= 21; ++field) rest >> skipped;
        rest >> start >> virtual_bytes >> resident_pages;
        double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
        numbers.cpu_seconds = (user + system) / ticks;
        numbers.start_time_seconds = boot_time_seconds() + start / ticks;
        numbers.virtual_bytes = static_cast<std::uint64_t>(virtual_bytes);
        numbers.resident_bytes = static_cast<std::uint64_t>(resident_pages) *
                                 static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
    numbers.open_descriptors = count_descriptors();
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) numbers.descriptors_max = limit.rlim_cur;
    return numbers;
}

}  // namespace postrider::telemetry
