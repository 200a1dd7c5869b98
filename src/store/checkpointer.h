#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "store/sql/sqlite_connection.h"

namespace postrider::store {

/// Copies the WAL into the database on its own connection and thread, so that no commit waits for
/// it.
///
/// It runs PASSIVE, which never blocks the writer but also never starts the WAL anew while commits
/// keep coming; when it has just run and the WAL is past limits::wal_restart_bytes, the writer
/// pauses between two groups and a RESTART copies the little that is left, unless a long read is in
/// its way. The file keeps its size:
/// to truncate it takes the file system tens of milliseconds, and to grow it again a journal commit
/// with each fdatasync.
class Checkpointer {
 public:
    /// `room`: by how many bytes the database can grow. Any thread.
    Checkpointer(std::unique_ptr<sql::SqliteConnection> connection,
                 std::function<std::uint64_t()> room);
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// After a commit, on the writer's thread: `frames` are in the WAL now.
    void committed(int frames);
    /// Called by the writer between two groups: waits while a RESTART needs the gap.
    void leave_gap();
    /// On the writer's thread, between two groups: copies all and starts the WAL anew, so that the
    /// next commits need no more room for it. Does nothing where the copy may not find room: a part
    /// of it would use up what is left, and free nothing. Best effort.
    void restart();
    /// Copies nothing any more, and waits for a copy that is under way: for a change of the room
    /// that is there.
    void hold();
    /// Ends hold().
    void go_on();
    /// What is in the WAL and not in the database yet: copied, it may make it grow by as much.
    /// Before the first commit of this process that can be all of the WAL's file.
    std::uint64_t bytes_not_copied();
    /// Whether a checkpoint has found no room on the disk since this was asked last. Until the WAL
    /// is copied commits may still succeed, in what its file has already: the more, the more room
    /// the copy will take.
    bool has_met_full_disk() { return met_full_disk_.exchange(false); }

 private:
    void run();
    bool has_room();
    std::uint64_t bytes(int frames) const {
        return static_cast<std::uint64_t>(frames) * connection_->page_bytes();
    }

    std::unique_ptr<sql::SqliteConnection> connection_;
    const std::function<std::uint64_t()> room_;
    Mutex mutex_;
    Condition changed_;
    int frames_ GUARDED_BY(mutex_) = 0;  ///< when it was due last
    int frames_now_ GUARDED_BY(mutex_) = 0;
    int copied_ GUARDED_BY(mutex_) = 0;  ///< frames, of the same WAL if there are as many
    bool due_ GUARDED_BY(mutex_) = false;
    bool gap_wanted_ GUARDED_BY(mutex_) = false;
    bool gap_open_ GUARDED_BY(mutex_) = false;
    bool has_patience_ GUARDED_BY(mutex_) = false;
    bool is_held_ GUARDED_BY(mutex_) = false;
    bool is_copying_ GUARDED_BY(mutex_) = false;
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::atomic<bool> met_full_disk_ = false;
    std::thread thread_;
};

}  // namespace postrider::store
