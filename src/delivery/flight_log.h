#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/crash_mark.h"
#include "base/result.h"
#include "delivery/due_time.h"
#include "model/ids.h"

namespace postrider::delivery {

/// Notes which deliveries are in flight in a small memory-mapped file, so that the next start knows
/// what was in flight when the process crashed, without a write to the store per attempt
/// (promise 2). A process's death keeps the mapping's pages; a power cut may lose them, which only
/// forgets a crash.
///
/// A delivery is to blame for a crash when it was alone in flight. After two crashes in a row those
/// that were in flight are *suspects*: they stay so, over kills and restarts too, until each was
/// attempted alone (delivery/trials.h). Only the process's own end by a fault or abort() in a
/// thread that works on deliveries is a crash: SIGKILL, a lack of memory and a loss of power are
/// not. The threads of PostgreSQL's publishes and closures work on requests, and on nothing that is
/// in flight. Thread-safety: one thread.
class FlightLog {
 public:
    struct Entry {
        RealmId realm;
        DeliveryId delivery;
    };
    /// What the last run left.
    struct LastRun {
        /// "SIGSEGV in the thread engine"; empty: it did not crash.
        std::string crash;
        std::vector<Entry> in_flight;  ///< at its end, however it ended
        std::vector<Entry> suspects;   ///< to be tried alone, from this crash and from earlier ones
        /// What was alone in flight when it crashed, at most one.
        std::vector<Entry> to_blame;
        DueTime::Kept due_time;
    };

    ~FlightLog();
    FlightLog() = default;
    FlightLog(const FlightLog&) = delete;
    FlightLog& operator=(const FlightLog&) = delete;

    /// Maps `path` with room for `slots` in flight, and for as many suspects. A file of another
    /// version or size is begun anew. From now on a crash is noted in it.
    Result<LastRun> open(const std::string& path, std::size_t slots);

    /// A slot's number, to give back to clear(); when all are taken, one that stands for none.
    std::uint32_t note(const Entry& entry);
    void clear(std::uint32_t slot);

    /// It was attempted alone, and nothing happened.
    void acquit(const DeliveryId& delivery);
    /// The time by which deliveries are due, for the next run to go on with.
    void keep(const DueTime::Kept& due_time);
    /// An orderly end: the next crash is the first of a row.
    void end();

 private:
    static constexpr std::uint32_t no_slot = 0xFFFF'FFFF;
    struct Head;

    Head& head() const;
    unsigned char* entry_at(std::size_t place) const;
    std::vector<Entry> read(std::size_t first) const;
    LastRun read_last_run();

    unsigned char* memory_ = nullptr;
    std::size_t bytes_ = 0;
    std::size_t slots_ = 0;
    std::vector<std::uint32_t> free_;
    std::unordered_map<DeliveryId, std::size_t> suspects_;  ///< and the place of each
};

}  // namespace postrider::delivery
