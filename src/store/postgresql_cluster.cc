#include "store/postgresql_cluster.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/encoding.h"
#include "model/limits.h"
#include "store/lane_placement.h"
#include "store/last_commit.h"
#include "store/postgresql_schema.h"
#include "telemetry/log.h"

namespace postrider::store {
namespace {

using sql::Blob;
using sql::PostgresqlConnection;
using sql::Query;

// $2 and the like are microseconds; who is live is decided by the database's clock alone.
#define IS_LIVE(lease) "heartbeat_at > clock_timestamp() - " lease " * interval '1 microsecond'"

std::string hex(const Uuid& id) { return hex_encode(id.view()); }

std::optional<Uuid> parse_hex(std::string_view text) {
    const auto bytes = hex_decode(text);
    if (!bytes || bytes->size() != 16) return std::nullopt;
    return Uuid::from_bytes(*bytes);
}

/// The part of `text` before `separator`, which it loses.
std::string_view take_word(std::string_view& text, char separator) {
    const auto end = std::min(text.find(separator), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

NodeRole parse_role(std::string_view text) {
    if (text == "api") return NodeRole::api;
    return text == "deliver" ? NodeRole::deliver : NodeRole::all;
}

/// Ownership is on stable storage before anybody acts on it; hints need not be.
template <typename F>
Result<void> durably(PostgresqlConnection& sql, F what) {
    POSTRIDER_TRY(sql.execute("BEGIN; SET LOCAL synchronous_commit = on"));
    Result<void> done = what();
    if (done) return sql.execute("COMMIT");
    (void)sql.execute("ROLLBACK");
    return done;
}

}  // namespace

std::string_view to_string(NodeRole role) {
    switch (role) {
        case NodeRole::all:
            return "all";
        case NodeRole::api:
            return "api";
        case NodeRole::deliver:
            return "deliver";
    }
    CHECK(false);
}

PostgresqlCluster::PostgresqlCluster(PostgresqlLink link, std::string channel, const Uuid& node,
                                     CommitOrder& order, const Clock& clock, Ids ids)
    : link_(std::move(link)),
      node_(node),
      order_(order),
      clock_(clock),
      ids_(std::move(ids)),
      channel_(std::move(channel)),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    CHECK(wake_fd_ >= 0);
}

PostgresqlCluster::~PostgresqlCluster() {
    leave();
    ::close(wake_fd_);
}

Result<void> PostgresqlCluster::join(ClusterListener& listener, NodeRole role,
                                     std::string address) {
    listener_ = &listener;
    role_ = role;
    address_ = std::move(address);
    thread_ = std::thread([this] { run(); });
    const auto deadline = clock_.monotonic() + limits::node_join_max;
    MutexLock lock(mutex_);
    while (!is_joined_ && clock_.monotonic() < deadline) joined_changed_.wait_for(mutex_, 100ms);
    if (is_joined_) return {};
    return fail(ErrorCode::unavailable,
                last_error_.message.empty()
                    ? "this node could not join the others of its database in time; start it again"
                    : last_error_.message);
}

void PostgresqlCluster::retire() {
    const MutexLock lock(mutex_);
    mail_.retire = true;
    wake();
}

void PostgresqlCluster::leave() {
    if (!thread_.joinable()) return;
    {
        const MutexLock lock(mutex_);
        mail_.stop = true;
        wake();
    }
    thread_.join();
    answered_at_ = Monotonic{};
}

void PostgresqlCluster::hint(const WebhookId& webhook) {
    const MutexLock lock(mutex_);
    if (mail_.hints.insert(webhook).second) wake();
}

void PostgresqlCluster::released(const OwnedLane& lane) {
    const MutexLock lock(mutex_);
    mail_.released.push_back(lane);
    wake();
}

void PostgresqlCluster::lane_lost() {
    const MutexLock lock(mutex_);
    mail_.look_at_lanes = true;
    wake();
}

CommitNumber PostgresqlCluster::mark() {
    const CommitNumber number = order_.begin();
    order_.end(number);
    return number;
}

Cluster::Counts PostgresqlCluster::counts() const {
    return {.nodes = node_count_, .lanes = lane_count_, .taken_over = taken_over_};
}

Result<std::vector<bool>> PostgresqlCluster::hold(Transaction& tx,
                                                  std::span<const OwnedLane> lanes) {
    static constexpr Query query{
        "SELECT webhook_id, epoch FROM lanes WHERE owner = $1 AND (realm_id, webhook_id) IN "
        "(SELECT substring($2 FROM (i * 32 + 1)::int FOR 16), "
        "substring($2 FROM (i * 32 + 17)::int FOR 16) FROM generate_series(0, $3 - 1) AS i) "
        "ORDER BY webhook_id FOR SHARE"};
    std::string keys;
    for (const OwnedLane& lane : lanes) {
        keys += lane.realm.view();
        keys += lane.webhook.view();
    }
    std::unordered_map<WebhookId, std::int64_t> epochs;
    auto rows = tx.sql().rows(query, node_, Blob{keys}, lanes.size());
    while (rows.next()) epochs.emplace(rows.id<WebhookId>(0), rows.integer(1));
    POSTRIDER_TRY(rows.finish());
    std::vector<bool> held;
    for (const OwnedLane& lane : lanes) {
        const auto found = epochs.find(lane.webhook);
        held.push_back(found != epochs.end() && found->second == lane.epoch);
    }
    return held;
}

bool PostgresqlCluster::is_silent() const {
    const Monotonic at = answered_at_;
    return at != Monotonic{} && clock_.monotonic() > at + limits::node_lease;
}

PostgresqlCluster::Spoken PostgresqlCluster::speak(const std::vector<Announcement>& what,
                                                   bool is_awaited) {
    if (what.empty()) return {};
    std::string list;
    if (what.size() > limits::changes_per_notification_max) {
        list = "e";
    } else {
        for (const Announcement& change : what) {
            if (!list.empty()) list += ',';
            list += static_cast<char>(change.subject) + hex(change.realm.uuid) + hex(change.id);
        }
    }
    Spoken spoken;
    const MutexLock lock(mutex_);
    if (is_awaited && is_joined_) spoken.number = ++spoken_;
    spoken.statement = notification(fmt::format("c {} {} {}", hex(node_), spoken.number, list));
    if (spoken.number != 0) awaited_[spoken.number].statement = spoken.statement;
    return spoken;
}

void PostgresqlCluster::committed(std::uint64_t number, std::function<void()> done) {
    const MutexLock lock(mutex_);
    const auto found = awaited_.find(number);
    CHECK(found != awaited_.end());
    found->second.done = std::move(done);
    found->second.since = found->second.said_at = clock_.monotonic();
    wake();
}

void PostgresqlCluster::forget(std::uint64_t number) {
    const MutexLock lock(mutex_);
    awaited_.erase(number);
}

/// Never blocks: the counter of an eventfd does not fill up.
void PostgresqlCluster::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void PostgresqlCluster::run() {
    pthread_setname_np(pthread_self(), "cluster");
    while (true) {
        Mail mail;
        {
            const MutexLock lock(mutex_);
            std::swap(mail, mail_);
            if (mail.retire) is_leaving_ = true;
        }
        turn(mail);
        if (mail.stop) {
            link_.drop();
            return end_all_waits();
        }
        wait();
    }
}

void PostgresqlCluster::wait() {
    std::this_thread::sleep_for(limits::cluster_turn_pause);
    auto timeout = link_.is_connected()
                       ? heartbeat_at_ + limits::node_heartbeat_interval - clock_.monotonic()
                       : std::max(link_.wait(), limits::postgresql_reconnect_first);
    {
        const MutexLock lock(mutex_);
        if (!awaited_.empty()) timeout = std::min<Monotonic::duration>(timeout, 50ms);
    }
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    std::array<pollfd, 2> fds{{{.fd = wake_fd_, .events = POLLIN, .revents = 0},
                               {.fd = -1, .events = POLLIN, .revents = 0}}};
    if (link_.is_connected()) fds[1].fd = (*link_.get())->socket();
    ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(ms, 0, 1000)));
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
}

/// One round of everything. What could not be told is told in the next one.
void PostgresqlCluster::turn(const Mail& mail) {
    end_old_waits();
    auto connection = connect();
    Result<void> done =
        connection ? attend(**connection, mail) : Result<void>(std::unexpected(connection.error()));
    if (done && mail.stop) done = say_goodbye(**connection);
    if (done) {
        const MutexLock lock(mutex_);
        last_error_ = {};
        return;
    }
    if (connection && (*connection)->last_failure() == PostgresqlConnection::Failure::lost) {
        link_.drop();
        is_listening_ = false;
    }
    const MutexLock lock(mutex_);
    if (last_error_.message != done.error().message) {
        log::warning("store", "this node's part in the cluster waits",
                     {{"reason", done.error().message}});
    }
    last_error_ = std::move(done).error();
    mail_.hints.insert(mail.hints.begin(), mail.hints.end());
    mail_.released.insert(mail_.released.end(), mail.released.begin(), mail.released.end());
    mail_.synced = std::max(mail_.synced, mail.synced);
    mail_.look_at_lanes = true;
}

Result<PostgresqlConnection*> PostgresqlCluster::connect() {
    POSTRIDER_ASSIGN(auto* sql, link_.get());
    sql->clear_failure();
    if (!is_listening_) {
        auto begun = begin(*sql);
        if (!begun) {
            link_.drop();
            return std::unexpected(std::move(begun).error());
        }
        is_listening_ = true;
    }
    return sql;
}

Result<void> PostgresqlCluster::begin(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const bool taken, take_together(sql));
    if (!taken) {
        return fail(ErrorCode::unavailable, fmt::format("the PostgreSQL database {} is being moved "
                                                        "by postrider migrate; wait for its end",
                                                        sql.place()));
    }
    POSTRIDER_TRY(
        sql.execute(fmt::format("SET synchronous_commit = off; LISTEN {}", channel_).c_str()));
    // What was said meanwhile nobody has heard here.
    sync();
    swept_at_ = {};
    heartbeat_at_ = {};
    return {};
}

/// Reads everything again; until that has ended the lease is not renewed.
void PostgresqlCluster::sync() {
    is_synced_ = false;
    sync_asked_at_ = clock_.monotonic();
    listener_->take_in({Announcement{}}, [this, number = ++sync_] {
        const MutexLock lock(mutex_);
        mail_.synced = std::max(mail_.synced, number);
        wake();
    });
}

Result<void> PostgresqlCluster::attend(PostgresqlConnection& sql, const Mail& mail) {
    const auto now = clock_.monotonic();
    POSTRIDER_TRY(hear(sql));
    if (mail.synced == sync_ && !is_synced_) {
        is_synced_ = true;
        lease_until_ = {};
        POSTRIDER_TRY(read_own(sql));
        heartbeat_at_ = {};
        look_at_lanes_ = true;
    }
    // Who could not read says nothing.
    if (!is_synced_ && now - sync_asked_at_ >= limits::node_lease) sync();
    if (mail.look_at_lanes && is_synced_) POSTRIDER_TRY(read_own(sql));
    if (mail.retire || now - heartbeat_at_ >= limits::node_heartbeat_interval) {
        POSTRIDER_TRY(heartbeat(sql));
    }
    POSTRIDER_TRY(acknowledge(sql, mail.taken_in));
    if (!mail.released.empty()) POSTRIDER_TRY(hand_over(sql, mail.released));
    POSTRIDER_TRY(tell_hints(sql, mail.hints));
    POSTRIDER_TRY(end_waits(sql));
    if (is_synced_ && (look_at_lanes_ || now - looked_at_ >= limits::lanes_look_interval)) {
        looked_at_ = now;
        look_at_lanes_ = false;
        POSTRIDER_TRY(look_at_lanes(sql));
    }
    if (is_synced_ && now - swept_at_ >= limits::lanes_sweep_interval) {
        // The first after a connection is of all that is due: its hints may have been lost.
        const bool is_first = swept_at_ == Monotonic{};
        swept_at_ = now;
        POSTRIDER_TRY(
            sweep(sql, clock_.now() - (is_first ? Duration{0} : limits::lanes_sweep_overdue)));
        if (!is_first) POSTRIDER_TRY(read_own(sql));
        if (is_steward_) POSTRIDER_TRY(clean(sql));
    }
    return {};
}

Result<void> PostgresqlCluster::hear(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const auto payloads, sql.take_notifications());
    for (const std::string& payload : payloads) hear_one(payload);
    return {};
}

void PostgresqlCluster::hear_one(std::string_view payload) {
    const auto kind = take_word(payload, ' ');
    const auto from = parse_hex(take_word(payload, ' '));
    if (!from) return;
    if (kind == "d") {
        std::vector<WebhookId> webhooks;
        while (!payload.empty()) {
            const auto webhook = parse_hex(take_word(payload, ','));
            if (webhook && own_.contains(WebhookId{*webhook})) {
                webhooks.push_back(WebhookId{*webhook});
            }
        }
        if (!webhooks.empty()) {
            listener_->deliveries_elsewhere(std::move(webhooks),
                                            clock_.now() - limits::told_late_max);
        }
    } else if (kind == "l") {
        const MutexLock lock(mutex_);
        mail_.look_at_lanes = look_at_lanes_ = true;
        wake();
    } else if (kind == "a" && *from == node_) {
        const auto by = parse_hex(take_word(payload, ' '));
        const MutexLock lock(mutex_);
        while (by && !payload.empty()) {
            std::uint64_t number = 0;
            const auto word = take_word(payload, ',');
            std::from_chars(word.data(), word.data() + word.size(), number);
            const auto found = awaited_.find(number);
            if (found != awaited_.end()) found->second.acknowledged.insert(*by);
        }
    } else if (kind == "c") {
        TakenIn taken{.origin = *from, .number = 0, .what = {}};
        const auto number = take_word(payload, ' ');
        std::from_chars(number.data(), number.data() + number.size(), taken.number);
        while (!payload.empty()) {
            auto word = take_word(payload, ',');
            Announcement& change = taken.what.emplace_back();
            if (word.size() != 65) continue;  // everything
            change.subject = static_cast<Subject>(word[0]);
            change.realm = RealmId{parse_hex(word.substr(1, 32)).value_or(Uuid{})};
            change.id = parse_hex(word.substr(33)).value_or(Uuid{});
        }
        listener_->take_in(taken.what, [this, taken] {
            const MutexLock lock(mutex_);
            mail_.taken_in.push_back(taken);
            wake();
        });
    }
}

/// That this node is there, and who else is.
Result<void> PostgresqlCluster::heartbeat(PostgresqlConnection& sql) {
    static constexpr Query query{
        "INSERT INTO nodes (id, address, role, started_at, heartbeat_at, last_id) "
        "VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp(), $4) "
        "ON CONFLICT (id) DO UPDATE SET address = excluded.address, role = excluded.role, "
        "heartbeat_at = clock_timestamp(), last_id = excluded.last_id"};
    const auto asked = clock_.monotonic();
    // Others may have taken its lanes, and need not have waited for it.
    if (is_synced_ && asked >= lease_until_ && lease_until_ != Monotonic{}) sync();
    const Uuid last = ids_.last();
    POSTRIDER_TRY(sql.run(query, node_, address_,
                          is_leaving_ ? std::string_view("leaving") : to_string(role_), last));
    heartbeat_at_ = asked;
    answered_at_ = asked;
    POSTRIDER_TRY(read_nodes(sql));
    if (is_steward_ && last != noted_) {
        POSTRIDER_TRY(write_last_commit(sql, last, clock_.now()));
        noted_ = last;
    }
    if (!is_synced_) return {};
    lease_until_ = asked + limits::node_lease - limits::node_lease_margin;
    listener_->lease_renewed(lease_until_);
    const MutexLock lock(mutex_);
    is_joined_ = true;
    joined_changed_.notify_all();
    return {};
}

Result<void> PostgresqlCluster::read_nodes(PostgresqlConnection& sql) {
    static constexpr Query query{
        "SELECT id, role, last_id FROM nodes WHERE role <> 'starting' AND " IS_LIVE(
            "$1") " ORDER BY id"};
    std::vector<Uuid> before;
    before.reserve(nodes_.size());
    for (const Node& node : nodes_) before.push_back(node.id);
    const auto delivering_before = delivering_;
    nodes_.clear();
    delivering_.clear();
    std::optional<Uuid> steward;
    auto rows = sql.rows(query, limits::node_lease);
    while (rows.next()) {
        const Node& node = nodes_.emplace_back(
            Node{rows.uuid(0), parse_role(rows.text(1)), rows.text(1) == "leaving"});
        if (!node.is_leaving && node.role != NodeRole::api) delivering_.push_back(node.id);
        if (!node.is_leaving && !steward) steward = node.id;
        ids_.raise(rows.uuid(2));
    }
    POSTRIDER_TRY(rows.finish());
    is_steward_ = steward == node_;
    node_count_ = nodes_.size();
    if (delivering_ != delivering_before) look_at_lanes_ = true;
    const bool has_lost_one = std::ranges::any_of(before, [this](const Uuid& id) {
        return std::ranges::find(nodes_, id, &Node::id) == nodes_.end();
    });
    // What it committed last it may not have told.
    if (has_lost_one) POSTRIDER_TRY(sweep(sql, clock_.now()));
    return {};
}

Result<void> PostgresqlCluster::acknowledge(PostgresqlConnection& sql,
                                            const std::vector<TakenIn>& taken_in) {
    std::map<Uuid, std::string> numbers;
    for (const TakenIn& taken : taken_in) {
        for (const Announcement& change : taken.what) {
            if (change.subject == Subject::webhook) POSTRIDER_TRY(adopt_new(sql, change));
            if (change.subject == Subject::everything) look_at_lanes_ = true;
        }
        if (taken.number == 0) continue;
        auto& list = numbers[taken.origin];
        list += fmt::format("{}{}", list.empty() ? "" : ",", taken.number);
    }
    if (has_lanes_to_tell_) tell_owned();
    for (const auto& [origin, list] : numbers) {
        const auto payload = fmt::format("a {} {} {}", hex(origin), hex(node_), list);
        if (origin == node_) {
            hear_one(payload);
        } else {
            POSTRIDER_TRY(sql.execute(notification(payload).c_str()));
        }
    }
    return {};
}

Result<void> PostgresqlCluster::tell_hints(PostgresqlConnection& sql,
                                           const std::unordered_set<WebhookId>& hints) {
    std::string list;
    std::size_t count = 0;
    for (const WebhookId& webhook : hints) {
        if (own_.contains(webhook)) {
            // It has become this node's meanwhile.
            listener_->deliveries_elsewhere({webhook}, clock_.now() - limits::told_late_max);
            continue;
        }
        list += fmt::format("{}{}", list.empty() ? "" : ",", hex(webhook.uuid));
        if (++count % limits::hints_per_notification_max != 0) continue;
        POSTRIDER_TRY(sql.execute(notification(fmt::format("d {} {}", hex(node_), list)).c_str()));
        list.clear();
    }
    if (list.empty()) return {};
    return sql.execute(notification(fmt::format("d {} {}", hex(node_), list)).c_str());
}

/// Who waits for a change is told when every live node has acknowledged it. Who came to life later
/// has read it.
Result<void> PostgresqlCluster::end_waits(PostgresqlConnection& sql) {
    const auto now = clock_.monotonic();
    bool is_any_open = false;
    {
        const MutexLock lock(mutex_);
        for (const auto& [number, awaited] : awaited_) is_any_open |= awaited.done != nullptr;
    }
    if (!is_any_open) return {};
    POSTRIDER_TRY(read_nodes(sql));
    std::vector<std::function<void()>> done;
    std::vector<std::string> again;
    {
        const MutexLock lock(mutex_);
        for (auto entry = awaited_.begin(); entry != awaited_.end();) {
            Awaited& awaited = entry->second;
            const bool is_known =
                awaited.done != nullptr && std::ranges::all_of(nodes_, [&](const Node& node) {
                    return awaited.acknowledged.contains(node.id);
                });
            if (is_known) {
                done.push_back(std::move(awaited.done));
                entry = awaited_.erase(entry);
                continue;
            }
            if (awaited.done && now - awaited.said_at >= limits::change_said_again_after) {
                awaited.said_at = now;
                again.push_back(awaited.statement);
            }
            ++entry;
        }
    }
    for (const auto& tell : done) tell();
    for (const auto& statement : again) POSTRIDER_TRY(sql.execute(statement.c_str()));
    return {};
}

/// It is committed, and nodes that do not answer will read it: nobody waits for ever.
void PostgresqlCluster::end_old_waits() {
    const auto now = clock_.monotonic();
    std::vector<std::function<void()>> done;
    {
        const MutexLock lock(mutex_);
        std::erase_if(awaited_, [&](auto& entry) {
            auto& awaited = entry.second;
            if (!awaited.done || now - awaited.since < limits::change_wait_max) return false;
            done.push_back(std::move(awaited.done));
            return true;
        });
    }
    for (const auto& tell : done) tell();
}

void PostgresqlCluster::end_all_waits() {
    std::vector<std::function<void()>> done;
    {
        const MutexLock lock(mutex_);
        is_joined_ = false;
        for (auto& [number, awaited] : awaited_) {
            if (awaited.done) done.push_back(std::move(awaited.done));
        }
        awaited_.clear();
    }
    for (const auto& tell : done) tell();
}

bool PostgresqlCluster::is_preferred(const WebhookId& webhook) const {
    return preferred_node(webhook.uuid, delivering_) == node_;
}

/// Takes what nobody live has and should be here; gives what should be elsewhere.
Result<void> PostgresqlCluster::look_at_lanes(PostgresqlConnection& sql) {
    POSTRIDER_TRY(take_lanes(sql));
    std::vector<OwnedLane> leaving;
    for (auto& [webhook, own] : own_) {
        if (own.is_releasing || is_preferred(webhook)) continue;
        own.is_releasing = true;
        leaving.push_back({own.realm, webhook, own.epoch});
    }
    if (!leaving.empty()) listener_->release_lanes(std::move(leaving));
    return {};
}

Result<void> PostgresqlCluster::take_lanes(PostgresqlConnection& sql) {
    static constexpr Query free{
        "SELECT w.realm_id, w.id, l.epoch FROM webhooks w LEFT JOIN lanes l "
        "ON l.realm_id = w.realm_id AND l.webhook_id = w.id WHERE l.owner IS NULL OR NOT EXISTS "
        "(SELECT 1 FROM nodes n WHERE n.id = l.owner AND n." IS_LIVE("$1") ")"};
    static constexpr Query make{
        "INSERT INTO lanes (realm_id, webhook_id, owner, epoch) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    static constexpr Query take{
        "UPDATE lanes SET owner = $4, epoch = epoch + 1 WHERE realm_id = $1 AND webhook_id = $2 "
        "AND epoch = $3 AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = owner AND n." IS_LIVE(
            "$5") ")"};
    std::vector<OwnedLane> unmade;
    std::vector<OwnedLane> orphaned;
    auto rows = sql.rows(free, limits::node_lease);
    while (rows.next()) {
        const OwnedLane lane{rows.id<RealmId>(0), rows.id<WebhookId>(1),
                             rows.is_null(2) ? 0 : rows.integer(2)};
        if (is_preferred(lane.webhook)) (lane.epoch == 0 ? unmade : orphaned).push_back(lane);
    }
    POSTRIDER_TRY(rows.finish());
    if (unmade.empty() && orphaned.empty()) return {};
    std::vector<bool> taken;
    const auto write = [&]() -> Result<void> {
        POSTRIDER_TRY(sql.run_each(make, std::span<const OwnedLane>(unmade),
                                   [&](auto bind, const OwnedLane& lane) {
                                       bind(lane.realm, lane.webhook, node_, lane.epoch + 1);
                                   }));
        return sql.run_each(
            take, std::span<const OwnedLane>(orphaned),
            [&](auto bind, const OwnedLane& lane) {
                bind(lane.realm, lane.webhook, lane.epoch, node_, limits::node_lease);
            },
            &taken);
    };
    POSTRIDER_TRY(durably(sql, write));
    taken_over_ += static_cast<std::uint64_t>(std::ranges::count(taken, true));
    return read_own(sql);
}

Result<void> PostgresqlCluster::read_own(PostgresqlConnection& sql) {
    static constexpr Query query{"SELECT realm_id, webhook_id, epoch FROM lanes WHERE owner = $1"};
    std::unordered_map<WebhookId, Own> found;
    auto rows = sql.rows(query, node_);
    while (rows.next()) {
        found.emplace(rows.id<WebhookId>(1), Own{rows.id<RealmId>(0), rows.integer(2), false});
    }
    POSTRIDER_TRY(rows.finish());
    for (auto& [webhook, own] : found) {
        const auto known = own_.find(webhook);
        own.is_releasing =
            known != own_.end() && known->second.epoch == own.epoch && known->second.is_releasing;
    }
    own_ = std::move(found);
    tell_owned();
    return {};
}

void PostgresqlCluster::tell_owned() {
    has_lanes_to_tell_ = false;
    lane_count_ = own_.size();
    std::vector<OwnedLane> lanes;
    lanes.reserve(own_.size());
    for (const auto& [webhook, own] : own_) lanes.push_back({own.realm, webhook, own.epoch});
    listener_->lanes_owned(std::move(lanes));
}

/// A webhook that was just made is delivered to from its first event on.
Result<void> PostgresqlCluster::adopt_new(PostgresqlConnection& sql, const Announcement& change) {
    static constexpr Query query{
        "INSERT INTO lanes (realm_id, webhook_id, owner, epoch) "
        "SELECT realm_id, id, $3, 1 FROM webhooks WHERE realm_id = $1 AND id = $2 "
        "ON CONFLICT (realm_id, webhook_id) DO NOTHING"};
    const WebhookId webhook{change.id};
    if (!is_synced_ || own_.contains(webhook) || !is_preferred(webhook)) return {};
    std::int64_t made = 0;
    const auto write = [&]() -> Result<void> {
        POSTRIDER_ASSIGN(made, sql.run(query, change.realm, webhook, node_));
        return {};
    };
    POSTRIDER_TRY(durably(sql, write));
    if (made == 0) return {};
    own_[webhook] = {change.realm, 1, false};
    has_lanes_to_tell_ = true;
    return {};
}

Result<void> PostgresqlCluster::hand_over(PostgresqlConnection& sql,
                                          const std::vector<OwnedLane>& lanes) {
    static constexpr Query query{
        "UPDATE lanes SET owner = $4, epoch = epoch + 1 WHERE realm_id = $1 AND webhook_id = $2 "
        "AND epoch = $3 AND owner = $5"};
    POSTRIDER_TRY(durably(sql, [&] {
        return sql.run_each(query, std::span<const OwnedLane>(lanes),
                            [&](auto bind, const OwnedLane& lane) {
                                bind(lane.realm, lane.webhook, lane.epoch,
                                     preferred_node(lane.webhook.uuid, delivering_), node_);
                            });
    }));
    POSTRIDER_TRY(read_own(sql));
    return sql.execute(notification("l " + hex(node_)).c_str());
}

/// Own lanes with something due: memory may not know.
Result<void> PostgresqlCluster::sweep(PostgresqlConnection& sql, Timestamp due_before) {
    static constexpr Query query{
        "SELECT l.webhook_id, (SELECT d.due_at FROM deliveries d WHERE d.realm_id = l.realm_id "
        "AND d.webhook_id = l.webhook_id AND d.state = 'pending' AND d.due_at <= $2 "
        "ORDER BY d.due_at LIMIT 1) FROM lanes l WHERE l.owner = $1"};
    std::vector<WebhookId> webhooks;
    Timestamp due_since = due_before;
    auto rows = sql.rows(query, node_, due_before);
    while (rows.next()) {
        if (rows.is_null(1)) continue;
        webhooks.push_back(rows.id<WebhookId>(0));
        due_since = std::min(due_since, rows.time(1));
    }
    POSTRIDER_TRY(rows.finish());
    if (!webhooks.empty()) listener_->deliveries_elsewhere(std::move(webhooks), due_since);
    return {};
}

/// What nodes and webhooks that are no more have left.
Result<void> PostgresqlCluster::clean(PostgresqlConnection& sql) {
    return sql.execute(
        fmt::format(
            "DELETE FROM lanes l WHERE NOT EXISTS (SELECT 1 FROM webhooks w WHERE w.realm_id = "
            "l.realm_id AND w.id = l.webhook_id); "
            "DELETE FROM nodes WHERE heartbeat_at < clock_timestamp() - {} * interval '1 "
            "microsecond'; "
            "DELETE FROM postrider_writers w WHERE NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = "
            "substring(w.slot FROM 1 FOR 16))",
            limits::node_kept_after_end.count())
            .c_str());
}

/// The others need not wait for its lease to end. Its row stays, for its writers' sake.
Result<void> PostgresqlCluster::say_goodbye(PostgresqlConnection& sql) {
    POSTRIDER_TRY(write_last_commit(sql, ids_.last(), clock_.now()));
    return sql.execute(
        fmt::format("BEGIN; SET LOCAL synchronous_commit = on; "
                    "UPDATE lanes SET owner = NULL, epoch = epoch + 1 WHERE owner = '\\x{0}'; "
                    "UPDATE nodes SET heartbeat_at = '-infinity' WHERE id = '\\x{0}'; {1}; COMMIT",
                    hex(node_), notification("l " + hex(node_)))
            .c_str());
}

std::string PostgresqlCluster::notification(std::string_view payload) const {
    return fmt::format("SELECT pg_notify('{}', '{}')", channel_, payload);
}

}  // namespace postrider::store
