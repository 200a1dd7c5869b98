#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "model/ids.h"

namespace postrider::directory {

inline constexpr std::string_view master_name = "master";

/// The committed realms by name and by id, for every request's {realm}. Changed after the commit of
/// each change. Thread-safety: any thread.
class RealmIndex {
 public:
    struct Entry {
        RealmId id;
        std::string name;
        Duration kept{0};  ///< for which it keeps its log
    };
    /// `name_or_id` as it stands in a path. nullopt: there is no such realm.
    std::optional<Entry> find(std::string_view name_or_id) const;
    /// Requires: the directory has started.
    RealmId master() const;
    void put(const Entry& entry);
    void remove(const RealmId& id);
    /// In place of all that was known.
    void replace(const std::vector<Entry>& entries);

 private:
    struct Maps {
        std::map<std::string, RealmId, std::less<>> by_name;
        std::unordered_map<RealmId, Entry> by_id;
    };
    mutable Mutex mutex_;
    std::shared_ptr<const Maps> maps_ GUARDED_BY(mutex_) = std::make_shared<const Maps>();
};

}  // namespace postrider::directory
