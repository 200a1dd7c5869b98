#include "store/postgresql_cluster.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/thread.h"
#include "model/limits.h"
#include "store/last_commit.h"
#include "store/postgresql_nodes.h"
#include "store/postgresql_schema.h"
#include "telemetry/log.h"

namespace postrider::store {
namespace {

using sql::PostgresqlConnection;

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
                                     CommitOrder& order, const Clock& clock, Ids ids,
                                     EventNews* news)
    : link_(std::move(link)),
      node_(node),
      order_(order),
      clock_(clock),
      ids_(std::move(ids)),
      channel_(std::move(channel)),
      lanes_(node),
      waits_(clock),
      news_(news),
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
    if (news_ != nullptr) news_->attach([this] { wake(); });
    thread_ = start_thread("cluster", [this] { run(); });
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
    if (news_ != nullptr) news_->attach(nullptr);
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
    return {.nodes = node_count_, .lanes = lanes_.count(), .taken_over = lanes_.taken_over()};
}

bool PostgresqlCluster::is_silent() const {
    const Monotonic at = answered_at_;
    return at != Monotonic{} && clock_.monotonic() > at + limits::node_lease;
}

PostgresqlCluster::Spoken PostgresqlCluster::speak(const std::vector<Announcement>& what,
                                                   bool is_awaited) {
    if (what.empty()) return {};
    const std::uint64_t number = is_awaited ? waits_.begin(what) : 0;
    return {number, notification(message::Changes{node_, number, what})};
}

void PostgresqlCluster::committed(std::uint64_t number, std::function<void()> done) {
    waits_.committed(number, std::move(done));
    wake();
}

/// Never blocks: the counter of an eventfd does not fill up.
void PostgresqlCluster::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void PostgresqlCluster::run() {
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
            return waits_.close();
        }
        wait();
    }
}

void PostgresqlCluster::wait() {
    std::this_thread::sleep_for(limits::cluster_turn_pause);
    auto timeout = link_.is_connected()
                       ? heartbeat_at_ + limits::node_heartbeat_interval - clock_.monotonic()
                       : std::max(link_.wait(), limits::postgresql_reconnect_first);
    if (!waits_.is_empty()) timeout = std::min<Monotonic::duration>(timeout, 50ms);
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
    waits_.end_old();
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
    mail_.sync_failed = std::max(mail_.sync_failed, mail.sync_failed);
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
    swept_at_ = {};
    heartbeat_at_ = {};
    // What was said meanwhile nobody has heard here.
    if (news_ != nullptr) news_->hear_all();
    return sync(sql);
}

/// Reads everything again; until that has ended the lease is not renewed. It is alive for all to
/// see before it reads: who changes something then waits for it.
Result<void> PostgresqlCluster::sync(PostgresqlConnection& sql) {
    is_synced_ = false;
    is_to_sync_ = true;  // if this fails
    sync_asked_at_ = clock_.monotonic();
    ++sync_;
    if (!is_blind()) POSTRIDER_TRY(say_alive(sql));
    is_to_sync_ = false;
    listener_->take_in({Announcement{}}, [this, number = sync_](bool has_read) {
        const MutexLock lock(mutex_);
        auto& last = has_read ? mail_.synced : mail_.sync_failed;
        last = std::max(last, number);
        wake();
    });
    return {};
}

/// Who cannot read for so long delivers nothing: its lanes are for others.
bool PostgresqlCluster::is_blind() const {
    return failing_since_ && clock_.monotonic() - *failing_since_ >= limits::node_lease;
}

Result<void> PostgresqlCluster::attend(PostgresqlConnection& sql, const Mail& mail) {
    const auto now = clock_.monotonic();
    POSTRIDER_TRY(hear(sql));
    if (mail.sync_failed == sync_ && !is_to_sync_) {
        if (!failing_since_) failing_since_ = now;
        is_to_sync_ = true;
    }
    if (mail.synced == sync_ && !is_synced_) {
        is_to_sync_ = is_blind();  // again, now that it is alive for the others
        failing_since_.reset();
    }
    if (mail.synced == sync_ && !is_synced_ && !is_to_sync_) {
        is_synced_ = true;
        lease_until_ = {};
        POSTRIDER_TRY(read_lanes(sql));
        heartbeat_at_ = {};
        look_at_lanes_ = true;
    }
    if (is_to_sync_ && now - sync_asked_at_ >= limits::sync_again_after) POSTRIDER_TRY(sync(sql));
    if (mail.look_at_lanes && is_synced_) POSTRIDER_TRY(read_lanes(sql));
    if (mail.retire || now - heartbeat_at_ >= limits::node_heartbeat_interval) {
        POSTRIDER_TRY(heartbeat(sql));
    }
    POSTRIDER_TRY(acknowledge(sql, mail.taken_in));
    if (!mail.released.empty()) POSTRIDER_TRY(hand_over(sql, mail.released));
    POSTRIDER_TRY(tell_hints(sql, mail.hints));
    POSTRIDER_TRY(tell_news(sql));
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
        if (!is_first) POSTRIDER_TRY(read_lanes(sql));
        if (is_steward_) POSTRIDER_TRY(clean_nodes(sql));
    }
    // What came with the answers to all this is no longer on the socket to be waited for.
    return hear(sql);
}

Result<void> PostgresqlCluster::hear(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const auto payloads, sql.take_notifications());
    for (const std::string& payload : payloads) {
        const auto told = parse_message(payload);
        if (told) std::visit([this](const auto& what) { hear_one(what); }, *told);
    }
    return {};
}

void PostgresqlCluster::hear_one(const message::Deliveries& told) {
    std::vector<WebhookId> webhooks;
    std::ranges::copy_if(told.webhooks, std::back_inserter(webhooks),
                         [this](const WebhookId& webhook) { return lanes_.contains(webhook); });
    if (webhooks.empty()) return;
    listener_->deliveries_elsewhere(std::move(webhooks), clock_.now() - limits::told_late_max);
}

void PostgresqlCluster::hear_one(const message::Changes& told) {
    listener_->take_in(told.what, [this, told](bool has_read) {
        if (!has_read) return;  // it is said again
        const MutexLock lock(mutex_);
        mail_.taken_in.push_back(told);
        wake();
    });
}

void PostgresqlCluster::hear_one(const message::Acknowledged& told) {
    if (told.origin == node_) waits_.acknowledged(told.by, told.numbers);
}

void PostgresqlCluster::hear_one(const message::Lanes& /*told*/) {
    look_at_lanes_ = true;
    const MutexLock lock(mutex_);
    mail_.look_at_lanes = true;
    wake();
}

void PostgresqlCluster::hear_one(const message::Listening& told) {
    if (news_ == nullptr || told.from == node_) return;
    news_->others_listen(told.realms, clock_.monotonic());
}

void PostgresqlCluster::hear_one(const message::Events& told) {
    if (news_ != nullptr && told.from != node_) news_->hear(told.realms);
}

Result<void> PostgresqlCluster::say_alive(PostgresqlConnection& sql) {
    return write_heartbeat(sql, node_, address_, is_leaving_ ? leaving_role : to_string(role_),
                           ids_.last());
}

/// That this node is there, and who else is.
Result<void> PostgresqlCluster::heartbeat(PostgresqlConnection& sql) {
    const auto asked = clock_.monotonic();
    // Others may have taken its lanes, and need not have waited for it.
    if (is_synced_ && asked >= lease_until_ && lease_until_ != Monotonic{}) {
        POSTRIDER_TRY(sync(sql));
    } else if (!is_blind()) {
        POSTRIDER_TRY(say_alive(sql));
    }
    heartbeat_at_ = asked;
    answered_at_ = asked;
    POSTRIDER_TRY(read_nodes(sql));
    // Also when nothing was committed: who starts next takes the time since for an outage.
    const Uuid last = ids_.last();
    if (is_steward_ && (last != noted_ || asked - noted_at_ >= limits::last_commit_noted_every)) {
        POSTRIDER_TRY(write_last_commit(sql, last, clock_.now()));
        noted_ = last;
        noted_at_ = asked;
    }
    if (!is_synced_) return {};
    lease_until_ = asked + limits::node_lease - limits::node_lease_margin;
    listener_->lease_renewed(lease_until_);
    waits_.open();
    const MutexLock lock(mutex_);
    is_joined_ = true;
    joined_changed_.notify_all();
    return {};
}

Result<void> PostgresqlCluster::read_nodes(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(auto live, read_live_nodes(sql));
    const auto before = std::exchange(nodes_, std::move(live.all));
    is_steward_ = live.steward == node_;
    node_count_ = nodes_.size();
    ids_.raise(live.last_id);
    if (lanes_.share_among(std::move(live.delivering))) look_at_lanes_ = true;
    // What one that is gone committed last it may not have told.
    if (!std::ranges::includes(nodes_, before)) {
        if (news_ != nullptr) news_->hear_all();
        POSTRIDER_TRY(sweep(sql, clock_.now()));
    }
    return {};
}

Result<void> PostgresqlCluster::acknowledge(PostgresqlConnection& sql,
                                            const std::vector<message::Changes>& taken_in) {
    std::map<Uuid, std::vector<std::uint64_t>> known;
    for (const message::Changes& taken : taken_in) {
        for (const Announcement& change : taken.what) {
            if (change.subject == Subject::everything) look_at_lanes_ = true;
            if (change.subject != Subject::webhook || !is_synced_) continue;
            // A webhook that was just made is delivered to from its first event on.
            POSTRIDER_ASSIGN(const bool is_mine,
                             lanes_.adopt(sql, change.realm, WebhookId{change.id}));
            has_lanes_to_tell_ |= is_mine;
        }
        if (taken.number == 0) continue;
        known[taken.from].push_back(taken.number);
    }
    if (has_lanes_to_tell_) tell_owned();
    for (const auto& [origin, numbers] : known) {
        for (std::size_t at = 0; at < numbers.size(); at += limits::hints_per_notification_max) {
            const auto part = std::span(numbers).subspan(at).first(
                std::min(limits::hints_per_notification_max, numbers.size() - at));
            const message::Acknowledged told{origin, node_, {part.begin(), part.end()}};
            if (origin == node_) {
                hear_one(told);
            } else {
                POSTRIDER_TRY(tell(sql, told));
            }
        }
    }
    return {};
}

Result<void> PostgresqlCluster::tell_hints(PostgresqlConnection& sql,
                                           const std::unordered_set<WebhookId>& hints) {
    message::Deliveries told{node_, {}};
    for (const WebhookId& webhook : hints) {
        if (lanes_.contains(webhook)) {
            // It has become this node's meanwhile.
            listener_->deliveries_elsewhere({webhook}, clock_.now() - limits::told_late_max);
            continue;
        }
        told.webhooks.push_back(webhook);
        if (told.webhooks.size() < limits::hints_per_notification_max) continue;
        POSTRIDER_TRY(tell(sql, told));
        told.webhooks.clear();
    }
    return told.webhooks.empty() ? Result<void>() : tell(sql, told);
}

Result<void> PostgresqlCluster::tell_news(PostgresqlConnection& sql) {
    if (news_ == nullptr) return {};
    auto news = news_->take(clock_.monotonic());
    const auto tell_all = [&]<typename Told>(const std::vector<RealmId>& realms,
                                             Told) -> Result<void> {
        for (std::size_t at = 0; at < realms.size(); at += limits::hints_per_notification_max) {
            const auto part = std::span(realms).subspan(at).first(
                std::min(limits::hints_per_notification_max, realms.size() - at));
            POSTRIDER_TRY(tell(sql, Told{node_, {part.begin(), part.end()}}));
        }
        return {};
    };
    auto told = tell_all(news.listening, message::Listening{});
    if (told) told = tell_all(news.events, message::Events{});
    if (!told) news_->put_back(std::move(news));
    return told;
}

/// Who waits for a change is told when every live node has acknowledged it. Who came to life later
/// has read it.
Result<void> PostgresqlCluster::end_waits(PostgresqlConnection& sql) {
    if (!waits_.has_committed()) return {};
    POSTRIDER_TRY(read_nodes(sql));
    for (auto& again : waits_.end_known(nodes_)) {
        POSTRIDER_TRY(tell(sql, message::Changes{node_, again.number, std::move(again.what)}));
    }
    return {};
}

/// Takes what nobody live has and should be here; gives what should be elsewhere.
Result<void> PostgresqlCluster::look_at_lanes(PostgresqlConnection& sql) {
    POSTRIDER_ASSIGN(const bool is_any_free, lanes_.take(sql));
    if (is_any_free) POSTRIDER_TRY(read_lanes(sql));
    auto leaving = lanes_.start_releasing();
    if (!leaving.empty()) listener_->release_lanes(std::move(leaving));
    return {};
}

Result<void> PostgresqlCluster::read_lanes(PostgresqlConnection& sql) {
    POSTRIDER_TRY(lanes_.read(sql));
    tell_owned();
    return {};
}

void PostgresqlCluster::tell_owned() {
    has_lanes_to_tell_ = false;
    listener_->lanes_owned(lanes_.all());
}

Result<void> PostgresqlCluster::hand_over(PostgresqlConnection& sql,
                                          std::span<const OwnedLane> lanes) {
    POSTRIDER_TRY(lanes_.hand_over(sql, lanes));
    POSTRIDER_TRY(read_lanes(sql));
    return tell(sql, message::Lanes{node_});
}

/// Own lanes with something due: memory may not know.
Result<void> PostgresqlCluster::sweep(PostgresqlConnection& sql, Timestamp due_before) {
    POSTRIDER_ASSIGN(auto due, lanes_.due(sql, due_before));
    if (!due.webhooks.empty()) {
        listener_->deliveries_elsewhere(std::move(due.webhooks), due.since);
    }
    return {};
}

/// The others need not wait for its lease to end.
Result<void> PostgresqlCluster::say_goodbye(PostgresqlConnection& sql) {
    POSTRIDER_TRY(write_last_commit(sql, ids_.last(), clock_.now()));
    return end_node(sql, node_, notification(message::Lanes{node_}));
}

std::string PostgresqlCluster::notification(const Message& message) const {
    return fmt::format("SELECT pg_notify('{}', '{}')", channel_, encode(message));
}

Result<void> PostgresqlCluster::tell(PostgresqlConnection& sql, const Message& message) const {
    return sql.execute(notification(message).c_str());
}

}  // namespace postrider::store
