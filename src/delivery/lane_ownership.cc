#include "delivery/lane_ownership.h"

#include <unordered_map>
#include <utility>

namespace postrider::delivery {
namespace {

class EveryLane final : public LaneOwnership {
 public:
    bool may_attempt(Monotonic) const override { return true; }
    bool has(const WebhookId&) const override { return true; }
    std::int64_t epoch(const WebhookId&) const override { return 0; }
    void began(const WebhookId&) override {}
    void ended(const WebhookId&) override {}
    void tell_owner(const WebhookId&) override {}
    void lost() override {}
    Change own(const std::vector<store::OwnedLane>&) override { return {}; }
    std::vector<WebhookId> release(const std::vector<store::OwnedLane>&) override { return {}; }
    void lease(Monotonic) override {}
};

class GivenLanes final : public LaneOwnership {
 public:
    explicit GivenLanes(const Ownership& cluster) : cluster_(cluster) {}

    bool may_attempt(Monotonic now) const override { return now < lease_until_; }
    bool has(const WebhookId& webhook) const override {
        const auto found = lanes_.find(webhook);
        return found != lanes_.end() && !found->second.is_releasing;
    }
    std::int64_t epoch(const WebhookId& webhook) const override {
        const auto found = lanes_.find(webhook);
        return found == lanes_.end() ? 0 : found->second.lane.epoch;
    }

    void began(const WebhookId& webhook) override {
        if (const auto found = lanes_.find(webhook); found != lanes_.end()) {
            ++found->second.unrecorded;
        }
    }
    void ended(const WebhookId& webhook) override {
        const auto found = lanes_.find(webhook);
        if (found == lanes_.end() || found->second.unrecorded == 0) return;
        if (--found->second.unrecorded == 0 && found->second.is_releasing) {
            cluster_.released(found->second.lane);
        }
    }
    void tell_owner(const WebhookId& webhook) override { cluster_.elsewhere(webhook); }
    void lost() override { cluster_.lost(); }

    Change own(const std::vector<store::OwnedLane>& lanes) override {
        Change change;
        std::unordered_map<WebhookId, Given> next;
        for (const auto& lane : lanes) {
            const auto known = lanes_.find(lane.webhook);
            if (known != lanes_.end() && known->second.lane.epoch == lane.epoch) {
                next.insert(lanes_.extract(known));
                continue;
            }
            next[lane.webhook] = {.lane = lane};
            change.come.push_back(lane);
        }
        for (const auto& [webhook, lost] : lanes_) change.gone.push_back(webhook);
        lanes_ = std::move(next);
        return change;
    }

    std::vector<WebhookId> release(const std::vector<store::OwnedLane>& lanes) override {
        std::vector<WebhookId> stopping;
        for (const auto& lane : lanes) {
            const auto found = lanes_.find(lane.webhook);
            if (found == lanes_.end() || found->second.lane.epoch != lane.epoch) continue;
            found->second.is_releasing = true;
            stopping.push_back(lane.webhook);
            if (found->second.unrecorded == 0) cluster_.released(lane);
        }
        return stopping;
    }

    void lease(Monotonic until) override { lease_until_ = until; }

 private:
    struct Given {
        store::OwnedLane lane;
        std::size_t unrecorded = 0;  ///< attempts in flight, or whose outcome is not stored yet
        bool is_releasing = false;
    };

    const Ownership& cluster_;
    std::unordered_map<WebhookId, Given> lanes_;
    Monotonic lease_until_{};
};

}  // namespace

std::unique_ptr<LaneOwnership> make_lane_ownership(const Ownership* cluster) {
    if (cluster == nullptr) return std::make_unique<EveryLane>();
    return std::make_unique<GivenLanes>(*cluster);
}

}  // namespace postrider::delivery
