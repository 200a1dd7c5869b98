#include "directory/realm_index.h"

#include "base/check.h"

namespace postrider::directory {

std::optional<RealmIndex::Entry> RealmIndex::find(std::string_view name_or_id) const {
    std::shared_ptr<const Maps> maps;
    {
        MutexLock lock(mutex_);
        maps = maps_;
    }
    if (auto named = maps->by_name.find(name_or_id); named != maps->by_name.end()) {
        return maps->by_id.at(named->second);
    }
    const auto id = RealmId::parse(name_or_id);
    if (!id) return std::nullopt;
    const auto found = maps->by_id.find(*id);
    if (found == maps->by_id.end()) return std::nullopt;
    return found->second;
}

RealmId RealmIndex::master() const {
    const auto entry = find(master_name);
    CHECK(entry.has_value());
    return entry->id;
}

void RealmIndex::put(const Entry& entry) {
    MutexLock lock(mutex_);
    auto maps = std::make_shared<Maps>(*maps_);
    maps->by_name[entry.name] = entry.id;
    maps->by_id[entry.id] = entry;
    maps_ = std::move(maps);
}

void RealmIndex::replace(const std::vector<Entry>& entries) {
    auto maps = std::make_shared<Maps>();
    for (const Entry& entry : entries) {
        maps->by_name[entry.name] = entry.id;
        maps->by_id[entry.id] = entry;
    }
    MutexLock lock(mutex_);
    maps_ = std::move(maps);
}

void RealmIndex::remove(const RealmId& id) {
    MutexLock lock(mutex_);
    auto maps = std::make_shared<Maps>(*maps_);
    if (const auto found = maps->by_id.find(id); found != maps->by_id.end()) {
        // Another realm may have the name already: another node made it since.
        const auto named = maps->by_name.find(found->second.name);
        if (named != maps->by_name.end() && named->second == id) maps->by_name.erase(named);
        maps->by_id.erase(found);
    }
    maps_ = std::move(maps);
}

}  // namespace postrider::directory
