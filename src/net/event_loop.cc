#include "net/event_loop.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "net/event_loop_impl.h"

namespace postrider::net {
namespace {

/// The handler may outlive the timer, and a cancelled one may be on its way already: so the state
/// is shared, and a generation tells the current handler from the former ones.
class AsioTimer final : public EventLoop::Timer {
 public:
    explicit AsioTimer(boost::asio::io_context& context)
        : state_(std::make_shared<State>(context)) {}
    ~AsioTimer() override { cancel(); }
    AsioTimer(const AsioTimer&) = delete;
    AsioTimer& operator=(const AsioTimer&) = delete;

    void expire_at(Monotonic when, std::function<void()> then) override {
        const auto generation = ++state_->generation;
        state_->then = std::move(then);
        state_->timer.expires_at(when);
        state_->timer.async_wait([state = state_, generation](const auto& error) {
            if (error || generation != state->generation) return;
            auto task = std::exchange(state->then, nullptr);
            task();
        });
    }

    void cancel() override {
        ++state_->generation;
        state_->then = nullptr;
        state_->timer.cancel();
    }

 private:
    struct State {
        explicit State(boost::asio::io_context& context) : timer(context) {}
        boost::asio::steady_timer timer;
        std::function<void()> then;
        std::uint64_t generation = 0;
    };
    std::shared_ptr<State> state_;
};

}  // namespace

EventLoop::EventLoop(const Clock& clock) : clock_(clock), impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

void EventLoop::run() { impl_->context.run(); }

void EventLoop::stop() { impl_->context.stop(); }

void EventLoop::post(std::function<void()> task) {
    boost::asio::post(impl_->context, std::move(task));
}

std::unique_ptr<EventLoop::Timer> EventLoop::make_timer() {
    return std::make_unique<AsioTimer>(impl_->context);
}

}  // namespace postrider::net
