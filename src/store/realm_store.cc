#include "store/realm_store.h"

#include "base/check.h"
#include "store/tables.h"

namespace postrider::store {

void RealmStore::write(Closure closure, Done done) const {
    store_->write(
        turn_, write_class_,
        [realm = turn_.realm, trace = trace_,
         closure = std::move(closure)](Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(realms_table::hold_config_version(tx, realm));
            tx.set_trace(trace);
            auto result = closure(tx);
            tx.set_trace({});
            return result;
        },
        std::move(done));
}

void RealmStore::read(ReadClass read_class, Store::Reader reader) const {
    store_->read(turn_, read_class,
                 [realm = turn_.realm, reader = std::move(reader)](Result<Snapshot*> snapshot) {
                     if (!snapshot) return reader(std::move(snapshot));
                     auto there = realms_table::config_version((*snapshot)->sql(), realm);
                     if (there) return reader(std::move(snapshot));
                     if (!(*snapshot)->runs_again())
                         reader(std::unexpected(std::move(there).error()));
                 });
}

void RealmStore::publish(PublishWork work) const {
    CHECK(work.realm == turn_.realm);
    work.who = turn_.who;
    work.trace = trace_;
    store_->publish(std::move(work));
}

}  // namespace postrider::store
