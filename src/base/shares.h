#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace postrider {

/// Shares of something that has a bound in all (bytes, connections, streams), so that nobody takes
/// all of it: a holder may hold no more than is left for everybody else. The first has half of it
/// at most, two a third each, and there is always some left for who comes new. (The dynamic
/// thresholds of switches' shared buffers: Choudhury and Hahne, 1998.)
///
/// Thread-safety: any thread.
class Shares : public std::enable_shared_from_this<Shares> {
 public:
    enum class Answer {
        taken,
        over_share,  ///< one of the holders has its share
        full,        ///< there is no room at all
    };
    /// Who takes, by any name: all of a take's holders hold all of it ("address 192.0.2.1").
    using Holders = std::vector<std::string>;

    class Hold;

    explicit Shares(std::uint64_t total) : total_(total) {}

    /// Called on the thread that gives something back, for who waits for it; must be short.
    /// Requires: said before the first take.
    void on_room(std::function<void()> room) { room_ = std::move(room); }
    std::uint64_t used() const;
    std::uint64_t held_by(std::string_view holder) const;
    std::uint64_t total() const { return total_; }

 private:
    struct Holder {
        std::uint64_t held = 0;
        std::size_t holds = 0;  ///< that refer to it
    };
    using Entry = std::pair<const std::string, Holder>;

    Answer take(std::uint64_t amount, unsigned percent, const std::vector<Entry*>& holders);
    void change(std::int64_t amount, const std::vector<Entry*>& holders);
    void enter(const Holders& names, std::vector<Entry*>& holders);
    void leave(std::vector<Entry*>& holders);

    const std::uint64_t total_;
    std::function<void()> room_;
    mutable Mutex mutex_;
    std::uint64_t used_ GUARDED_BY(mutex_) = 0;
    std::unordered_map<std::string, Holder> holders_ GUARDED_BY(mutex_);
};

/// What somebody holds, until it goes. Movable; an empty one holds nothing of nothing.
/// Thread-safety: one thread at a time.
class Shares::Hold {
 public:
    Hold() = default;
    Hold(std::shared_ptr<Shares> shares, const Holders& holders);
    ~Hold() { reset(); }
    Hold(Hold&& other) noexcept { swap(other); }
    Hold& operator=(Hold&& other) noexcept {
        swap(other);
        return *this;
    }

    /// Takes so much more, or nothing. `percent`: of its share, up to which the holder may get.
    Answer take(std::uint64_t amount, unsigned percent = 100);
    /// Takes it, room or not.
    void take_anyway(std::uint64_t amount);
    /// Gives back all that is above `amount`.
    void shrink_to(std::uint64_t amount);
    void reset();
    std::uint64_t amount() const { return amount_; }

 private:
    void swap(Hold& other) noexcept {
        std::swap(shares_, other.shares_);
        std::swap(holders_, other.holders_);
        std::swap(amount_, other.amount_);
    }

    std::shared_ptr<Shares> shares_;
    std::vector<Entry*> holders_;
    std::uint64_t amount_ = 0;
};

}  // namespace postrider
