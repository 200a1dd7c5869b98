#pragma once

#include <string>
#include <utility>

#include "model/ids.h"
#include "store/store.h"

namespace postrider::store {

/// The store as a request in one realm uses it: every transaction first asks again whether the
/// realm is still there. The gate asked before, but a deletion may have been committed since.
/// A write that finds its realm also keeps it from being deleted until the transaction ends.
/// It also says whose turn they are (turns.h), and in which class the writes go.
/// A value: copy it into what runs later. Thread-safety: any thread.
/// Lifetime: the store outlives it.
/// Errors: of every call also not_found (the realm is deleted, or never was).
class RealmStore {
 public:
    /// `trace`: that the request belongs to (model/trace.h), and so what it publishes.
    RealmStore(Store& store, const Turn& turn, WriteClass write_class = WriteClass::ordinary,
               std::string trace = {})
        : store_(&store), turn_(turn), write_class_(write_class), trace_(std::move(trace)) {}

    /// The same, for what goes on while the disk is full.
    RealmStore essential() const { return {*store_, turn_, WriteClass::essential, trace_}; }
    const std::string& trace() const { return trace_; }
    void write(Closure closure, Done done) const;
    void read(ReadClass read_class, Store::Reader reader) const;
    /// Requires: the work is of this realm. The publish handler asks for the realm itself.
    void publish(PublishWork work) const;

 private:
    Store* store_;
    Turn turn_;
    WriteClass write_class_;
    std::string trace_;
};

/// As the ones of store.h.
template <typename T, typename F, typename D>
void write(const RealmStore& store, F closure, D done) {
    write_value<T>(
        [&store](Closure run, Done tell) { store.write(std::move(run), std::move(tell)); },
        std::move(closure), std::move(done));
}
template <typename T, typename F, typename D>
void read(const RealmStore& store, F reader, D done, ReadClass read_class = ReadClass::ordinary) {
    store.read(read_class, read_value<T>(std::move(reader), std::move(done)));
}

}  // namespace postrider::store
