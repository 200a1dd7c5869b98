#include "store/resource_indexer.h"

#include <algorithm>

#include "base/memory_guard.h"
#include "base/thread.h"
#include "model/limits.h"
#include "store/realm_ids.h"
#include "telemetry/log.h"

namespace postrider::store {

using resource_index::Entry;
using resource_index::Slice;

namespace {

constexpr auto drop_expired_every = 60s;

Result<std::vector<RealmId>> all_realms(sql::Connection& sql) {
    static constexpr sql::Query query{"SELECT id FROM realms"};
    return read_realm_ids(sql.rows(query));
}

}  // namespace

ResourceIndexer::ResourceIndexer(std::unique_ptr<sql::SqliteConnection> connection,
                                 const Clock& clock, Write write)
    : connection_(std::move(connection)), clock_(clock), write_(std::move(write)) {}

ResourceIndexer::~ResourceIndexer() { stop(); }

void ResourceIndexer::start() {
    thread_ = start_thread("indexer", [this] { run(); });
}

void ResourceIndexer::stop() {
    {
        const MutexLock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ResourceIndexer::written(const RealmId& realm, std::uint64_t events) {
    const MutexLock lock(mutex_);
    auto& count = unindexed_[realm];
    count += events;
    if (count < limits::resource_slice_rows) return;
    if (waiting_.insert(realm).second) changed_.notify_one();
}

void ResourceIndexer::run() {
    look_at_all();
    // Also while there is always a slice to build: of realms that publish no more.
    Monotonic due = clock_.monotonic() + drop_expired_every;
    while (!is_stopping()) {
        if (const auto realm = next(due)) {
            repeat(&ResourceIndexer::build_slice, *realm);
            repeat(&ResourceIndexer::drop_expired, *realm);
        }
        if (clock_.monotonic() < due) continue;
        drop_all_expired();
        due = clock_.monotonic() + drop_expired_every;
    }
}

bool ResourceIndexer::is_stopping() {
    const MutexLock lock(mutex_);
    return stopping_;
}

/// nullopt: none until then.
std::optional<RealmId> ResourceIndexer::next(Monotonic until) {
    const MutexLock lock(mutex_);
    const auto left = std::chrono::ceil<Duration>(until - clock_.monotonic());
    if (waiting_.empty() && !stopping_ && left > left.zero()) changed_.wait_for(mutex_, left);
    if (waiting_.empty() || stopping_) return std::nullopt;
    const RealmId realm = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    return realm;
}

/// What was written before the start is not counted yet.
void ResourceIndexer::look_at_all() {
    const auto realms = all_realms(*connection_);
    if (!realms) return;  // each is looked at when it has enough new events
    for (const RealmId& realm : *realms) repeat(&ResourceIndexer::build_slice, realm);
    drop_all_expired();
}

/// Of realms that are deleted, too.
void ResourceIndexer::drop_all_expired() {
    const auto realms = resource_index::realms(*connection_);
    if (!realms) return;  // it comes again
    for (const RealmId& realm : *realms) repeat(&ResourceIndexer::drop_expired, realm);
}

/// Until there is nothing more to do, it fails, or it is to stop.
void ResourceIndexer::repeat(Step step, const RealmId& realm) {
    bool more = true;
    while (more && !is_stopping()) {
        const auto done = guard_memory([&] { return (this->*step)(realm); });
        more = done && *done;
        if (!done && !is_stopping()) {
            log::debug("store", "the index of resources waits", {{"reason", done.error().message}});
        }
    }
}

/// The oldest that are in no slice, as many as one takes.
Result<std::vector<Entry>> ResourceIndexer::next_entries(const RealmId& realm) {
    {
        // What is committed from here on is counted beside what is read.
        const MutexLock lock(mutex_);
        unindexed_[realm] = 0;
    }
    POSTRIDER_ASSIGN(const EventId above, resource_index::watermark(*connection_, realm));
    POSTRIDER_ASSIGN(auto found, resource_index::unindexed(*connection_, realm, above,
                                                           limits::resource_slice_rows));
    const MutexLock lock(mutex_);
    unindexed_[realm] += found.size();
    return found;
}

/// False: there is not enough for one.
Result<bool> ResourceIndexer::build_slice(const RealmId& realm) {
    POSTRIDER_ASSIGN(auto found, next_entries(realm));
    if (found.size() < limits::resource_slice_rows) return false;
    // Asked each time: a number that is taken would be cleared.
    POSTRIDER_ASSIGN(const auto last, resource_index::last_number(*connection_));
    const Slice slice{last + 1, found.front().id, found.back().id};
    std::ranges::sort(found);
    POSTRIDER_TRY(
        write_slice(realm, std::make_shared<const std::vector<Entry>>(std::move(found)), slice));
    return true;
}

Result<void> ResourceIndexer::write_slice(const RealmId& realm, Entries entries,
                                          const Slice& slice) {
    // Of a slice with this number that was not published.
    auto written = write_(realm, [number = slice.number](Transaction& tx) -> Result<void> {
        POSTRIDER_TRY(resource_index::clear(tx, number, limits::resource_slice_rows));
        return {};
    });
    for (std::size_t from = 0; written && from < entries->size();
         from += limits::resource_piece_rows) {
        written = write_(realm, [=](Transaction& tx) -> Result<void> {
            const auto piece = std::span(*entries).subspan(
                from, std::min(limits::resource_piece_rows, entries->size() - from));
            POSTRIDER_TRY(resource_index::add(tx, slice.number, piece));
            const bool is_last = from + piece.size() == entries->size();
            return is_last ? resource_index::publish(tx, realm, slice) : Result<void>();
        });
    }
    return written;
}

/// False: there is none.
Result<bool> ResourceIndexer::drop_expired(const RealmId& realm) {
    POSTRIDER_ASSIGN(const auto slice, resource_index::expired(*connection_, realm));
    if (!slice) return false;
    const auto is_empty = std::make_shared<bool>(false);
    while (!*is_empty) {
        if (is_stopping()) return false;
        const auto written =
            write_(realm, [=, number = slice->number](Transaction& tx) -> Result<void> {
                POSTRIDER_ASSIGN(const auto cleared,
                                 resource_index::clear(tx, number, limits::resource_piece_rows));
                *is_empty = cleared == 0;
                return *is_empty ? resource_index::drop(tx, realm, number) : Result<void>();
            });
        if (!written) return std::unexpected(written.error());
    }
    return true;
}

}  // namespace postrider::store
