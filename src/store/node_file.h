#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/uuid.h"

namespace postrider::store {

/// The file in a node's data folder that says which node it was last. It is locked while the node
/// lives, so who reads another's id there knows that it is dead. Thread-safety: one thread.
class NodeFile {
 public:
    NodeFile() = default;
    ~NodeFile();
    NodeFile(NodeFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    NodeFile& operator=(NodeFile&&) = delete;
    NodeFile(const NodeFile&) = delete;
    NodeFile& operator=(const NodeFile&) = delete;

    /// Locks `path`, which it makes, and writes `node` into it; the node that was there before.
    /// Errors: unavailable, one sentence: another process has it, it cannot be written.
    Result<std::optional<Uuid>> take(const std::string& path, const Uuid& node);

 private:
    int fd_ = -1;
};

}  // namespace postrider::store
