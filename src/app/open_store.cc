#include "app/open_store.h"

#include "store/postgresql_store.h"
#include "store/sqlite_store.h"

namespace postrider::app {

Result<std::unique_ptr<store::Store>> open_store(const config::Config& config, StoreUse use,
                                                 store::CommitObserver committed,
                                                 const Clock& clock, Random& random) {
    if (!config.database_url.empty()) {
        return store::open_postgresql(
            {.url = config.database_url,
             .node_file = use == StoreUse::serving ? config.data + "/node" : "",
             .is_alone = use == StoreUse::maintenance,
             .committed = std::move(committed)},
            clock, random);
    }
    return store::open_sqlite({.path = config.database_path,
                               .reserve_bytes = config.disk_reserve_bytes,
                               .committed = std::move(committed)},
                              clock, random);
}

}  // namespace postrider::app
