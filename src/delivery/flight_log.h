#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace postrider::delivery {

/// Notes which deliveries are in flight in a small memory-mapped file, so that the next start knows
/// what was in flight when the process died, without a write to the store per attempt (promise 6).
/// A process's death keeps the mapping's pages; a power cut may lose them, which only forgets a
/// crash. Thread-safety: one thread.
class FlightLog {
 public:
    struct Entry {
        RealmId realm;
        DeliveryId delivery;
    };

    ~FlightLog();
    FlightLog() = default;
    FlightLog(const FlightLog&) = delete;
    FlightLog& operator=(const FlightLog&) = delete;

    /// Maps `path` with room for `slots`; the entries that the last process left are in
    /// left_over().
    Result<void> open(const std::string& path, std::size_t slots);
    const std::vector<Entry>& left_over() const { return left_over_; }

    /// A slot's number, to give back to clear(); when all are taken, one that stands for none.
    std::uint32_t note(const Entry& entry);
    void clear(std::uint32_t slot);

 private:
    static constexpr std::uint32_t no_slot = 0xFFFF'FFFF;
    unsigned char* memory_ = nullptr;
    std::size_t bytes_ = 0;
    std::vector<std::uint32_t> free_;
    std::vector<Entry> left_over_;
};

}  // namespace postrider::delivery
