#pragma once

#include <cstddef>

namespace postrider::delivery {

/// How an attempt ended, as far as its lane's admission is concerned.
enum class LaneSignal {
    success,
    refused,  ///< an answer that says no to this delivery: the receiver is up
    failure,  ///< 429, 5xx, or no answer
    timeout,  ///< no answer in time
    none,     ///< it says nothing about the receiver: internal, or never sent
};

namespace admission {

/// How many attempts of a lane may be in flight (promises 8 and 9): few until it has shown a
/// success, then one more for each success, which doubles them a round; one after
/// limits::lane_timeouts_before_narrow timeouts in a row. After a long outage one, and half as many
/// with each failure, until it has as many as it may. Pure.
class SlowStart {
 public:
    SlowStart();
    /// The limit rises to `most`.
    void ended(LaneSignal signal, std::size_t most);
    /// The receiver is up again after it was left alone.
    void begin_anew();
    std::size_t limit() const { return limit_; }
    /// A success since the start, or since it narrowed.
    bool is_proven() const { return is_proven_; }

 private:
    std::size_t limit_;
    std::size_t timeouts_in_row_ = 0;
    bool is_proven_ = false;
    bool is_careful_ = false;  ///< since it began anew, until it has as many as it may
};

}  // namespace admission
}  // namespace postrider::delivery
