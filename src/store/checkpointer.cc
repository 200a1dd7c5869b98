#include "store/checkpointer.h"

#include <chrono>
#include <utility>

#include "base/thread.h"
#include "model/limits.h"

namespace postrider::store {
namespace {

/// Often enough to keep reads short, seldom enough to batch its fsyncs.
constexpr std::uint64_t bytes_per_checkpoint = 8 * 1024 * 1024;
/// All commits wait for a restart, and a restart for every read that began before it. One that is
/// refused is asked for again after the next checkpoint; only of a WAL that is far too long is it
/// worth waiting for a long read.
constexpr std::chrono::milliseconds patience_usual{10};
constexpr std::chrono::milliseconds patience_long{5000};
constexpr std::uint64_t bytes_too_many = 8 * limits::wal_restart_bytes;

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<sql::SqliteConnection> connection)
    : connection_(std::move(connection)),
      thread_(start_thread("checkpointer", [this] { run(); })) {}

Checkpointer::~Checkpointer() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Checkpointer::committed(int frames) {
    MutexLock lock(mutex_);
    // The count starts anew with the WAL.
    int since = frames >= frames_ ? frames - frames_ : frames;
    if (bytes(since) < bytes_per_checkpoint) return;
    frames_ = frames;
    due_ = true;
    changed_.notify_all();
}

std::uint64_t Checkpointer::bytes_not_copied(int frames) {
    const MutexLock lock(mutex_);
    if (frames < copied_) copied_ = 0;  // it has begun anew
    return bytes(frames - copied_);
}

void Checkpointer::leave_gap() {
    MutexLock lock(mutex_);
    if (!gap_wanted_) return;
    gap_open_ = true;
    changed_.notify_all();
    while (gap_wanted_ && !stopping_) changed_.wait(mutex_);
    gap_open_ = false;
}

void Checkpointer::restart() {
    {
        MutexLock lock(mutex_);
        gap_wanted_ = true;
        has_patience_ = true;
    }
    leave_gap();
}

void Checkpointer::run() {
    while (true) {
        bool restart = false;
        bool has_patience = false;
        {
            MutexLock lock(mutex_);
            while (!due_ && !(gap_wanted_ && gap_open_) && !stopping_) changed_.wait(mutex_);
            if (stopping_) return;
            restart = gap_wanted_ && gap_open_;
            if (restart) {
                has_patience =
                    std::exchange(has_patience_, false) || bytes(frames_) > bytes_too_many;
            }
            if (!restart) due_ = false;
        }
        // A failure (a reader in the way) costs nothing: the WAL keeps it all, and the next commits
        // ask again.
        if (restart) {
            (void)connection_->checkpoint_restart(has_patience ? patience_long : patience_usual);
            MutexLock lock(mutex_);
            gap_wanted_ = false;
            changed_.notify_all();
        } else {
            connection_->clear_failure();
            auto done = connection_->checkpoint_passive();
            if (!done && connection_->last_failure() == sql::SqliteConnection::Failure::disk_full) {
                met_full_disk_ = true;
            }
            MutexLock lock(mutex_);
            if (done) copied_ = done->done;
            // Never taken back here: the writer may wait for it already.
            if (done && bytes(done->frames) > limits::wal_restart_bytes) gap_wanted_ = true;
        }
    }
}

}  // namespace postrider::store
