#include "delivery/flight_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace postrider::delivery {
namespace {

constexpr std::size_t entry_bytes = 32;  // realm and delivery; all zero: free
constexpr std::size_t head_bytes = 64;
constexpr std::uint64_t this_version = 0x0002'5047'494c'4650;  // "PFLIGP", 2

/// The threads in which a delivery's own bytes are worked on.
bool works_on_deliveries(std::string_view thread) {
    return thread == "engine" || thread == "writer" || thread == "outcomes";
}

}  // namespace

/// At the file's beginning; then the slots, then the suspects. Persistent.
struct FlightLog::Head {
    std::uint64_t version;
    std::uint64_t slots;   ///< which the places depend on
    std::int64_t crashes;  ///< in a row
    CrashMark mark;
    std::int64_t due_micros;  ///< the last time by which deliveries were due; 0: none is known
    std::int64_t wall_micros;
};

FlightLog::~FlightLog() {
    if (memory_ == nullptr) return;
    note_crashes_at(nullptr);
    ::munmap(memory_, bytes_);
}

FlightLog::Head& FlightLog::head() const { return *reinterpret_cast<Head*>(memory_); }

unsigned char* FlightLog::entry_at(std::size_t place) const {
    static_assert(sizeof(Head) <= head_bytes);
    return memory_ + head_bytes + place * entry_bytes;
}

Result<FlightLog::LastRun> FlightLog::open(const std::string& path, std::size_t slots) {
    slots_ = slots;
    bytes_ = head_bytes + 2 * slots * entry_bytes;
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
    auto last = read_last_run();
    note_crashes_at(&head().mark);
    return last;
}

std::vector<FlightLog::Entry> FlightLog::read(std::size_t first) const {
    std::vector<Entry> found;
    for (std::size_t place = first; place < first + slots_; ++place) {
        const std::string_view raw(reinterpret_cast<char*>(entry_at(place)), entry_bytes);
        const Entry entry{RealmId{Uuid::from_bytes(raw.substr(0, 16))},
                          DeliveryId{Uuid::from_bytes(raw.substr(16))}};
        if (!entry.delivery.is_nil()) found.push_back(entry);
    }
    return found;
}

/// Reads it, and lays the file out for this run.
FlightLog::LastRun FlightLog::read_last_run() {
    LastRun last;
    std::int64_t crashes = 0;
    if (head().version == this_version && head().slots == slots_) {
        const CrashMark mark = head().mark;
        crashes = head().crashes;
        last.due_time = {.due = from_micros(head().due_micros),
                         .wall = from_micros(head().wall_micros)};
        last.in_flight = read(0);
        last.suspects = read(slots_);
        if (mark.signal != 0) {
            last.crash = fmt::format("SIG{} in the thread {}", ::sigabbrev_np(mark.signal),
                                     mark.thread_name());
        }
        if (mark.signal != 0 && works_on_deliveries(mark.thread_name())) {
            ++crashes;
            if (last.in_flight.size() == 1) last.to_blame = last.in_flight;
            if (crashes >= 2) {
                last.suspects.insert(last.suspects.end(), last.in_flight.begin(),
                                     last.in_flight.end());
            }
        }
    }
    std::memset(memory_, 0, bytes_);
    head().version = this_version;
    head().slots = slots_;
    head().crashes = crashes;
    for (std::size_t slot = slots_; slot-- > 0;) free_.push_back(static_cast<std::uint32_t>(slot));
    std::vector<Entry> suspects;
    for (const Entry& entry : last.suspects) {
        const std::size_t place = slots_ + suspects_.size();
        if (suspects_.size() == slots_ || !suspects_.emplace(entry.delivery, place).second)
            continue;
        std::memcpy(entry_at(place), entry.realm.uuid.bytes.data(), 16);
        std::memcpy(entry_at(place) + 16, entry.delivery.uuid.bytes.data(), 16);
        suspects.push_back(entry);
    }
    last.suspects = std::move(suspects);
    return last;
}

void FlightLog::keep(const DueTime::Kept& due_time) {
    if (memory_ == nullptr) return;
    head().due_micros = to_micros(due_time.due);
    head().wall_micros = to_micros(due_time.wall);
}

std::uint32_t FlightLog::note(const Entry& entry) {
    if (free_.empty()) return no_slot;
    auto slot = free_.back();
    free_.pop_back();
    std::memcpy(entry_at(slot), entry.realm.uuid.bytes.data(), 16);
    std::memcpy(entry_at(slot) + 16, entry.delivery.uuid.bytes.data(), 16);
    return slot;
}

void FlightLog::clear(std::uint32_t slot) {
    if (slot == no_slot) return;
    std::memset(entry_at(slot), 0, entry_bytes);
    free_.push_back(slot);
}

void FlightLog::acquit(const DeliveryId& delivery) {
    const auto found = suspects_.find(delivery);
    if (found == suspects_.end()) return;
    std::memset(entry_at(found->second), 0, entry_bytes);
    suspects_.erase(found);
    // All of them were tried: whatever it was, it is over.
    if (suspects_.empty()) head().crashes = 0;
}

void FlightLog::end() { head().crashes = 0; }

}  // namespace postrider::delivery
