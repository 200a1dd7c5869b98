#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "base/clock.h"

namespace postrider::net {

/// Something that must be done by a time. Its owner clears it before it goes.
class Deadline {
 public:
    virtual ~Deadline() = default;
    virtual void on_deadline() = 0;

 private:
    friend class DeadlineQueue;
    std::multimap<Monotonic, Deadline*>::iterator place_;
    bool is_set_ = false;
};

/// Many deadlines on one timer. Most are cleared long before they pass, so clearing does not touch
/// the timer: it may fire for nothing, and is then set to the first deadline left.
/// Thread-safety: the loop's thread.
class DeadlineQueue {
 public:
    DeadlineQueue(boost::asio::io_context& context, const Clock& clock);
    ~DeadlineQueue();
    DeadlineQueue(const DeadlineQueue&) = delete;
    DeadlineQueue& operator=(const DeadlineQueue&) = delete;

    /// Sets or moves it.
    void set(Deadline& deadline, Monotonic when);
    void clear(Deadline& deadline);
    /// The next to pass; nullptr when there is none.
    Deadline* first() const { return queue_.empty() ? nullptr : queue_.begin()->second; }

 private:
    void arm();
    void fire();

    using Queue = std::multimap<Monotonic, Deadline*>;
    Queue queue_;
    Queue::node_type spare_;  ///< one node kept: the usual set and clear allocate nothing
    const Clock& clock_;
    boost::asio::steady_timer timer_;
    Monotonic armed_for_ = Monotonic::max();
    std::shared_ptr<DeadlineQueue*> self_;  ///< a handler on its way may outlive this
};

}  // namespace postrider::net
