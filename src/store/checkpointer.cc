#include "store/checkpointer.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/thread.h"
#include "model/limits.h"
#include "model/turn_limits.h"

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

/// How long the WAL may be before it starts anew: of a limit of file sizes a quarter at most.
std::uint64_t restart_bytes() {
    struct rlimit most{};
    if (::getrlimit(RLIMIT_FSIZE, &most) != 0) return limits::wal_restart_bytes;
    return std::min<std::uint64_t>(limits::wal_restart_bytes, most.rlim_cur / 4);
}

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<sql::SqliteConnection> connection,
                           std::function<std::uint64_t()> room)
    : connection_(std::move(connection)),
      room_(std::move(room)),
      thread_(start_thread("checkpointer", [this] { run(); })) {}

Checkpointer::~Checkpointer() {
    {
        MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    if (!has_room()) connection_->leave_log_at_close();
}

void Checkpointer::committed(int frames) {
    MutexLock lock(mutex_);
    frames_now_ = frames;
    // The count starts anew with the WAL.
    int since = frames >= frames_ ? frames - frames_ : frames;
    if (bytes(since) < bytes_per_checkpoint) return;
    frames_ = frames;
    due_ = true;
    changed_.notify_all();
}

void Checkpointer::hold() {
    const MutexLock lock(mutex_);
    is_held_ = true;
    gap_wanted_ = false;
    while (is_copying_) changed_.wait(mutex_);
}

void Checkpointer::go_on() {
    const MutexLock lock(mutex_);
    is_held_ = false;
    due_ = true;
    changed_.notify_all();
}

std::uint64_t Checkpointer::bytes_not_copied() {
    {
        const MutexLock lock(mutex_);
        if (frames_now_ < copied_) copied_ = 0;  // it has begun anew
        if (frames_now_ > 0) return bytes(frames_now_ - copied_);
    }
    return connection_->wal_file_bytes();
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

/// Whether what is in the WAL alone fits into the database's disk, and a few commits beside it.
bool Checkpointer::has_room() {
    return room_() >= bytes_not_copied() + limits::disk_full_commit_bytes;
}

void Checkpointer::run() {
    while (true) {
        bool restart = false;
        bool has_patience = false;
        {
            MutexLock lock(mutex_);
            while ((is_held_ || (!due_ && !(gap_wanted_ && gap_open_))) && !stopping_) {
                changed_.wait(mutex_);
            }
            if (stopping_) return;
            restart = gap_wanted_ && gap_open_;
            if (restart) {
                has_patience =
                    std::exchange(has_patience_, false) || bytes(frames_) > bytes_too_many;
            }
            if (!restart) due_ = false;
            is_copying_ = true;
        }
        // A failure (a reader in the way) costs nothing: the WAL keeps it all, and the next commits
        // ask again.
        const bool has_room = this->has_room();
        if (!has_room) {
            met_full_disk_ = true;
            MutexLock lock(mutex_);
            if (restart) gap_wanted_ = false;
            is_copying_ = false;
            changed_.notify_all();
        } else if (restart) {
            (void)connection_->checkpoint_restart(has_patience ? patience_long : patience_usual);
            MutexLock lock(mutex_);
            gap_wanted_ = false;
            is_copying_ = false;
            changed_.notify_all();
        } else {
            connection_->clear_failure();
            auto done = connection_->checkpoint_passive();
            if (!done && connection_->last_failure() == sql::SqliteConnection::Failure::disk_full) {
                met_full_disk_ = true;
            }
            MutexLock lock(mutex_);
            if (done) copied_ = done->done;
            if (done && frames_now_ == 0) frames_now_ = done->frames;  // of the process before
            // Never taken back here: the writer may wait for it already.
            if (done && !is_held_ && bytes(done->frames) > restart_bytes()) gap_wanted_ = true;
            is_copying_ = false;
            changed_.notify_all();
        }
    }
}

}  // namespace postrider::store
