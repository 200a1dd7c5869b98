#pragma once

#include "model/ids.h"
#include "store/store.h"

namespace postrider::store {

/// The store as a request in one realm uses it: every transaction first asks again whether the
/// realm is still there. The gate asked before, but a deletion may have been committed since.
/// A write that finds its realm also keeps it from being deleted until the transaction ends.
/// A value: copy it into what runs later. Thread-safety: any thread.
/// Lifetime: the store outlives it.
/// Errors: of every call also not_found (the realm is deleted, or never was).
class RealmStore {
 public:
    RealmStore(Store& store, const RealmId& realm) : store_(&store), realm_(realm) {}

    void write(WriteClass write_class, Closure closure, Done done) const;
    void read(Store::Reader reader) const;
    /// Requires: the work is of this realm. The publish handler asks for the realm itself.
    void publish(PublishWork work) const;

 private:
    Store* store_;
    RealmId realm_;
};

}  // namespace postrider::store
