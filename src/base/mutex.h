#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Clang's thread-safety analysis; nothing elsewhere.
#if defined(__clang__)
#define POSTRIDER_ATTRIBUTE(x) __attribute__((x))
#else
#define POSTRIDER_ATTRIBUTE(x)
#endif

#define GUARDED_BY(mutex) POSTRIDER_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES_LOCK(mutex) POSTRIDER_ATTRIBUTE(requires_capability(mutex))

namespace postrider {

/// No lock is held across I/O or a callback.
class POSTRIDER_ATTRIBUTE(capability("mutex")) Mutex {
 public:
    void lock() POSTRIDER_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
    void unlock() POSTRIDER_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
    friend class Condition;
    std::mutex mutex_;
};

class POSTRIDER_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
    explicit MutexLock(Mutex& mutex) POSTRIDER_ATTRIBUTE(acquire_capability(mutex))
        : mutex_(mutex) {
        mutex_.lock();
    }
    ~MutexLock() POSTRIDER_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
    MutexLock(const MutexLock&) = delete;
    MutexLock& operator=(const MutexLock&) = delete;

 private:
    Mutex& mutex_;
};

class Condition {
 public:
    void wait(Mutex& mutex) REQUIRES_LOCK(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        condition_.wait(lock);
        lock.release();
    }
    /// Returns after `timeout` at the latest; may wake early for no reason.
    void wait_for(Mutex& mutex, std::chrono::microseconds timeout) REQUIRES_LOCK(mutex) {
        std::unique_lock lock(mutex.mutex_, std::adopt_lock);
        condition_.wait_for(lock, timeout);
        lock.release();
    }
    void notify_one() { condition_.notify_one(); }
    void notify_all() { condition_.notify_all(); }

 private:
    std::condition_variable condition_;
};

}  // namespace postrider
