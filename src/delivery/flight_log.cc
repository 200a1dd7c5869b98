#include "delivery/flight_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::delivery {
namespace {

constexpr std::size_t entry_bytes = 32;  // realm and delivery; all zero: free

}  // namespace

FlightLog::~FlightLog() {
    if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

Result<void> FlightLog::open(const std::string& path, std::size_t slots) {
    bytes_ = slots * entry_bytes;
    int fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    void* mapped = MAP_FAILED;
    // Allocated, not only sized: writing to a hole of a full disk would be a SIGBUS.
    if (fd >= 0 && ::posix_fallocate(fd, 0, static_cast<off_t>(bytes_)) == 0 &&
        ::ftruncate(fd, static_cast<off_t>(bytes_)) == 0) {
        mapped = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    int error = errno;
    if (fd >= 0) ::close(fd);
    if (mapped == MAP_FAILED) {
        return fail(ErrorCode::unavailable,
                    fmt::format("cannot use {}: {}; check that its folder is writable and has room",
                                path, std::strerror(error)));
    }
    memory_ = static_cast<unsigned char*>(mapped);
    for (std::size_t slot = slots; slot-- > 0;) {
        std::string_view raw(reinterpret_cast<char*>(memory_) + slot * entry_bytes, entry_bytes);
        Entry entry{RealmId{Uuid::from_bytes(raw.substr(0, 16))},
                    DeliveryId{Uuid::from_bytes(raw.substr(16))}};
        if (!entry.delivery.is_nil()) left_over_.push_back(entry);
        free_.push_back(static_cast<std::uint32_t>(slot));
    }
    std::memset(memory_, 0, bytes_);
    return {};
}

std::uint32_t FlightLog::note(const Entry& entry) {
    if (free_.empty()) return no_slot;
    auto slot = free_.back();
    free_.pop_back();
    auto* at = memory_ + slot * entry_bytes;
    std::memcpy(at, entry.realm.uuid.bytes.data(), 16);
    std::memcpy(at + 16, entry.delivery.uuid.bytes.data(), 16);
    return slot;
}

void FlightLog::clear(std::uint32_t slot) {
    if (slot == no_slot) return;
    std::memset(memory_ + slot * entry_bytes, 0, entry_bytes);
    free_.push_back(slot);
}

}  // namespace postrider::delivery
