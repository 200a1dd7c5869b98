#include "telemetry/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "model/limits.h"
#include "telemetry/log_change.h"
#include "telemetry/log_line.h"

namespace postrider::log {
namespace {

/// Whole lines to a descriptor. A log that cannot be written is no reason to stop, so errors end
/// here.
void write_line(std::string_view line) {
    std::string bytes(line);
    bytes += '\n';
    std::string_view rest = bytes;
    while (!rest.empty()) {
        auto count = ::write(STDERR_FILENO, rest.data(), rest.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
}

class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
    explicit Sink(std::function<void(std::string_view)> to) : to_(std::move(to)) {}

 private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        to_({message.payload.data(), message.payload.size()});
    }
    void flush_() override {}

    std::function<void(std::string_view)> to_;
};

struct Running {
    explicit Running(Options options)
        : format(options.format),
          pool(std::make_shared<spdlog::details::thread_pool>(limits::log_queue_lines_max, 1)),
          logger(std::make_shared<spdlog::async_logger>(
              "postrider",
              std::make_shared<Sink>(options.sink ? std::move(options.sink) : write_line), pool,
              spdlog::async_overflow_policy::overrun_oldest)) {
        logger->set_level(spdlog::level::trace);
    }

    LogFormat format;
    std::shared_ptr<spdlog::details::thread_pool> pool;  ///< its end writes what waits
    std::shared_ptr<spdlog::async_logger> logger;
};

/// The one mutable global: a line can be written from anywhere, at any time, by any thread.
struct State {
    std::atomic<LogLevel> level = LogLevel::info;
    std::atomic<std::uint64_t> dropped_before = 0;
    Mutex mutex;
    std::shared_ptr<Running> running GUARDED_BY(mutex);
};

State& state() {
    static State* const one = new State;  // never destroyed: threads may log until the very end
    return *one;
}

std::shared_ptr<Running> running() {
    MutexLock lock(state().mutex);
    return state().running;
}

std::shared_ptr<Running> make_running(Options options) {
    try {
        return std::make_shared<Running>(std::move(options));
    } catch (const std::exception& error) {
        // The library's only one is that there is no thread.
        end_without_threads(error.what());
    }
}

}  // namespace

void start(Options options) {
    stop();
    state().level = options.level;
    state().dropped_before = 0;
    auto made = make_running(std::move(options));
    MutexLock lock(state().mutex);
    state().running = std::move(made);
}

void change(Options options) {
    const LogLevel level = options.level;
    std::shared_ptr<Running> next;
    try {
        next = std::make_shared<Running>(std::move(options));
    } catch (const std::exception& error) {
        // There is no thread for it now: the log goes on as it is.
        state().level = level;
        return warning("telemetry", "the log keeps its format", {{"reason", error.what()}});
    }
    {
        MutexLock lock(state().mutex);
        state().running.swap(next);
    }
    state().level = level;
    if (next) state().dropped_before += next->pool->overrun_counter();
}

void stop() {
    std::shared_ptr<Running> last;
    {
        MutexLock lock(state().mutex);
        last = std::move(state().running);
        state().running = nullptr;
    }
    if (!last) return;
    state().dropped_before += last->pool->overrun_counter();
    state().level = LogLevel::info;
}

bool enabled(LogLevel level) { return level >= state().level.load(std::memory_order_relaxed); }

void write(LogLevel level, std::string_view area, std::string_view message, Fields fields) {
    if (!enabled(level)) return;
    Line line{SystemClock{}.now(), level, area, message, fields};
    auto now = running();
    if (!now) {
        write_line(render_text(line));
        return;
    }
    auto text = now->format == LogFormat::json ? render_json(line) : render_text(line);
    try {
        now->logger->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
    } catch (const std::exception&) {
        write_line(text);
    }
}

std::uint64_t lines_dropped() {
    auto now = running();
    return state().dropped_before + (now ? now->pool->overrun_counter() : 0);
}

}  // namespace postrider::log
