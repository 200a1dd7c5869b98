#include "store/postgresql_keeper.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "model/limits.h"
#include "store/last_commit.h"
#include "store/postgresql_schema.h"

namespace postrider::store {
namespace {

[[noreturn]] void die_of_another(const std::string& place) {
    std::fprintf(stderr,
                 "postrider: another postrider node has taken the PostgreSQL database %s while "
                 "this one was cut off from it, so this one stops\n",
                 place.c_str());
    std::_Exit(1);
}

}  // namespace

PostgresqlKeeper::PostgresqlKeeper(PostgresqlLink link, std::string session, const Clock& clock,
                                   std::function<Uuid()> last_id)
    : link_(std::move(link)),
      session_(std::move(session)),
      clock_(clock),
      last_id_(std::move(last_id)),
      noted_(last_id_()),
      thread_([this] { run(); }) {}

Result<std::string> PostgresqlKeeper::session_of(sql::PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto text, sql.value("SELECT format('pid = %s AND backend_start = %L', pid, "
                                          "backend_start) FROM pg_stat_activity "
                                          "WHERE pid = pg_backend_pid()"));
    return text.value_or("false");
}

void PostgresqlKeeper::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void PostgresqlKeeper::run() {
    pthread_setname_np(pthread_self(), "keeper");
    while (true) {
        bool last = false;
        {
            const MutexLock lock(mutex_);
            const auto wait = link_.is_connected() && owns_
                                  ? limits::postgresql_check_interval
                                  : std::max(link_.wait(), limits::postgresql_reconnect_first);
            if (!stopping_) changed_.wait_for(mutex_, wait);
            last = stopping_;
        }
        check();
        if (last) {
            link_.drop();
            return;
        }
    }
}

void PostgresqlKeeper::check() {
    if (!link_.is_connected()) owns_ = false;
    auto sql = link_.get();
    if (!sql) return;
    (*sql)->clear_failure();
    auto done = owns_ ? Result<void>{} : take_again(**sql);
    if (done && owns_) done = note(**sql);
    if (!done && (*sql)->last_failure() == sql::PostgresqlConnection::Failure::lost) link_.drop();
}

Result<void> PostgresqlKeeper::take_again(sql::PostgresqlConnection& sql) {
    // The server may not have noticed yet that our last session is gone.
    POSTRIDER_TRY(
        sql.value("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + session_));
    POSTRIDER_ASSIGN(owns_, take_ownership(sql));
    if (owns_) {
        owned_by_others_since_.reset();
        POSTRIDER_ASSIGN(session_, session_of(sql));
        return {};
    }
    const auto now = clock_.monotonic();
    if (!owned_by_others_since_) owned_by_others_since_ = now;
    if (now - *owned_by_others_since_ > limits::postgresql_owner_wait_max) {
        die_of_another(sql.place());
    }
    return {};
}

Result<void> PostgresqlKeeper::note(sql::PostgresqlConnection& sql) {
    const Uuid last = last_id_();
    // Without news it only looks whether the connection is there.
    if (last == noted_) return sql.execute("SELECT 1");
    POSTRIDER_TRY(write_last_commit(sql, last, clock_.now()));
    noted_ = last;
    return {};
}

}  // namespace postrider::store
