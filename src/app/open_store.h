#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "config/config.h"
#include "store/event_news.h"
#include "store/store.h"

namespace postrider::app {

enum class StoreUse {
    serving,      ///< as one of the nodes that may share it
    maintenance,  ///< nobody else may use it meanwhile
};

/// The store that the configuration names. `news` outlives it. Errors: one sentence.
Result<std::unique_ptr<store::Store>> open_store(const config::Config& config, StoreUse use,
                                                 store::CommitObserver committed,
                                                 const Clock& clock, Random& random,
                                                 store::EventNews* news = nullptr);

}  // namespace postrider::app
