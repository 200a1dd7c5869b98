#include "net/resolver.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <list>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "model/limits.h"
#include "net/ares_channel.h"
#include "net/deadline_queue.h"
#include "net/event_loop_impl.h"
#include "net/hosts_file.h"

namespace postrider::net {
namespace {

bool is_localhost(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

/// c-ares does not say when it could not open a socket: then the failure is ours, not the name's.
bool out_of_descriptors() {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno == EMFILE || errno == ENFILE;
    close(fd);
    return false;
}

/// Whether there is a route to it: connecting a datagram socket sends nothing.
bool has_route(const IpAddress& v6) {
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(443);
    std::memcpy(&to.sin6_addr, v6.bytes.data(), v6.bytes.size());
    const bool routed = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    close(fd);
    return routed;
}

/// The families in turn, IPv6 first where it can be reached: one dead family costs one address, not
/// all of them. Source: RFC 8305 section 4.
std::vector<IpAddress> interleave(const std::vector<IpAddress>& v4,
                                  const std::vector<IpAddress>& v6) {
    const bool v6_first = !v6.empty() && (v4.empty() || has_route(v6.front()));
    const auto& first = v6_first ? v6 : v4;
    const auto& second = v6_first ? v4 : v6;
    std::vector<IpAddress> addresses;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) addresses.push_back(first[i]);
        if (i < second.size()) addresses.push_back(second[i]);
    }
    return addresses;
}

class AresResolver final : public Resolver {
 public:
    AresResolver(EventLoop& loop, ResolverOptions options)
        : hosts_(options.hosts_file),
          clock_(loop.clock()),
          context_(loop.impl().context),
          deadlines_(context_, clock_) {
        set_servers(options.servers);
    }
    ~AresResolver() override {
        *self_ = nullptr;
        stop();
        channels_.clear();  // while the members that their last answers touch are still there
    }
    AresResolver(const AresResolver&) = delete;
    AresResolver& operator=(const AresResolver&) = delete;

    void resolve(const RealmId& realm, const std::string& host, Monotonic deadline,
                 Done done) override;
    std::size_t in_flight() const override { return in_flight_; }
    void stop() override;
    void set_servers(const std::string& servers);

 private:
    struct Query;
    /// Some servers, and how many queries they work on.
    struct Channel {
        explicit Channel(boost::asio::io_context& context, const std::string& servers)
            : ares(context, servers) {}
        std::size_t queries = 0;
        AresChannel ares;
    };
    /// One caller of one query.
    struct Waiter final : Deadline {
        AresResolver* resolver = nullptr;
        Query* query = nullptr;
        std::list<Waiter>::iterator place;
        Done done;
        void on_deadline() override { resolver->give_up_waiting(*this); }
    };
    /// One name that is being asked for, its two families by themselves.
    struct Query final : Deadline {
        AresResolver* resolver = nullptr;
        std::string host;
        RealmId realm;
        Channel* channel = nullptr;
        std::list<Waiter> waiters;
        AresAnswer answers[2];  ///< IPv4, IPv6
        int missing = 2;
        bool is_starting = true;
        bool is_answered = false;  ///< its waiters have their answer; c-ares is still at it
        void on_deadline() override { resolver->answer(*this); }
    };
    struct Cached {
        Lookup lookup;
        Monotonic until;
    };

    bool answer_without_asking(const std::string& host, Done& done);
    bool has_room_for(const RealmId& realm) const;
    void start(const RealmId& realm, const std::string& host, Monotonic deadline, Done done);
    void add_waiter(Query& query, Monotonic deadline, Done done);
    void on_part(Query& query, int part, AresAnswer answer);
    void advance(Query& query);
    void answer(Query& query);
    void forget(Query& query);
    void retire(Channel& channel);
    void give_up_waiting(Waiter& waiter);
    Lookup combine(const Query& query) const;
    void remember(const std::string& host, const Lookup& lookup, Duration ttl);

    HostsFile hosts_;
    const Clock& clock_;
    boost::asio::io_context& context_;
    DeadlineQueue deadlines_;
    std::unordered_map<std::string, Cached> cache_;
    std::unordered_map<std::string, Query*> open_;  ///< the queries that can still be joined
    std::unordered_map<Query*, std::unique_ptr<Query>> queries_;
    std::unordered_map<RealmId, std::size_t> in_flight_of_;
    std::size_t in_flight_ = 0;
    bool is_stopped_ = false;
    std::list<Channel> channels_;  ///< the last one is asked; those before it end their queries
    std::shared_ptr<AresResolver*> self_ = std::make_shared<AresResolver*>(this);
};

void AresResolver::resolve(const RealmId& realm, const std::string& host, Monotonic deadline,
                           Done done) {
    if (is_stopped_) return done({LookupStatus::failed, {}, "the resolver has stopped"});
    if (answer_without_asking(host, done)) return;
    if (const auto open = open_.find(host); open != open_.end()) {
        return add_waiter(*open->second, deadline, std::move(done));
    }
    if (const std::string& why = channels_.back().ares.broken(); !why.empty()) {
        return done({LookupStatus::failed, {}, why});
    }
    if (!has_room_for(realm)) {
        return done({LookupStatus::busy, {}, "too many names are being looked up at this time"});
    }
    start(realm, host, deadline, std::move(done));
}

bool AresResolver::answer_without_asking(const std::string& host, Done& done) {
    Lookup known{LookupStatus::ok, {}, {}};
    if (const auto literal = IpAddress::parse(host)) {
        known.addresses = {*literal};
    } else if (is_localhost(host)) {
        known.addresses = {*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
    } else if (const auto cached = cache_.find(host); cached != cache_.end()) {
        if (cached->second.until > clock_.monotonic()) {
            known = cached->second.lookup;
        } else {
            cache_.erase(cached);
        }
    }
    if (known.status == LookupStatus::ok && known.addresses.empty()) {
        known.addresses = hosts_.find(host);
        if (known.addresses.empty()) return false;
    }
    done(std::move(known));
    return true;
}

bool AresResolver::has_room_for(const RealmId& realm) const {
    if (in_flight_ >= limits::lookups_in_flight_max) return false;
    const auto of_realm = in_flight_of_.find(realm);
    return of_realm == in_flight_of_.end() ||
           of_realm->second < limits::lookups_in_flight_per_realm_max;
}

void AresResolver::start(const RealmId& realm, const std::string& host, Monotonic deadline,
                         Done done) {
    auto owned = std::make_unique<Query>();
    auto& query = *owned;
    query.resolver = this;
    query.host = host;
    query.realm = realm;
    query.channel = &channels_.back();
    ++query.channel->queries;
    queries_.emplace(&query, std::move(owned));
    open_.emplace(host, &query);
    ++in_flight_;
    ++in_flight_of_[realm];
    add_waiter(query, deadline, std::move(done));
    // An answer may come before ask() returns: it is only noted until both are asked.
    const int families[] = {AF_INET, AF_INET6};
    for (int part = 0; part < 2; ++part) {
        query.channel->ares.ask(host, families[part], [this, &query, part](AresAnswer answer) {
            on_part(query, part, std::move(answer));
        });
    }
    query.is_starting = false;
    advance(query);
}

void AresResolver::add_waiter(Query& query, Monotonic deadline, Done done) {
    auto& waiter = query.waiters.emplace_back();
    waiter.resolver = this;
    waiter.query = &query;
    waiter.place = std::prev(query.waiters.end());
    waiter.done = std::move(done);
    deadlines_.set(waiter, deadline);
}

void AresResolver::on_part(Query& query, int part, AresAnswer answer) {
    query.answers[part] = std::move(answer);
    --query.missing;
    if (!query.is_starting) advance(query);
}

void AresResolver::advance(Query& query) {
    using Status = AresAnswer::Status;
    if (query.missing == 0) {
        if (!query.is_answered) answer(query);
        return forget(query);
    }
    if (query.missing == 2 || query.is_answered) return;
    const bool has_addresses =
        !query.answers[0].addresses.empty() || !query.answers[1].addresses.empty();
    const bool has_no_name =
        query.answers[0].status == Status::no_name || query.answers[1].status == Status::no_name;
    // A name that does not exist has neither family (RFC 8020). A family that is slow is not waited
    // for when the other is there: some servers never answer for AAAA.
    if (has_no_name) return answer(query);
    if (has_addresses) {
        deadlines_.set(query, clock_.monotonic() + limits::lookup_other_family_wait);
    }
}

void AresResolver::answer(Query& query) {
    deadlines_.clear(query);
    query.is_answered = true;
    if (const auto open = open_.find(query.host); open != open_.end() && open->second == &query) {
        open_.erase(open);
    }
    const auto lookup = combine(query);
    Duration ttl = limits::lookup_ttl_min;
    if (lookup.status == LookupStatus::ok) {
        ttl = limits::lookup_ttl_max;
        for (const auto& part : query.answers) {
            if (!part.addresses.empty()) ttl = std::min(ttl, part.ttl);
        }
        ttl = std::max(ttl, limits::lookup_ttl_min);
    }
    const bool is_of_these_servers = query.channel == &channels_.back();
    if (lookup.status != LookupStatus::busy && is_of_these_servers && !is_stopped_) {
        remember(query.host, lookup, ttl);
    }
    // A callback may ask again, or stop the resolver.
    auto waiters = std::move(query.waiters);
    query.waiters.clear();
    for (auto& waiter : waiters) deadlines_.clear(waiter);
    for (auto& waiter : waiters) waiter.done(lookup);
}

void AresResolver::forget(Query& query) {
    deadlines_.clear(query);
    --in_flight_;
    const auto of_realm = in_flight_of_.find(query.realm);
    if (--of_realm->second == 0) in_flight_of_.erase(of_realm);
    Channel& channel = *query.channel;
    queries_.erase(&query);
    if (--channel.queries == 0) retire(channel);
}

void AresResolver::set_servers(const std::string& servers) {
    if (is_stopped_) return;
    channels_.emplace_back(context_, servers);
    cache_.clear();
    open_.clear();
    if (channels_.size() > 1) retire(*std::prev(channels_.end(), 2));
}

/// Ends a channel that is no longer asked, once it has nothing to do; later, since this may be
/// within one of its answers.
void AresResolver::retire(Channel& channel) {
    if (channel.queries > 0 || &channel == &channels_.back() || is_stopped_) return;
    boost::asio::post(context_, [this, self = self_] {
        if (*self == nullptr) return;
        channels_.remove_if([this](const Channel& each) {
            return each.queries == 0 && &each != &channels_.back();
        });
    });
}

void AresResolver::give_up_waiting(Waiter& waiter) {
    auto done = std::move(waiter.done);
    auto detail =
        fmt::format("the name servers gave no answer about {} in time", waiter.query->host);
    waiter.query->waiters.erase(waiter.place);
    done({LookupStatus::timeout, {}, std::move(detail)});
}

Lookup AresResolver::combine(const Query& query) const {
    using Status = AresAnswer::Status;
    const auto& [v4, v6] = query.answers;
    Lookup lookup;
    lookup.addresses = interleave(v4.addresses, v6.addresses);
    const auto either = [&](Status status) { return v4.status == status || v6.status == status; };
    if (!lookup.addresses.empty()) {
        lookup.status = LookupStatus::ok;
    } else if (either(Status::no_name)) {
        lookup.detail = fmt::format("{} does not exist", query.host);
    } else if (either(Status::timeout)) {
        lookup.status = LookupStatus::timeout;
        lookup.detail = fmt::format("the name servers gave no answer about {}", query.host);
    } else if (either(Status::failed) && out_of_descriptors()) {
        lookup.status = LookupStatus::busy;
        lookup.detail = "no descriptor was left for a look-up";
    } else if (either(Status::failed)) {
        const auto& failed = v4.status == Status::failed ? v4 : v6;
        lookup.detail = fmt::format("{} could not be resolved: {}", query.host, failed.detail);
    } else {
        lookup.detail = fmt::format("{} has no address", query.host);
    }
    return lookup;
}

void AresResolver::remember(const std::string& host, const Lookup& lookup, Duration ttl) {
    const auto now = clock_.monotonic();
    if (cache_.size() >= limits::lookup_cache_names_max) {
        std::erase_if(cache_, [&](const auto& entry) { return entry.second.until <= now; });
    }
    // Any one goes when all are fresh: who fills the cache with names has no claim on the best
    // rule.
    if (cache_.size() >= limits::lookup_cache_names_max) cache_.erase(cache_.begin());
    cache_[host] = {lookup, now + ttl};
}

void AresResolver::stop() {
    if (is_stopped_) return;
    is_stopped_ = true;
    std::list<Waiter> waiters;
    for (auto& [query, owned] : queries_) {
        deadlines_.clear(*query);
        query->is_answered = true;
        waiters.splice(waiters.end(), query->waiters);
    }
    open_.clear();
    for (auto& waiter : waiters) deadlines_.clear(waiter);
    for (auto& waiter : waiters)
        waiter.done({LookupStatus::failed, {}, "the resolver has stopped"});
}

}  // namespace

std::unique_ptr<Resolver> make_resolver(EventLoop& loop, ResolverOptions options) {
    return std::make_unique<AresResolver>(loop, std::move(options));
}

void set_servers(Resolver& resolver, const std::string& servers) {
    dynamic_cast<AresResolver&>(resolver).set_servers(servers);
}

}  // namespace postrider::net
