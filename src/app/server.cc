#include "app/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "access/api_keys.h"
#include "access/bootstrap.h"
#include "access/password_hasher.h"
#include "api/routes.h"
#include "app/beat.h"
#include "app/certificate.h"
#include "app/counter_keeper.h"
#include "app/housekeeper.h"
#include "app/node.h"
#include "app/open_store.h"
#include "app/overlook.h"
#include "app/process.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/random.h"
#include "config/shown.h"
#include "delivery/engine.h"
#include "directory/directory.h"
#include "directory/first_start.h"
#include "directory/logins.h"
#include "directory/reset_requests.h"
#include "events/publisher.h"
#include "feed/feed.h"
#include "http/running.h"
#include "model/limits.h"
#include "model/tls_limits.h"
#include "net/egress_policy.h"
#include "net/event_loop.h"
#include "net/http_sender.h"
#include "net/resolver.h"
#include "net/url.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "vault/open.h"
#include "webhooks/recoveries.h"
#include "webhooks/webhooks.h"

namespace postrider::app {

namespace {

std::string user_agent() { return "Postrider/" + std::string(version); }

/// What the store needs before the server is there.
struct Ground {
    SystemClock clock;
    SystemRandom random;
    telemetry::Metrics metrics;
    store::EventNews news;
};

/// Counts deliveries on their way from the writer to the engine.
class CountedSink final : public events::DeliverySink {
 public:
    CountedSink(events::DeliverySink& engine, telemetry::Metrics& metrics)
        : engine_(engine), metrics_(metrics) {}
    void offer(events::Offer offer) override {
        metrics_.deliveries_created.add();
        engine_.offer(std::move(offer));
    }

 private:
    events::DeliverySink& engine_;
    telemetry::Metrics& metrics_;
};

/// Every part, in the order in which they are made; each refers only to those above it, but for the
/// engine, whose actions on webhooks come about after it.
class ServerImpl final : public Server {
 public:
    ServerImpl(const config::Config& config, std::unique_ptr<Ground> ground,
               std::shared_ptr<const net::EgressPolicy> policy,
               std::optional<net::EgressProxy> proxy, std::unique_ptr<store::Store> store,
               vault::Vault vault)
        : config_(config),
          policy_(std::move(policy)),
          ground_(std::move(ground)),
          store_(std::move(store)),
          vault_(std::move(vault)),
          resolver_(net::make_resolver(loop_, {.servers = config.dns_servers})),
          // The User-Agent is the engine's.
          sender_(net::make_http_sender(
              loop_, *resolver_,
              {.ca_file = config.ca_file, .user_agent = {}, .proxy = std::move(proxy)})),
          engine_(
              delivery::make_engine(*store_, clock_, random_, loop_, *sender_, engine_options())),
          sink_(*engine_, metrics_),
          fan_out_(*store_, sink_),
          publisher_(sink_, fan_out_),
          feed_(*store_, ground_->news, clock_, loop_),
          cancellations_(*store_, fan_out_),
          rebuilds_(*store_),
          webhooks_(vault_, publisher_, cancellations_, rebuilds_, *engine_, random_,
                    {.timeout = config.timeout,
                     .retry_schedule = config.retry_schedule,
                     .policy = policy_}),
          directory_(*store_, publisher_, webhooks_, vault_, hasher_, keys_,
                     {.settings = {.timeout = config.timeout,
                                   .retry_schedule = config.retry_schedule,
                                   .allowed_networks = policy_->allowed_networks},
                      .realm_deleted = [this](const RealmId& realm) { keys_.remove_all(realm); }}),
          logins_(*store_, hasher_, clock_, random_, login_options()),
          reset_requests_(*store_, directory_.passwords(), random_),
          recoveries_(
              *store_,
              [this](const RealmId& realm, const WebhookId& webhook, store::CommitNumber commit) {
                  engine_->wake(realm, webhook, commit, {});
              },
              [](const RealmId& realm, const Error& error) {
                  log::warning("webhooks", "recovery waits",
                               {{"realm", realm}, {"reason", error.message}});
              }),
          housekeeper_(*store_, fan_out_, cancellations_, rebuilds_, recoveries_, directory_,
                       webhooks_.operational(), keys_, clock_, loop_),
          counter_keeper_(*store_, clock_, loop_),
          overlook_(*store_, clock_, loop_, metrics_),
          node_(*store_, webhooks_, rebuilds_, directory_, keys_, *engine_),
          context_{.whole_store = *store_,
                   .publisher = publisher_,
                   .feed = feed_,
                   .webhooks = webhooks_,
                   .recoveries = recoveries_,
                   .engine = *engine_,
                   .access = keys_,
                   .directory = directory_,
                   .logins = logins_,
                   .reset_requests = reset_requests_,
                   .clock = clock_,
                   .random = random_,
                   .resolver_loop = loop_,
                   .resolver = *resolver_,
                   .egress_policy = policy_,
                   .metrics_text = [this] { return metrics_.scrape(); },
                   .settings = {.payload_bytes_max = config.payload_bytes_max,
                                .version = std::string(version),
                                .origin = [this] { return origin(); }}},
          routes_(config.role == "deliver" ? api::meta_routes(context_)
                                           : api::all_routes(context_)) {}

    ~ServerImpl() override { stop(clock_.monotonic()); }

    /// What is kept in memory, before anything runs.
    Result<void> load();
    Result<void> start() override;
    void stop(Monotonic deadline) override;
    std::uint16_t port() const override { return http_->port(); }
    std::uint16_t metrics_port() const override {
        return metrics_http_ == nullptr ? std::uint16_t{0} : metrics_http_->port();
    }
    void refresh_certificate(bool asked) override;
    std::optional<config::Reload> reload(const Result<config::Config>& fresh) override;
    bool is_responsive() override { return api_beat_.answered() && engine_beat_.answered(); }
    std::string first_link() const override {
        if (!first_token_) return {};
        return origin() + "/set-password#realm=master&token=" + *first_token_;
    }
    const std::vector<http::Route>& routes() const override { return routes_; }

 private:
    delivery::EngineOptions engine_options();
    directory::LoginOptions login_options();
    Result<bool> disable_webhook(store::Transaction& tx, const RealmId& realm,
                                 const WebhookId& webhook, DisabledReason reason);
    http::ServerOptions http_options();
    Result<void> start_metrics();
    store::NodeRole role() const;
    void watch();
    /// A server that only shows its routes has no port. Thread-safety: any thread.
    std::string origin() const {
        MutexLock lock(running_mutex_);
        return running_.origin(port_);
    }
    void apply(const config::Config& was, const config::Config& next,
               const net::Authorities& authorities);
    void run_after(Duration wait, std::function<void()> task);

    const config::Config config_;
    const std::shared_ptr<const net::EgressPolicy> policy_;
    const std::unique_ptr<Ground> ground_;
    const SystemClock& clock_ = ground_->clock;
    SystemRandom& random_ = ground_->random;
    telemetry::Metrics& metrics_ = ground_->metrics;
    std::unique_ptr<store::Store> store_;
    vault::Vault vault_;
    net::EventLoop loop_{clock_};  // run by the engine's thread
    std::unique_ptr<net::Resolver> resolver_;
    std::unique_ptr<net::HttpSender> sender_;
    std::unique_ptr<delivery::Engine> engine_;
    CountedSink sink_;
    events::FanOut fan_out_;
    events::Publisher publisher_;
    events::MatchQueue match_queue_{
        clock_, [this](store::PublishWork work) { store_->publish(std::move(work)); }};
    feed::Feed feed_;
    webhooks::Cancellations cancellations_;
    webhooks::TargetRebuilds rebuilds_;
    webhooks::Webhooks webhooks_;
    access::ApiKeys keys_;
    access::PasswordHasher hasher_;
    directory::Directory directory_;
    directory::Logins logins_;
    directory::ResetRequests reset_requests_;
    webhooks::Recoveries recoveries_;
    Housekeeper housekeeper_;
    CounterKeeper counter_keeper_;
    Overlook overlook_;
    Node node_;
    api::Context context_;
    std::vector<http::Route> routes_;
    std::unique_ptr<http::Server> http_;
    /// Where it listens; what was asked for until it does. The engine asks before that.
    std::atomic<std::uint16_t> port_{0};
    std::unique_ptr<http::Server> metrics_http_;
    std::unique_ptr<Certificate> certificate_;  // none: plain http
    std::shared_ptr<const http::TlsIdentity> tls_;
    mutable Mutex running_mutex_;
    /// config_ with what was reloaded; the caller of start() alone changes it.
    config::Config running_ GUARDED_BY(running_mutex_) = config_;
    Beat engine_beat_{[this](std::function<void()> task) { loop_.post(std::move(task)); }};
    Beat api_beat_{[this](std::function<void()> task) { http::post(*http_, std::move(task)); }};
    std::optional<std::string> first_token_;
    bool is_running_ = false;
};

delivery::EngineOptions ServerImpl::engine_options() {
    const std::size_t descriptors = raise_descriptor_limit();
    const std::size_t for_attempts = descriptors > 2 * limits::descriptors_reserved
                                         ? descriptors - limits::descriptors_reserved
                                         : descriptors / 2;
    std::optional<delivery::Ownership> ownership;
    if (store::Cluster* cluster = store_->cluster()) {
        ownership = delivery::Ownership{
            .hold =
                [cluster](store::Transaction& tx, std::span<const store::OwnedLane> lanes) {
                    return cluster->hold(tx, lanes);
                },
            .elsewhere = [cluster](const WebhookId& webhook) { cluster->hint(webhook); },
            .released = [cluster](const store::OwnedLane& lane) { cluster->released(lane); },
            .lost = [cluster] { cluster->lane_lost(); }};
    }
    return {.flight_file = config_.data + "/flight",
            .user_agent = user_agent(),
            .origin = [this] { return origin(); },
            .attempts_in_flight_max = std::min(limits::attempts_in_flight_max, for_attempts),
            .actions = {.disable =
                            [this](store::Transaction& tx, const RealmId& realm,
                                   const WebhookId& webhook, DisabledReason reason) {
                                return disable_webhook(tx, realm, webhook, reason);
                            },
                        .purge_if_final =
                            [this](store::Transaction& tx, const RealmId& realm,
                                   const WebhookId& webhook) {
                                return webhooks_.purge_if_final(tx, realm, webhook);
                            },
                        .operational = &webhooks_.operational()},
            .ownership = std::move(ownership),
            .secret_of =
                [this](store::sql::Connection& sql, const store::DeliveryRow& delivery) {
                    return directory_.reset_mail().token_of(sql, delivery, clock_.now());
                },
            .attempted =
                [this](OutcomeReason reason, const AttemptTimings& timings) {
                    metrics_.attempted(reason, timings);
                }};
}

directory::LoginOptions ServerImpl::login_options() {
    return {
        .after = [this](Duration wait,
                        std::function<void()> task) { run_after(wait, std::move(task)); },
        // Every node has the vault's key, and nobody else.
        .device_secret = hmac_sha256(vault_.ring().primary().bytes, {"postrider device cookies"}),
        .failed = [this] { metrics_.logins_failed.add(); },
        .tell =
            [](const directory::FailedLogins::Summary& summary) {
                log::warning("access", "logins failed",
                             {{"count", summary.failures},
                              {"accounts", summary.accounts},
                              {"last_address", summary.address}});
            }};
}

Result<bool> ServerImpl::disable_webhook(store::Transaction& tx, const RealmId& realm,
                                         const WebhookId& webhook, DisabledReason reason) {
    POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(tx.sql(), realm, webhook));
    if (row && row->enabled && !row->deleted_at) {
        const auto found = store::realms_table::find(tx.sql(), realm);
        const std::string realm_name = found && *found ? (*found)->name : realm.to_string();
        tx.after_commit([name = row->name, realm_name, webhook, reason] {
            log::warning("delivery", "webhook disabled",
                         {{"name", name},
                          {"realm", realm_name},
                          {"webhook", webhook},
                          {"reason", to_string(reason)}});
        });
    }
    return webhooks_.disable(tx, realm, webhook, reason, Actor::system("engine"));
}

Result<void> ServerImpl::load() {
    publisher_.set_bell(feed_);
    publisher_.set_match_queue(match_queue_);
    store_->set_publish_handler(
        [this](store::Transaction& tx, std::span<store::PublishWork*> works,
               std::span<Result<store::PublishAnswer>> answers) -> Result<std::size_t> {
            POSTRIDER_ASSIGN(const auto count, publisher_.publish_works(tx, works, answers));
            std::size_t accepted = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const bool is_accepted =
                    answers[i] && !answers[i]->replayed && !answers[i]->instead;
                if (is_accepted) accepted += works[i]->events.size();
            }
            tx.after_commit([this, accepted] { metrics_.events_accepted.add(accepted); });
            return count;
        });
    POSTRIDER_TRY(directory_.start());
    publisher_.set_master(directory_.realms().master());
    for (const std::string& retired : directory_.retired_settings()) {
        log::warning("app", "a setting of an older version has ended",
                     {{"setting", retired},
                      {"instead", "password_reset_webhook: postrider realm settings"}});
    }
    POSTRIDER_ASSIGN(const auto bootstrapped,
                     access::bootstrap(*store_, keys_,
                                       {.token = config_.bootstrap_token,
                                        .token_file = config_.data + "/admin-token",
                                        .master = directory_.realms().master()},
                                       random_));
    if (bootstrapped == access::BootstrapResult::generated) {
        log::info("app", "the first API key is in a file",
                  {{"file", config_.data + "/admin-token"}});
    }
    POSTRIDER_ASSIGN(first_token_, directory::welcome_administrator(directory_, *store_, random_,
                                                                    config_.admin_password));
    watch();
    return webhooks_.load_targets(*store_);
}

void ServerImpl::run_after(Duration wait, std::function<void()> task) {
    loop_.post([this, at = clock_.monotonic() + wait, task = std::move(task)] {
        const std::shared_ptr<net::EventLoop::Timer> timer = loop_.make_timer();
        timer->expire_at(at, [timer, task] { task(); });
    });
}

/// What others count, told to the metrics at each scrape.
void ServerImpl::watch() {
    metrics_.before_scrape([this](telemetry::Metrics& metrics) {
        const delivery::EngineCounts counts = engine_->counts();
        metrics.ended(DeliveryState::delivered).set(counts.delivered);
        metrics.ended(DeliveryState::failed).set(counts.failed);
        metrics.attempts_in_flight.set(static_cast<std::int64_t>(counts.in_flight));
        metrics.deliveries_held.set(static_cast<std::int64_t>(counts.held));
        metrics.lanes_behind.set(static_cast<std::int64_t>(counts.lanes_behind));
        metrics.connections.set(
            static_cast<std::int64_t>(http_ == nullptr ? 0 : http::open_connections(*http_)));
        metrics.feed_waits.set(static_cast<std::int64_t>(feed_.waiting()));
        metrics.feed_bytes.set(static_cast<std::int64_t>(feed_.bytes_of_pages()));
        if (http_ != nullptr) {
            const http::Budget inbound = http::inbound_bytes(*http_);
            metrics.inbound_bytes.set(static_cast<std::int64_t>(inbound.used));
            metrics.inbound_bytes_max.set(static_cast<std::int64_t>(inbound.total));
        }
        metrics.reads_waiting.set(static_cast<std::int64_t>(store_->reads_waiting()));
        metrics.hashes_waiting.set(static_cast<std::int64_t>(hasher_.waiting()));
        metrics.matches_waiting.set(static_cast<std::int64_t>(match_queue_.waiting()));
        if (const store::Cluster* cluster = store_->cluster()) {
            const auto nodes = cluster->counts();
            metrics.nodes.set(static_cast<std::int64_t>(nodes.nodes));
            metrics.lanes_owned.set(static_cast<std::int64_t>(nodes.lanes));
            metrics.lanes_taken_over.set(nodes.taken_over);
        }
        metrics.disk_full.set(store_->is_disk_full() ? 1 : 0);
        metrics.log_lines_dropped.set(log::lines_dropped());
    });
}

/// HSTS (RFC 6797) is for names that people reach the server by; a browser would hold localhost to
/// it.
std::string strict_transport_of(const config::Config& config) {
    const auto url = net::parse_url(config.public_url);
    if (!url || !url->is_tls() || url->is_ip_literal || url->host == "localhost") return {};
    using std::chrono::duration_cast;
    return fmt::format(
        "max-age={}",
        duration_cast<std::chrono::seconds>(limits::strict_transport_lifetime).count());
}

std::function<bool(std::string_view)> trust_of(const config::Config& config) {
    std::vector<net::Cidr> proxies;
    for (const std::string& network : config.trusted_proxies) {
        if (const auto cidr = net::Cidr::parse(network)) proxies.push_back(*cidr);
    }
    if (proxies.empty()) return nullptr;
    return [proxies](std::string_view address) {
        const auto parsed = net::IpAddress::parse(address);
        return parsed && std::ranges::any_of(proxies, [&](const net::Cidr& network) {
                   return network.contains(*parsed);
               });
    };
}

http::Edge edge_of(const config::Config& config) {
    return {.strict_transport = strict_transport_of(config),
            .cors_origins = config.cors_origins,
            .is_trusted_proxy = trust_of(config)};
}

http::ServerOptions ServerImpl::http_options() {
    return {.address = config_.listen.address,
            .port = config_.listen.port,
            .add_holders = api::add_holders,
            .tls = tls_,
            .edge = edge_of(config_),
            .observer = [this](const http::Answered& answered) {
                metrics_.request(answered.status, answered.duration);
                if (!log::enabled(LogLevel::debug)) return;
                log::debug("http", "answered",
                           {{"request", answered.id},
                            {"operation", answered.operation},
                            {"status", answered.status},
                            {"duration", answered.duration}});
            }};
}

/// For a scraper inside the operator's network: nothing else is there.
Result<void> ServerImpl::start_metrics() {
    http::Route route{
        .method = "GET",
        .path = "/metrics",
        .operation = "get_metrics",
        .handler = [this](http::Request&, const http::Responder& responder) {
            responder.send({.status = 200,
                            .content_type = "text/plain; version=0.0.4; charset=utf-8",
                            .body = metrics_.scrape()});
        }};
    metrics_http_ = http::make_server(clock_,
                                      {.address = config_.metrics_listen->address,
                                       .port = config_.metrics_listen->port,
                                       .connections_max = limits::metrics_connections_max,
                                       .listen_option = "--metrics-listen"},
                                      {std::move(route)}, nullptr);
    return metrics_http_->start();
}

store::NodeRole ServerImpl::role() const {
    if (config_.role == "api") return store::NodeRole::api;
    return config_.role == "deliver" ? store::NodeRole::deliver : store::NodeRole::all;
}

void ServerImpl::refresh_certificate(bool asked) {
    if (certificate_ == nullptr || !(asked || certificate_->has_changed())) return;
    auto loaded = certificate_->load(clock_.now());
    if (!loaded) {
        return log::warning("app", "the old certificate stays",
                            {{"reason", loaded.error().message}});
    }
    http_->set_tls(std::move(*loaded));
    log::info("app", "the certificate was read again", {{"file", certificate_->file()}});
}

std::optional<config::Reload> ServerImpl::reload(const Result<config::Config>& fresh) {
    const auto refuse = [this](const std::string& reason) -> std::optional<config::Reload> {
        metrics_.config_reloads_refused.add();
        metrics_.config_last_reload_successful.set(0);
        log::error("app", "the configuration was not read again, the old one stays",
                   {{"reason", reason}});
        return std::nullopt;
    };
    if (!fresh) return refuse(fresh.error().message);
    config::Config running;
    {
        MutexLock lock(running_mutex_);
        running = running_;
    }
    config::Config next = running;
    config::Reload result = config::reload(next, *fresh);
    // What can fail comes first: a configuration is taken as a whole or not at all.
    net::Authorities authorities;
    if (!next.ca_file.empty()) {
        auto read = net::load_authorities(next.ca_file);
        if (!read) return refuse(read.error().message);
        authorities = std::move(*read);
    }
    if (next.tls_cert != running.tls_cert || next.tls_key != running.tls_key) {
        auto certificate = std::make_unique<Certificate>(
            http::TlsFiles{.certificate = next.tls_cert, .key = next.tls_key});
        auto loaded = certificate->load(clock_.now());
        if (!loaded) return refuse(loaded.error().message);
        http_->set_tls(std::move(*loaded));
        certificate_ = std::move(certificate);
    }
    apply(running, next, authorities);
    metrics_.config_reloads_applied.add();
    metrics_.config_last_reload_successful.set(1);
    return result;
}

void ServerImpl::apply(const config::Config& was, const config::Config& next,
                       const net::Authorities& authorities) {
    http_->set_edge(edge_of(next));
    if (next.dns_servers != was.dns_servers) {
        loop_.post([this, servers = next.dns_servers] { net::set_servers(*resolver_, servers); });
    }
    // The file may have changed, as those of the certificate; the system's are read at a start.
    if (!next.ca_file.empty() || !was.ca_file.empty()) {
        loop_.post([this, authorities] { net::set_authorities(*sender_, authorities); });
    }
    MutexLock lock(running_mutex_);
    running_ = next;
}

Result<void> ServerImpl::start() {
    if (config_.has_tls()) {
        certificate_ = std::make_unique<Certificate>(
            http::TlsFiles{.certificate = config_.tls_cert, .key = config_.tls_key});
        POSTRIDER_ASSIGN(tls_, certificate_->load(clock_.now()));
    }
    is_running_ = true;
    port_ = config_.listen.port;
    if (config_.metrics_listen) POSTRIDER_TRY(start_metrics());
    POSTRIDER_TRY(engine_->start());
    if (store::Cluster* cluster = store_->cluster()) {
        POSTRIDER_TRY(cluster->join(node_, role(), config_.listen.to_string()));
    }
    housekeeper_.start();
    counter_keeper_.start();
    overlook_.start();
    http_ = http::make_server(clock_, http_options(), routes_, api::make_gate(context_));
    POSTRIDER_TRY(http_->start());
    port_ = http_->port();
    return {};
}

void ServerImpl::stop(Monotonic deadline) {
    if (!is_running_) {
        match_queue_.stop();
        hasher_.stop();
        return store_->stop();
    }
    is_running_ = false;
    store::Cluster* cluster = store_->cluster();
    if (cluster != nullptr) cluster->retire();
    feed_.stop();
    if (http_ != nullptr) http_->stop(deadline);
    if (metrics_http_ != nullptr) metrics_http_->stop(deadline);
    match_queue_.stop();
    hasher_.stop();
    housekeeper_.stop();
    counter_keeper_.stop();
    overlook_.stop();
    engine_->stop(deadline);
    if (cluster != nullptr) cluster->leave();
    store_->stop();
}

}  // namespace

Result<std::shared_ptr<const net::EgressPolicy>> make_policy(const config::Config& config) {
    auto policy = std::make_shared<net::EgressPolicy>();
    policy->allow_http = config.allow_http;
    for (const std::string& network : config.allow_networks) {
        const auto cidr = net::Cidr::parse(network);
        if (!cidr) {
            return fail(ErrorCode::invalid_argument,
                        "--allow-network " + network +
                            " is no network such as 10.0.0.0/8 or fd00::/8, with no bit set "
                            "below the prefix");
        }
        policy->allowed_networks.push_back(*cidr);
    }
    return policy;
}

Result<std::optional<net::EgressProxy>> make_proxy(const config::Config& config) {
    if (config.egress_proxy.empty()) return std::nullopt;
    std::string credentials = config.egress_proxy_credentials;
    if (!config.egress_proxy_credentials_file.empty()) {
        POSTRIDER_ASSIGN(credentials, read_file(config.egress_proxy_credentials_file,
                                                limits::proxy_credentials_bytes_max));
        while (credentials.ends_with('\n') || credentials.ends_with('\r')) credentials.pop_back();
    }
    auto proxy = net::make_egress_proxy(config.egress_proxy, credentials);
    if (!proxy) {
        return fail(ErrorCode::invalid_argument,
                    "the egress proxy " + config.egress_proxy + " " + proxy.error().message);
    }
    return std::move(*proxy);
}

Result<std::unique_ptr<Server>> make_server(const config::Config& config) {
    if (config.role != "all" && config.database_url.empty()) {
        return fail(ErrorCode::invalid_argument,
                    "--role " + config.role +
                        " is for nodes that share a PostgreSQL database; give its --database, or "
                        "leave --role out");
    }
    POSTRIDER_ASSIGN(auto policy, make_policy(config));
    POSTRIDER_ASSIGN(auto proxy, make_proxy(config));
    if (!config.ca_file.empty()) POSTRIDER_TRY(net::check_ca_file(config.ca_file));
    POSTRIDER_TRY(make_data_folder(config.data));
    auto ground = std::make_unique<Ground>();
    POSTRIDER_ASSIGN(auto store,
                     open_store(
                         config, StoreUse::serving,
                         [&metrics = ground->metrics](const store::CommitReport& report) {
                             metrics.commits.add();
                             metrics.commit_works.add(report.works);
                             metrics.commit_duration.observe(report.duration);
                             metrics.writer_queue.set(static_cast<std::int64_t>(report.waiting));
                             metrics.wal_bytes.set(static_cast<std::int64_t>(report.wal_bytes));
                         },
                         ground->clock, ground->random, &ground->news));
    const vault::KeySource keys{.text = config.key, .file = config.key_file};
    POSTRIDER_ASSIGN(auto vault, vault::open_vault(*store, keys, ground->random));
    auto server =
        std::make_unique<ServerImpl>(config, std::move(ground), std::move(policy), std::move(proxy),
                                     std::move(store), std::move(vault));
    POSTRIDER_TRY(server->load());
    return server;
}

}  // namespace postrider::app
