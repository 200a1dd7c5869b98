#include "app/open_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/postgresql_store.h"
#include "store/sqlite_store.h"

namespace postrider::app {
namespace {

/// The key file in the data folder is made after the database. Where it is alone the database has
/// been lost, or another disk is mounted: a new, empty server is not what anybody wants.
Result<void> check_present(const config::Config& config) {
    const std::string made_here = config.data + "/key";
    std::error_code ignored;
    if (config.key_file != made_here || !std::filesystem::exists(made_here, ignored) ||
        std::filesystem::exists(config.database_path, ignored)) {
        return {};
    }
    return fail(ErrorCode::unavailable,
                fmt::format("the database {} is missing, but the key of one is there ({}): put the "
                            "database back or restore a backup; to begin with an empty server, "
                            "move the key file away first",
                            config.database_path, made_here));
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(const config::Config& config, StoreUse use,
                                                 store::CommitObserver committed,
                                                 const Clock& clock, Random& random,
                                                 store::EventNews* news) {
    if (!config.database_url.empty()) {
        return store::open_postgresql(
            {.url = config.database_url,
             .node_file = use == StoreUse::serving ? config.data + "/node" : "",
             .is_alone = use == StoreUse::maintenance,
             .committed = std::move(committed),
             .news = news},
            clock, random);
    }
    if (use == StoreUse::serving) POSTRIDER_TRY(check_present(config));
    return store::open_sqlite({.path = config.database_path,
                               .reserve_bytes = config.disk_reserve_bytes,
                               .committed = std::move(committed)},
                              clock, random);
}

}  // namespace postrider::app
