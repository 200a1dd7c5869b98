#include "store/realm_store.h"

#include "base/check.h"
#include "store/tables.h"

namespace postrider::store {

void RealmStore::write(WriteClass write_class, Closure closure, Done done) const {
    store_->write(
        write_class,
        [realm = realm_, closure = std::move(closure)](Transaction& tx) -> Result<void> {
            POSTRIDER_TRY(realms_table::hold_config_version(tx, realm));
            return closure(tx);
        },
        std::move(done));
}

void RealmStore::read(Store::Reader reader) const {
    store_->read([realm = realm_, reader = std::move(reader)](Result<Snapshot*> snapshot) {
        if (!snapshot) return reader(std::move(snapshot));
        auto there = realms_table::config_version((*snapshot)->sql(), realm);
        if (!there) return reader(std::unexpected(std::move(there).error()));
        reader(std::move(snapshot));
    });
}

void RealmStore::publish(PublishWork work) const {
    CHECK(work.realm == realm_);
    store_->publish(std::move(work));
}

}  // namespace postrider::store
