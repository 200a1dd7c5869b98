#pragma once

#include <cstdint>
#include <string>

namespace postrider::store {

/// A file that holds disk space back. When the disk is full it is given up, so that outcomes of
/// deliveries can still be recorded; when space is there again it is taken back.
/// Thread-safety: the writer's thread.
class DiskReserve {
 public:
    DiskReserve(std::string path, std::uint64_t bytes);
    /// Takes the space; whether it is held afterwards. Asks the disk only for what is missing.
    bool take();
    void give_up();
    bool held() const { return held_; }
    /// What the disk has beside it. Requires: held().
    std::uint64_t free_beside() const;

 private:
    std::string path_;
    std::uint64_t bytes_;
    bool held_ = false;
};

}  // namespace postrider::store
