#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace postrider::store {

/// Calls back when something is done, once, from any thread, or at once.
using AnswerWait = std::function<void(std::function<void()>)>;

/// Calls `tell` when all of `waits` have called back, one after the other.
inline void after_all(std::vector<AnswerWait> waits, std::function<void()> tell) {
    if (waits.empty()) return tell();
    AnswerWait last = std::move(waits.back());
    waits.pop_back();
    last([waits = std::move(waits), tell = std::move(tell)]() mutable {
        after_all(std::move(waits), std::move(tell));
    });
}

}  // namespace postrider::store
