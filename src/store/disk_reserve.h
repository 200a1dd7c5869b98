#pragma once

#include <cstdint>
#include <string>

namespace postrider::store {

/// By how many bytes a database can grow: what the disk has free, and what a limit of file sizes
/// (`ulimit -f`) leaves. Thread-safety: any thread.
std::uint64_t room_to_grow(const std::string& database);

/// A file beside the database, `….reserve`, that holds disk space back. When the disk is full it is
/// given up, so that outcomes of deliveries can still be recorded; when space is there again it is
/// taken back.
/// Thread-safety: the writer's thread.
class DiskReserve {
 public:
    DiskReserve(std::string database, std::uint64_t bytes);
    /// Takes the space, if `beside` is free beside it, and so much more that it is not given up at
    /// once. Returns true if it is held afterwards.
    bool take(std::uint64_t beside);
    void give_up();
    bool held() const { return held_; }

 private:
    std::string database_;
    std::string path_;
    std::uint64_t bytes_;
    bool held_ = false;
};

}  // namespace postrider::store
