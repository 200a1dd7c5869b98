#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "http/server.h"
#include "model/connection_limits.h"

namespace postrider::http {

/// Which request of which connection; never used twice.
struct ExchangeId {
    std::uint64_t connection = 0;
    std::uint64_t request = 0;
    bool operator==(const ExchangeId&) const = default;
};

/// Answers, and verdicts of the gate, on their way from any thread to the server's. It owns the
/// event loop, so that a responder which outlives the server still has somewhere to send to.
/// Thread-safety: deliver() and tell_room() any thread, the rest the server's.
class Mailbox {
 public:
    struct Mail {
        ExchangeId to;
        std::optional<Response> response;  ///< none: the gate lets the request go on
        std::shared_ptr<const void> admission = {};
        Shares::Hold hold = {};   ///< what the response holds
        bool is_wake_up = false;  ///< the source of a body in progress has more
    };

    using Executor = boost::asio::io_context::executor_type;

    boost::asio::io_context& io() { return io_; }
    void on_mail(std::function<void(Mail)> reader) { reader_ = std::move(reader); }
    /// Called after tell_room(), if somebody wants room.
    void on_room(std::function<void()> reader) { room_reader_ = std::move(reader); }
    void want_room() { wants_room_.store(true); }
    /// Thread-safety: any thread.
    void tell_room() {
        if (!wants_room_.exchange(false)) return;
        boost::asio::post(io_, [this] {
            if (room_reader_) room_reader_();
        });
    }

    void deliver(Mail mail) {
        bool wake = false;
        {
            MutexLock lock(mutex_);
            wake = queue_.empty();
            queue_.push_back(std::move(mail));
        }
        // One wake-up for all that comes until the server gets to it.
        if (wake) boost::asio::post(io_, [this] { drain(); });
    }

 private:
    void drain() {
        {
            MutexLock lock(mutex_);
            reading_.swap(queue_);
        }
        for (auto& mail : reading_) {
            if (reader_) reader_(std::move(mail));
        }
        reading_.clear();
    }

    boost::asio::io_context io_{1};
    std::function<void(Mail)> reader_;
    std::function<void()> room_reader_;
    std::atomic<bool> wants_room_ = false;
    std::vector<Mail> reading_;
    Mutex mutex_;
    std::vector<Mail> queue_ GUARDED_BY(mutex_);
};

}  // namespace postrider::http
