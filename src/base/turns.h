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
    /// `blame`: of groups that have as much waiting, who has more of it gives way first.
    void push(const std::string& group, const std::string& member, std::uint64_t cost, Item item,
              std::uint64_t blame = 0) {
        auto [place, is_new] = groups_.try_emplace(group);
        if (is_new) place->second.had = had_;
        Group& to = place->second;
        to.blame = blame;
        ++to.size;
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
        forget_empty(group, member);
        return std::move(item);
    }

    /// Makes room for one more of this group and member: takes out the newest item of the group
    /// that has most waiting, and in it of the member who has. nullopt: that would be the one that
    /// comes, so nobody gives way. Who has few waiting gets in, however many the others are.
    std::optional<Item> push_out(const std::string& group, const std::string& member,
                                 std::uint64_t blame = 0) {
        if (groups_.empty()) return std::nullopt;
        const auto own = groups_.find(group);
        const std::pair weight{(own == groups_.end() ? 0 : own->second.size) + 1, blame};
        auto from = std::ranges::max_element(groups_, {}, weight_of);
        if (from == own || weight_of(*from) <= weight) from = own;
        if (from == groups_.end()) return std::nullopt;
        const auto most = heaviest(from->second.members);
        if (from == own) {
            const auto known = own->second.members.find(member);
            const bool is_member = known != own->second.members.end();
            const std::size_t mine = is_member ? known->second.items.size() : 0;
            if (most->second.items.size() <= mine + 1) return std::nullopt;
        }
        return take_newest(from, most);
    }
    /// The same for somebody who does not wait here. nullopt: nobody does.
    std::optional<Item> push_out() {
        if (groups_.empty()) return std::nullopt;
        const auto from = std::ranges::max_element(groups_, {}, weight_of);
        return take_newest(from, heaviest(from->second.members));
    }

    /// Takes out, of all that wait, the one of which `weight(item)` is greatest.
    template <typename Weight>
    std::optional<Item> take_heaviest(Weight weight) {
        if (groups_.empty()) return std::nullopt;
        struct Place {
            typename Groups::iterator group;
            typename Members::iterator member;
            typename std::deque<Queued>::iterator item;
        };
        std::optional<Place> most;
        for (auto group = groups_.begin(); group != groups_.end(); ++group) {
            auto& members = group->second.members;
            for (auto member = members.begin(); member != members.end(); ++member) {
                auto& items = member->second.items;
                for (auto item = items.begin(); item != items.end(); ++item) {
                    if (most && weight(item->item) <= weight(most->item->item)) continue;
                    most.emplace(group, member, item);
                }
            }
        }
        Item item = std::move(most->item->item);
        most->member->second.items.erase(most->item);
        forget_empty(most->group, most->member);
        return item;
    }
    void for_each(const auto& visit) const {
        for (const auto& [group_name, group] : groups_) {
            for (const auto& [member_name, member] : group.members) {
                for (const Queued& queued : member.items) visit(queued.item);
            }
        }
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
    using Members = std::map<std::string, Member>;
    struct Group {
        std::uint64_t had = 0;
        std::uint64_t members_had = 0;
        std::uint64_t blame = 0;
        std::size_t size = 0;
        Members members;
    };
    using Groups = std::map<std::string, Group>;

    static std::pair<std::size_t, std::uint64_t> weight_of(
        const typename Groups::value_type& entry) {
        return {entry.second.size, entry.second.blame};
    }

    static typename Members::iterator heaviest(Members& members) {
        return std::ranges::max_element(
            members, {}, [](const auto& entry) { return entry.second.items.size(); });
    }

    Item take_newest(typename Groups::iterator group, typename Members::iterator member) {
        Item item = std::move(member->second.items.back().item);
        member->second.items.pop_back();
        forget_empty(group, member);
        return item;
    }

    /// After an item of it went.
    void forget_empty(typename Groups::iterator group, typename Members::iterator member) {
        if (member->second.items.empty()) group->second.members.erase(member);
        if (--group->second.size == 0) groups_.erase(group);
        --size_;
    }

    template <typename Map>
    static typename Map::iterator least(Map& map) {
        return std::ranges::min_element(
            map, [](const auto& a, const auto& b) { return a.second.had < b.second.had; });
    }

    Groups groups_;
    std::uint64_t had_ = 0;
    std::size_t size_ = 0;
};

}  // namespace postrider
