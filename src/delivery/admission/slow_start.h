#pragma once

#include <cstddef>

namespace postrider::delivery {

/// How an attempt ended, as far as its lane's admission is concerned.
enum class LaneSignal { success, failure, timeout };

namespace admission {

/// How many attempts of a lane may be in flight (promises 8 and 9): few until it has shown a
/// success, then one more for each success, which doubles them a round; one after
/// limits::lane_timeouts_before_narrow timeouts in a row. Pure.
class SlowStart {
 public:
    SlowStart();
    /// The limit rises to `most`.
    void ended(LaneSignal signal, std::size_t most);
    std::size_t limit() const { return limit_; }
    /// A success since the start, or since it narrowed.
    bool is_proven() const { return is_proven_; }

 private:
    std::size_t limit_;
    std::size_t timeouts_in_row_ = 0;
    bool is_proven_ = false;
};

}  // namespace admission
}  // namespace postrider::delivery
