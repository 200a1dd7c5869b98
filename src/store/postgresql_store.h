#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "store/event_news.h"
#include "store/store.h"

namespace postrider::store {

struct PostgresqlOptions {
    std::string url;        ///< postgresql://…; may have a password: never shown
    std::string node_file;  ///< says which node this data folder's was last
    bool is_alone = false;  ///< for maintenance: no node may be there, and none can come
    /// Called on a writer's thread; must not block.
    CommitObserver committed = nullptr;
    /// Where nodes tell each other of events; outlives the store.
    EventNews* news = nullptr;
};

/// Opens (and makes, and migrates) the store in a PostgreSQL database, and starts its threads.
/// The database may go and come back while it runs: writes and reads are refused with `unavailable`
/// at once, outcomes wait until they can be written. docs/decisions/0010, 0012.
/// Errors: unavailable, one sentence each with the host: it is not reachable, the password is
/// wrong, a right is missing, the server is too old, the schema is newer than this binary.
/// invalid_argument: the URL cannot be read.
Result<std::unique_ptr<Store>> open_postgresql(PostgresqlOptions options, const Clock& clock,
                                               Random& random);

}  // namespace postrider::store
