#include "net/hosts_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace postrider::net {

std::vector<IpAddress> HostsFile::find(const std::string& host) {
    reload_if_changed();
    const auto found = names_.find(host);
    return found == names_.end() ? std::vector<IpAddress>{} : found->second;
}

void HostsFile::reload_if_changed() {
    struct stat status{};
    std::string version = "none";
    if (stat(path_.c_str(), &status) == 0) {
        version = fmt::format("{} {} {}.{}", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                              status.st_mtim.tv_nsec);
    }
    if (version == version_) return;
    version_ = std::move(version);
    names_.clear();
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) read_line(line);
}

void HostsFile::read_line(std::string_view line) {
    line = line.substr(0, line.find('#'));
    const auto next_word = [&] {
        constexpr std::string_view white = " \t\r";
        const auto begin = std::min(line.find_first_not_of(white), line.size());
        line.remove_prefix(begin);
        const auto word = line.substr(0, line.find_first_of(white));
        line.remove_prefix(word.size());
        return word;
    };
    const auto address = IpAddress::parse(next_word());
    if (!address) return;
    for (auto word = next_word(); !word.empty(); word = next_word()) {
        std::string name(word);
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        auto& addresses = names_[name];
        if (std::ranges::find(addresses, *address) == addresses.end()) {
            addresses.push_back(*address);
        }
    }
}

}  // namespace postrider::net
