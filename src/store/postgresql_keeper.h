#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/uuid.h"
#include "store/postgresql_link.h"

namespace postrider::store {

/// Keeps the schema for this node, on a connection of its own: it holds the ownership lock, takes
/// it again after the connection was lost, and notes the last id from time to time. When another
/// node took the schema meanwhile the process ends: two would send everything twice.
class PostgresqlKeeper {
 public:
    /// `link` is connected and has the lock. `last_id` tells what to note.
    PostgresqlKeeper(PostgresqlLink link, std::string session, const Clock& clock,
                     std::function<Uuid()> last_id);
    ~PostgresqlKeeper() { stop(); }
    PostgresqlKeeper(const PostgresqlKeeper&) = delete;
    PostgresqlKeeper& operator=(const PostgresqlKeeper&) = delete;

    /// Notes the last id once more, then ends the thread and the connection.
    void stop();

    /// What names this session in pg_stat_activity, so that a lost one of ours can be ended.
    static Result<std::string> session_of(sql::PostgresqlConnection& sql);

 private:
    void run();
    void check();
    Result<void> take_again(sql::PostgresqlConnection& sql);
    Result<void> note(sql::PostgresqlConnection& sql);

    PostgresqlLink link_;
    std::string session_;
    const Clock& clock_;
    std::function<Uuid()> last_id_;
    Uuid noted_;
    bool owns_ = true;
    std::optional<Monotonic> owned_by_others_since_;
    Mutex mutex_;
    Condition changed_;
    bool stopping_ GUARDED_BY(mutex_) = false;
    std::thread thread_;
};

}  // namespace postrider::store
