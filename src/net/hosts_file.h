#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/ip_address.h"

namespace postrider::net {

/// /etc/hosts, read again when it has changed. A file that cannot be read is an empty one.
/// Source: hosts(5). Thread-safety: one thread.
class HostsFile {
 public:
    explicit HostsFile(std::string path) : path_(std::move(path)) {}
    /// The addresses of `host` (lower case), in the file's order; empty when it is not there.
    std::vector<IpAddress> find(const std::string& host);

 private:
    void reload_if_changed();
    void read_line(std::string_view line);

    std::string path_;
    std::string version_;  ///< of the file as last read: inode, size, modification time
    std::unordered_map<std::string, std::vector<IpAddress>> names_;
};

}  // namespace postrider::net
