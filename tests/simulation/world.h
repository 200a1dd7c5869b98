#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "simulation/model_store.h"

namespace postrider::simulation {

inline const RealmId realm_of_all{Uuid{{1}}};
const webhooks::Target& target();

template <typename Id>
std::uint64_t number_of(const Id& id) {
    std::uint64_t number = 0;
    for (int i = 8; i < 16; ++i) number = number << 8 | id.uuid.bytes[i];
    return number;
}

/// A rule that does not hold. Its text ends with the last steps.
struct Broken {
    std::string what;
};

/// Deliveries from publishing to their end, on three nodes, in a time of its own: the scheduler
/// with its lanes, backlogs and admission is the product's, and so is what an attempt comes to;
/// store, receivers, threads and the engine's loop are played. Everything that may come in another
/// order comes in the order that the seed decides: commits, reads and their answers, attempts,
/// crashes, take-overs. First whatever can go wrong does; then nothing does any more, and all must
/// come to its end. Throws Broken.
class World {
 public:
    explicit World(std::uint64_t seed);
    void run();

    struct Counts {
        std::size_t steps = 0, attempts = 0, delivered = 0, crashes = 0, take_overs = 0;
    };
    const Counts& counts() const { return counts_; }

 private:
    struct Receiver {
        double fails = 0, times_out = 0, refuses = 0;  ///< of its attempts, the share
        Duration slowest{0};
    };
    /// Of a webhook, over all nodes.
    struct Asked {
        delivery::admission::Policy policy;
        Receiver receiver;
        std::optional<delivery::admission::Policy::RateLimit> rate;  ///< that `starts` kept to
        std::deque<Timestamp> starts;
    };
    /// A lane that a node has, as it knows it.
    struct Known {
        std::int64_t epoch = 0;
        delivery::admission::Policy policy;
        bool is_enabled = true;
        std::size_t in_flight = 0, probes = 0;
    };
    struct Node {
        std::size_t number = 0;
        std::uint64_t life = 0;  ///< which run of its process; a task for another is dropped
        bool is_up = false;
        bool is_frozen = false;  ///< its lease has run out
        std::unique_ptr<delivery::Scheduler> scheduler;
        std::map<WebhookId, Known> lanes;
        std::map<WebhookId, std::size_t> giving_up;  ///< lanes that go, with who gets them
        std::deque<std::function<void()>> inbox;
        /// By the epoch of its lane; until the outcome is recorded.
        std::map<std::pair<DeliveryId, std::int64_t>, WebhookId> in_flight;
        std::set<DeliveryId> ended;  ///< that it knows to be final
        std::vector<delivery::Outcome> outcomes;
        bool is_recording = false;
        Timestamp writer_free{};  ///< its commits come one after the other
        Timestamp told_until{};   ///< and so is what they tell
        std::uint64_t timer = 0;
    };
    using Task = std::function<void()>;

    // The played machine.
    void at(Timestamp when, Task task);
    void on(Node& node, Timestamp when, Task task);
    void tell(Node& node, Task message);
    void tell_of_commit(Node& node, Task message);
    void write(Node& node, Task change);
    Duration some(Duration at_most) {
        return Duration{
            static_cast<std::int64_t>(random_.unit() * static_cast<double>(at_most.count()))};
    }
    bool chance(double share) { return random_.unit() < share; }
    std::size_t any(std::size_t count) {
        return static_cast<std::size_t>(random_.unit() * static_cast<double>(count)) % count;
    }
    void note(std::string step);
    void check(bool holds, const std::string& rule);

    // The engine's loop, as delivery/engine.cc has it.
    void start(Node& node);
    void crash(Node& node);
    void tick(Node& node);
    void set_timer(Node& node);
    void read(Node& node, const delivery::Scheduler::Refill& refill);
    void attempt(Node& node, delivery::Held held);
    void end_attempt(Node& node, const delivery::Held& held, std::int64_t epoch,
                     Timestamp started_at);
    void record(Node& node);
    void sweep(Node& node);
    void give_up(Node& node, const WebhookId& webhook);
    void adopt_policy(const WebhookId& webhook, Known& known);
    void recorded(Node& node, const std::vector<delivery::Outcome>& outcomes,
                  const std::vector<ModelStore::Recorded>& what, store::CommitNumber commit,
                  Timestamp at);
    void add_lane(Node& node, const WebhookId& webhook, bool is_taken_over);
    void give_lane(const WebhookId& webhook, Node& to);
    void take_lanes_of(const Node& gone);
    void tell_changed(const WebhookId& webhook, std::function<void(Node&, Known&)> change);

    // What happens to it.
    void happen();
    void publish();
    void disturb_a_webhook();
    void disturb_a_node();
    void change_controls(const WebhookId& webhook);
    void turn_on_or_off(const WebhookId& webhook, Node& node);
    void want_one_now(Node& node);
    void release(const WebhookId& webhook);
    /// Each limit with the chance of `share`.
    delivery::admission::Policy some_policy(double share);
    void calm_down();
    void check_attempt(Node& node, const delivery::Held& held, const Known& lane);
    void check_end() const;
    Node& owner(const WebhookId& webhook) { return nodes_.at(store_.webhook(webhook).owner); }
    std::string history() const;

    SeededRandom random_;
    Timestamp now_;
    ModelStore store_;
    std::vector<Node> nodes_;
    std::vector<WebhookId> webhooks_;
    std::map<WebhookId, Asked> asked_;
    std::multimap<Timestamp, Task> agenda_;
    std::deque<std::string> last_steps_;
    std::uint64_t ids_ = 0;
    std::size_t attempts_in_flight_max_ = 0;
    std::size_t to_publish_ = 0;
    bool is_calm_ = false;
    Counts counts_;
};

}  // namespace postrider::simulation
