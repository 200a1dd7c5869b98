#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace postrider {

/// A queue in which everybody has a turn, whatever the others have queued: first the groups, then
/// the members of a group, each in proportion to what its items cost. Who has had least is next;
/// who comes new begins level with who has had least, and gains nothing by having been away.
/// Thread-safety: one thread.
template <typename Item>
class Turns {
 public:
    void push(const std::string& group, const std::string& member, std::uint64_t cost, Item item) {
        auto [place, is_new] = groups_.try_emplace(group);
        if (is_new) place->second.had = had_;
        Group& to = place->second;
        auto [member_place, is_new_member] = to.members.try_emplace(member);
        if (is_new_member) member_place->second.had = to.members_had;
        member_place->second.items.push_back({cost, std::move(item)});
        ++size_;
    }

    /// The next item; nullopt: there is none.
    std::optional<Item> pop() {
        if (groups_.empty()) return std::nullopt;
        const auto group = least(groups_);
        had_ = group->second.had;
        auto& members = group->second.members;
        const auto member = least(members);
        group->second.members_had = member->second.had;
        auto [cost, item] = std::move(member->second.items.front());
        member->second.items.pop_front();
        member->second.had += cost;
        group->second.had += cost;
        if (member->second.items.empty()) members.erase(member);
        if (members.empty()) groups_.erase(group);
        --size_;
        return std::move(item);
    }

    std::size_t size() const { return size_; }

 private:
    struct Queued {
        std::uint64_t cost;
        Item item;
    };
    struct Member {
        std::uint64_t had = 0;
        std::deque<Queued> items;
    };
    struct Group {
        std::uint64_t had = 0;
        std::uint64_t members_had = 0;
        std::map<std::string, Member> members;
    };

    template <typename Map>
    static typename Map::iterator least(Map& map) {
        return std::ranges::min_element(
            map, [](const auto& a, const auto& b) { return a.second.had < b.second.had; });
    }

    std::map<std::string, Group> groups_;
    std::uint64_t had_ = 0;
    std::size_t size_ = 0;
};

}  // namespace postrider
