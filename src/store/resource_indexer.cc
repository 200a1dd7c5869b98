#include "store/resource_indexer.h"

#include <algorithm>

#include "base/memory_guard.h"
#include "base/thread.h"
#include "telemetry/log.h"

namespace postrider::store {

using resource_index::Entry;
using resource_index::Slice;

namespace {

constexpr auto look_after_all_every = 60s;

Result<std::vector<RealmId>> all_realms(sql::Connection& sql) {
    static constexpr sql::Query query{"SELECT id FROM realms WHERE length(id) = 16"};
    POSTRIDER_ASSIGN(auto found, resource_index::realms(sql));  // of which some may be gone
    auto rows = sql.rows(query);
    while (rows.next()) found.push_back(rows.id<RealmId>(0));
    POSTRIDER_TRY(rows.finish());
    return found;
}

}  // namespace

ResourceIndexer::ResourceIndexer(std::unique_ptr<sql::SqliteConnection> connection, Write write)
    : connection_(std::move(connection)), write_(std::move(write)) {}

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
    if (count < resource_index::slice_rows) return;
    if (waiting_.insert(realm).second) changed_.notify_one();
}

void ResourceIndexer::run() {
    look_after_all();
    while (!is_stopping()) {
        if (const auto realm = next()) {
            look_after(*realm);
        } else {
            look_after_all();
        }
    }
}

bool ResourceIndexer::is_stopping() {
    const MutexLock lock(mutex_);
    return stopping_;
}

/// nullopt: it is time to look after all of them, or to stop.
std::optional<RealmId> ResourceIndexer::next() {
    const MutexLock lock(mutex_);
    if (waiting_.empty() && !stopping_) changed_.wait_for(mutex_, look_after_all_every);
    if (waiting_.empty() || stopping_) return std::nullopt;
    const RealmId realm = *waiting_.begin();
    waiting_.erase(waiting_.begin());
    return realm;
}

void ResourceIndexer::look_after_all() {
    const auto last = resource_index::last_number(*connection_);
    const auto realms = all_realms(*connection_);
    if (!last || !realms) return;  // it comes again
    last_number_ = std::max(last_number_, *last);
    for (const RealmId& realm : *realms) {
        if (is_stopping()) return;
        look_after(realm);
    }
}

void ResourceIndexer::look_after(const RealmId& realm) {
    for (const auto step : {&ResourceIndexer::build_slice, &ResourceIndexer::drop_expired}) {
        bool more = true;
        while (more && !is_stopping()) {
            const auto done = guard_memory([&] { return (this->*step)(realm); });
            more = done && *done;
            if (!done && !is_stopping()) {
                log::debug("store", "the index of resources waits",
                           {{"reason", done.error().message}});
            }
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
                                                           resource_index::slice_rows));
    const MutexLock lock(mutex_);
    unindexed_[realm] += found.size();
    return found;
}

/// False: there is not enough for one.
Result<bool> ResourceIndexer::build_slice(const RealmId& realm) {
    POSTRIDER_ASSIGN(auto found, next_entries(realm));
    if (found.size() < resource_index::slice_rows) return false;
    const Slice slice{last_number_ + 1, found.front().id, found.back().id};
    std::ranges::sort(found);
    POSTRIDER_TRY(
        write_slice(realm, std::make_shared<const std::vector<Entry>>(std::move(found)), slice));
    last_number_ = slice.number;
    return true;
}

Result<void> ResourceIndexer::write_slice(const RealmId& realm, Entries entries,
                                          const Slice& slice) {
    // Of a slice with this number that was not published.
    auto written = write_(realm, [number = slice.number](Transaction& tx) -> Result<void> {
        POSTRIDER_ASSIGN([[maybe_unused]] const auto left_over,
                         resource_index::clear(tx, number, resource_index::slice_rows));
        return {};
    });
    for (std::size_t from = 0; written && from < entries->size();
         from += resource_index::piece_rows) {
        written = write_(realm, [=](Transaction& tx) -> Result<void> {
            const auto piece = std::span(*entries).subspan(
                from, std::min(resource_index::piece_rows, entries->size() - from));
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
                                 resource_index::clear(tx, number, resource_index::piece_rows));
                *is_empty = cleared == 0;
                return *is_empty ? resource_index::drop(tx, realm, number) : Result<void>();
            });
        if (!written) return std::unexpected(written.error());
    }
    return true;
}

}  // namespace postrider::store
