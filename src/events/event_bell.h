#pragma once

#include "model/ids.h"

namespace postrider::events {

/// Rung when events of a realm were committed; feed/ implements it for those who wait for them.
class EventBell {
 public:
    virtual ~EventBell() = default;
    /// Never waits. Thread-safety: the writer's thread.
    virtual void ring(const RealmId& realm) = 0;
};

}  // namespace postrider::events
