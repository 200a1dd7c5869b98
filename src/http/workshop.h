#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/shares.h"
#include "base/turns.h"

namespace postrider::http {

/// A thread for requests whose bodies are long to parse, so that short ones do not wait for them.
/// Realms have turns, and in each its keys. How much waits is bounded by the bytes that its
/// requests hold (Hub::memory). Thread-safety: any thread.
class Workshop {
 public:
    Workshop() = default;
    ~Workshop() { stop(); }
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    /// `nice`: of the thread; it is work that can wait for what cannot.
    void start(std::string thread_name, int nice);
    /// `holders`: who the work is counted to, the widest last; `cost` in bytes.
    void run(const Shares::Holders& holders, std::uint64_t cost, std::function<void()> work);
    /// Ends what runs; what waits is dropped.
    void stop();

 private:
    void loop();

    Mutex mutex_;
    Condition changed_;
    Turns<std::function<void()>> waiting_ GUARDED_BY(mutex_);
    bool is_stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::http
