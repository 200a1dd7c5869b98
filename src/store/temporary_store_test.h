#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/random.h"
#include "store/sql/sqlite_connection.h"
#include "store/sqlite_store.h"
#include "store/tables.h"

namespace postrider::store {

/// A real store in a folder of its own, for tests; gone with the object.
class TemporaryStore {
 public:
    TemporaryStore() {
        char pattern[] = "/tmp/postrider-test-XXXXXX";
        CHECK(mkdtemp(pattern) != nullptr);
        folder_ = pattern;
        open();
    }
    ~TemporaryStore() {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    TemporaryStore(const TemporaryStore&) = delete;
    TemporaryStore& operator=(const TemporaryStore&) = delete;

    /// As after a restart of the server.
    void reopen() {
        store_.reset();
        open();
    }
    /// Works on the file of the stopped store, then opens it again.
    template <typename Work>
    void with_file(Work work) {
        store_.reset();
        auto sql =
            sql::SqliteConnection::open(folder_ + "/test.db", sql::SqliteConnection::Mode::writer);
        CHECK(sql.has_value());
        work(**sql);
        sql->reset();
        open();
    }
    Store& operator*() { return *store_; }
    Store* operator->() { return store_.get(); }
    const std::string& folder() const { return folder_; }

    SystemClock clock;
    SystemRandom random;

 private:
    void open() {
        auto opened = open_sqlite({.path = folder_ + "/test.db"}, clock, random);
        CHECK(opened.has_value());
        store_ = std::move(*opened);
    }

    std::string folder_;
    std::unique_ptr<Store> store_;
};

/// A realm with default settings.
inline Result<RealmId> insert_realm(Transaction& tx, std::string name) {
    const RealmRow row{.id = tx.mint_id<RealmId>(),
                       .name = std::move(name),
                       .display_name = {},
                       .settings = "{}",
                       .created_at = tx.now(),
                       .updated_at = tx.now()};
    POSTRIDER_TRY(realms_table::insert(tx, row));
    return row.id;
}

}  // namespace postrider::store
