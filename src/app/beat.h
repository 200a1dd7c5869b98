#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace postrider::app {

/// Whether a thread still turns: each question is posted to it, and is answered when it got there.
/// Thread-safety: one thread asks.
class Beat {
 public:
    explicit Beat(std::function<void(std::function<void()>)> post) : post_(std::move(post)) {}

    /// Whether the last question was answered, if there was one; asks the next.
    bool answered() {
        if (!*answered_) return false;
        answered_->store(false);
        post_([answered = answered_] { answered->store(true); });
        return true;
    }

 private:
    std::function<void(std::function<void()>)> post_;
    const std::shared_ptr<std::atomic<bool>> answered_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace postrider::app
