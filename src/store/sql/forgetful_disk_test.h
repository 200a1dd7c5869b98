#pragma once

#include <sqlite3.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace postrider::store::sql {

/// A disk that forgets: a SQLite VFS in front of the real one, which knows of every file what a
/// sync has made durable and what was written since. At a moment that was asked for it takes a
/// picture of what a power cut would leave: of each write since the last sync nothing, all, or some
/// of its sectors, whatever the order. Source: SQLite, "Atomic Commit In SQLite", section 2. It is
/// the default VFS while it lives. What is deleted is gone at once; memory maps are refused.
/// Thread-safety: any thread.
class ForgetfulDisk {
 public:
    /// Content by the path's end: "test.db", "test.db-wal".
    using Picture = std::map<std::string, std::string>;

    explicit ForgetfulDisk(std::uint64_t seed) : numbers_(seed) {
        CHECK(disk_ == nullptr);
        disk_ = this;
        real_ = sqlite3_vfs_find(nullptr);
        vfs_ = *real_;
        vfs_.zName = "forgetful";
        vfs_.pNext = nullptr;
        vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
        vfs_.xOpen = open;
        vfs_.xDelete = remove;
        CHECK(sqlite3_vfs_register(&vfs_, 1) == SQLITE_OK);
    }
    ~ForgetfulDisk() {
        sqlite3_vfs_unregister(&vfs_);
        sqlite3_vfs_register(real_, 1);
        disk_ = nullptr;
    }
    ForgetfulDisk(const ForgetfulDisk&) = delete;
    ForgetfulDisk& operator=(const ForgetfulDisk&) = delete;

    /// Takes the picture before the `steps`-th write, sync or truncation from now on; `at_once` is
    /// called with it, so that it sees what had happened until then.
    void cut_after(std::uint64_t steps, std::function<void()> at_once) {
        const std::lock_guard lock(mutex_);
        left_ = steps;
        at_cut_ = std::move(at_once);
        picture_.reset();
    }
    bool is_cut() {
        const std::lock_guard lock(mutex_);
        return picture_ != nullptr;
    }
    /// Requires: is_cut().
    Picture picture() {
        const std::lock_guard lock(mutex_);
        return *picture_;
    }
    /// Requires: no file is open.
    void forget_files() {
        const std::lock_guard lock(mutex_);
        mirrors_.clear();
    }
    /// Runs `work` so that no picture is taken meanwhile.
    template <typename Work>
    void outside_of_cuts(Work work) {
        const std::lock_guard lock(mutex_);
        work();
    }
    /// From now on syncs of files whose names end so do nothing: a disk that lies.
    void lie_about(std::string end) {
        const std::lock_guard lock(mutex_);
        lies_ = std::move(end);
    }

 private:
    static constexpr std::size_t sector = 512;
    struct Change {
        std::size_t offset = 0;
        std::string bytes;
        bool is_truncation = false;
    };
    struct Mirror {
        std::string durable;
        std::vector<Change> since;
    };
    struct File : sqlite3_file {
        std::string* path;
        Mirror* mirror;  // nullptr: of no interest
    };
    static File& own(sqlite3_file* file) { return *static_cast<File*>(file); }
    static sqlite3_file* real(sqlite3_file* file) {
        return reinterpret_cast<sqlite3_file*>(static_cast<File*>(file) + 1);
    }

    static void apply(const Change& change, std::string& content) {
        if (change.is_truncation) return content.resize(change.offset);
        if (content.size() < change.offset + change.bytes.size()) {
            content.resize(change.offset + change.bytes.size());
        }
        content.replace(change.offset, change.bytes.size(), change.bytes);
    }

    /// One way of what a power cut leaves.
    std::string left_of(const Mirror& mirror) {
        enum { nothing, all, whole_writes, sectors };
        const auto how = numbers_() % 4;
        std::string content = mirror.durable;
        for (const Change& change : mirror.since) {
            const bool is_kept = how == all || numbers_() % 2 == 0;
            if (how == nothing || (how != sectors && !is_kept)) continue;
            if (how != sectors || change.is_truncation) {
                apply(change, content);
                continue;
            }
            for (std::size_t at = 0; at < change.bytes.size(); at += sector) {
                if (numbers_() % 2 == 0) continue;
                apply({change.offset + at, change.bytes.substr(at, sector), false}, content);
            }
        }
        return content;
    }

    /// Before each change. Requires: the lock.
    void step() {
        if (left_ == 0 || --left_ > 0) return;
        picture_ = std::make_unique<Picture>();
        for (const auto& [path, mirror] : mirrors_) {
            (*picture_)[path.substr(path.rfind('/') + 1)] = left_of(*mirror);
        }
        at_cut_();
    }

    static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out) {
        const int code = disk_->real_->xOpen(disk_->real_, path, real(file), flags, out);
        File& made = own(file);
        made.pMethods = real(file)->pMethods == nullptr ? nullptr : methods();
        made.path = nullptr;
        made.mirror = nullptr;
        constexpr int watched = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
        if (code != SQLITE_OK || (flags & watched) == 0) return code;
        made.path = new std::string(path);
        const std::lock_guard lock(disk_->mutex_);
        auto& mirror = disk_->mirrors_[path];
        if (mirror == nullptr) {
            mirror = std::make_unique<Mirror>();
            sqlite3_int64 size = 0;
            CHECK(real(file)->pMethods->xFileSize(real(file), &size) == SQLITE_OK);
            mirror->durable.resize(static_cast<std::size_t>(size));
            if (size > 0) {
                CHECK(real(file)->pMethods->xRead(real(file), mirror->durable.data(),
                                                  static_cast<int>(size), 0) == SQLITE_OK);
            }
        }
        made.mirror = mirror.get();
        return code;
    }
    static int remove(sqlite3_vfs*, const char* path, int sync) {
        const std::lock_guard lock(disk_->mutex_);
        if (const auto found = disk_->mirrors_.find(path); found != disk_->mirrors_.end()) {
            disk_->step();
            // A connection may have it open still.
            found->second->durable.clear();
            found->second->since.clear();
        }
        return disk_->real_->xDelete(disk_->real_, path, sync);
    }
    static int close(sqlite3_file* file) {
        delete own(file).path;
        return real(file)->pMethods->xClose(real(file));
    }
    static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
        const std::lock_guard lock(disk_->mutex_);
        if (Mirror* mirror = own(file).mirror) {
            disk_->step();
            mirror->since.push_back(
                {static_cast<std::size_t>(offset),
                 {static_cast<const char*>(bytes), static_cast<std::size_t>(size)},
                 false});
        }
        return real(file)->pMethods->xWrite(real(file), bytes, size, offset);
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        const std::lock_guard lock(disk_->mutex_);
        if (Mirror* mirror = own(file).mirror) {
            disk_->step();
            mirror->since.push_back({static_cast<std::size_t>(size), {}, true});
        }
        return real(file)->pMethods->xTruncate(real(file), size);
    }
    static int sync(sqlite3_file* file, int) {
        const std::lock_guard lock(disk_->mutex_);
        Mirror* mirror = own(file).mirror;
        if (mirror == nullptr) return SQLITE_OK;
        disk_->step();
        if (!disk_->lies_.empty() && own(file).path->ends_with(disk_->lies_)) return SQLITE_OK;
        for (const Change& change : mirror->since) apply(change, mirror->durable);
        mirror->since.clear();
        return SQLITE_OK;  // the real disk need not hurry
    }
    static int refuse_map(sqlite3_file*, sqlite3_int64, int, void** page) {
        *page = nullptr;
        return SQLITE_OK;
    }

    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods made = [] {
            sqlite3_io_methods own_methods{};
            own_methods.iVersion = 3;
            own_methods.xClose = close;
            own_methods.xRead = [](sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
                return real(f)->pMethods->xRead(real(f), to, size, at);
            };
            own_methods.xWrite = write;
            own_methods.xTruncate = truncate;
            own_methods.xSync = sync;
            own_methods.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
                return real(f)->pMethods->xFileSize(real(f), size);
            };
            own_methods.xLock = [](sqlite3_file* f, int how) {
                return real(f)->pMethods->xLock(real(f), how);
            };
            own_methods.xUnlock = [](sqlite3_file* f, int how) {
                return real(f)->pMethods->xUnlock(real(f), how);
            };
            own_methods.xCheckReservedLock = [](sqlite3_file* f, int* is) {
                return real(f)->pMethods->xCheckReservedLock(real(f), is);
            };
            own_methods.xFileControl = [](sqlite3_file* f, int what, void* with) {
                return real(f)->pMethods->xFileControl(real(f), what, with);
            };
            own_methods.xSectorSize = [](sqlite3_file*) { return static_cast<int>(sector); };
            own_methods.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
            own_methods.xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                                     void volatile** to) {
                return real(f)->pMethods->xShmMap(real(f), page, size, extend, to);
            };
            own_methods.xShmLock = [](sqlite3_file* f, int at, int count, int flags) {
                return real(f)->pMethods->xShmLock(real(f), at, count, flags);
            };
            own_methods.xShmBarrier = [](sqlite3_file* f) {
                real(f)->pMethods->xShmBarrier(real(f));
            };
            own_methods.xShmUnmap = [](sqlite3_file* f, int remove_it) {
                return real(f)->pMethods->xShmUnmap(real(f), remove_it);
            };
            own_methods.xFetch = [](sqlite3_file* f, sqlite3_int64 at, int size, void** page) {
                return refuse_map(f, at, size, page);
            };
            own_methods.xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; };
            return own_methods;
        }();
        return &made;
    }

    static inline ForgetfulDisk* disk_ = nullptr;
    sqlite3_vfs* real_ = nullptr;
    sqlite3_vfs vfs_{};
    std::mutex mutex_;
    std::mt19937_64 numbers_;
    std::map<std::string, std::unique_ptr<Mirror>> mirrors_;
    std::uint64_t left_ = 0;
    std::function<void()> at_cut_;
    std::unique_ptr<Picture> picture_;
    std::string lies_;
};

}  // namespace postrider::store::sql
