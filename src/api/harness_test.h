#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/api_keys.h"
#include "api/routes.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/mutex.h"
#include "delivery/engine.h"
#include "directory/directory.h"
#include "directory/logins.h"
#include "directory/reset_requests.h"
#include "events/publisher.h"
#include "feed/feed.h"
#include "net/egress_policy.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"
#include "vault/vault.h"
#include "webhooks/recover.h"
#include "webhooks/recoveries.h"
#include "webhooks/webhooks.h"

namespace postrider::api {

/// An engine that delivers nothing and remembers what it was told.
class FakeEngine final : public delivery::Engine {
 public:
    void offer(events::Offer offer) override {
        MutexLock lock(mutex_);
        offered_.push_back(std::move(offer));
    }
    void target_changed(webhooks::SharedTarget) override {}
    void target_rebuilt(webhooks::SharedTarget) override {}
    void target_removed(const WebhookId&) override {}
    void send_test(events::Offer, std::function<void(Result<void>)> done) override { done({}); }
    void wake(const RealmId&, const WebhookId& webhook, store::CommitNumber,
              std::optional<DeliveryId>) override {
        MutexLock lock(mutex_);
        woken_.push_back(webhook);
    }
    void look(std::vector<delivery::Asked> asked,
              std::function<void(std::vector<std::optional<delivery::Wait>>)> then) override {
        then(std::vector<std::optional<delivery::Wait>>(asked.size(), delivery::Wait{}));
    }
    delivery::EngineCounts counts() const override { return {}; }
    Result<void> start() override { return {}; }
    void stop(Monotonic) override {}

    std::vector<events::Offer> offered() {
        MutexLock lock(mutex_);
        return offered_;
    }
    std::vector<WebhookId> woken() {
        MutexLock lock(mutex_);
        return woken_;
    }

 private:
    Mutex mutex_;
    std::vector<events::Offer> offered_ GUARDED_BY(mutex_);
    std::vector<WebhookId> woken_ GUARDED_BY(mutex_);
};

/// A request by its operation, as the router would hand it over.
struct Ask {
    std::string operation;
    std::vector<std::pair<std::string, std::string>> path;  ///< parameters
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> query = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string token = "token-of-master";
};

struct Got {
    int status = 0;
    json::Value body;
    std::map<std::string, std::string> headers;

    std::string problem() const {
        const json::Value* type = body.find("type");
        if (type == nullptr || type->as_string() == nullptr) return {};
        return type->as_string()->substr(type->as_string()->rfind('/') + 1);
    }
    /// The member as text: a string as it is, anything else as JSON; "" when there is none.
    std::string text(std::string_view name) const {
        const json::Value* member = body.find(name);
        if (member == nullptr) return {};
        return member->as_string() != nullptr ? *member->as_string() : json::serialize(*member);
    }
    const json::Array& items() const { return *body.find("items")->as_array(); }
};

/// Every route over a real store, with an engine that delivers nothing.
class Harness {
 public:
    Harness() {
        store_->set_publish_handler([this](store::Transaction& tx,
                                           std::span<store::PublishWork*> works,
                                           std::span<Result<store::PublishAnswer>> answers) {
            return publisher_.publish_works(tx, works, answers);
        });
        CHECK(directory_.start().has_value());
        add_key("token-of-master", directory_.realms().master(), all_names());
    }
    ~Harness() {
        hasher_.stop();
        store_->stop();
    }

    void add_key(std::string_view token, const RealmId& realm, std::string permissions) {
        keys_.put({.realm = realm,
                   .id = ApiKeyId{Uuid::from_bytes(random().bytes(16))},
                   .name = std::string(token),
                   .hash = sha256(token),
                   .permissions = std::move(permissions),
                   .created_at = {},
                   .expires_at = {},
                   .last_used_at = {}},
                  directory_.realms().master());
    }

    Got ask(const Ask& ask) {
        const http::Route* route = nullptr;
        for (const http::Route& candidate : routes_) {
            if (candidate.operation == ask.operation) route = &candidate;
        }
        CHECK(route != nullptr);
        http::Request request;
        request.method = route->method;
        request.path = route->path;
        request.body = ask.body;
        request.headers = ask.headers;
        if (!ask.token.empty())
            request.headers.emplace_back("authorization", "Bearer " + ask.token);
        request.query = ask.query;
        request.path_parameters = ask.path;
        request.id = "request-1";
        auto said = std::make_shared<std::promise<http::Verdict>>();
        gate_(request, *route,
              [said](http::Verdict verdict) { said->set_value(std::move(verdict)); });
        http::Verdict verdict = said->get_future().get();
        if (verdict.refused) return got(std::move(*verdict.refused));
        request.admission = std::move(verdict.admission);
        auto sink = std::make_shared<Sink>();
        auto answered = sink->response.get_future();
        route->handler(request, http::Responder(sink));
        return got(answered.get());
    }

    store::TemporaryStore& store() { return store_; }
    FakeEngine& engine() { return engine_; }
    const directory::Directory& directory() const { return directory_; }
    Random& random() { return store_.random; }
    const RouteList& routes() const { return routes_; }

    static std::string all_names() {
        std::string names = "[";
        for (access::Permission permission : access::all_permissions()) {
            names += (names.size() > 1 ? ",\"" : "\"") + std::string(to_string(permission)) + '"';
        }
        return names + "]";
    }

 private:
    struct Sink final : http::Responder::Sink {
        void send(http::Response sent) override { response.set_value(std::move(sent)); }
        std::promise<http::Response> response;
    };
    static Got got(http::Response response) {
        Got got{.status = response.status, .body = {}, .headers = {}};
        if (auto body = json::parse(response.body)) got.body = std::move(*body);
        for (auto& [name, value] : response.headers) got.headers[name] = value;
        return got;
    }

    store::TemporaryStore store_;
    vault::Vault vault_{vault::KeyRing::generate(store_.random)};
    std::shared_ptr<const net::EgressPolicy> policy_ = std::make_shared<net::EgressPolicy>();
    net::EventLoop loop_{store_.clock};
    std::unique_ptr<net::Resolver> resolver_ = net::make_resolver(loop_, {});
    FakeEngine engine_;
    events::Publisher publisher_{engine_};
    store::EventNews news_;
    feed::Feed feed_{*store_, news_, store_.clock, loop_};
    events::FanOut fan_out_{*store_, engine_};
    webhooks::Cancellations cancellations_{*store_, fan_out_};
    webhooks::TargetRebuilds rebuilds_{*store_};
    webhooks::Webhooks webhooks_{vault_,
                                 publisher_,
                                 cancellations_,
                                 rebuilds_,
                                 engine_,
                                 store_.random,
                                 {.timeout = 15s, .retry_schedule = {}, .policy = policy_}};
    access::PasswordHasher hasher_;
    access::ApiKeys keys_;
    directory::Directory directory_{
        *store_,
        publisher_,
        webhooks_,
        vault_,
        hasher_,
        keys_,
        {.settings = {.timeout = 15s, .retry_schedule = {}, .allowed_networks = {}},
         .realm_deleted = {}}};
    directory::Logins logins_{*store_,
                              hasher_,
                              store_.clock,
                              store_.random,
                              {.after = [](Duration, const std::function<void()>& task) { task(); },
                               .device_secret = "for tests",
                               .failed = {},
                               .tell = {}}};
    directory::ResetRequests reset_requests_{*store_, directory_.passwords(), store_.random};
    webhooks::Recoveries recoveries_{*store_, [](auto&&...) {}};
    Context context_{
        .whole_store = *store_,
        .publisher = publisher_,
        .feed = feed_,
        .webhooks = webhooks_,
        .recoveries = recoveries_,
        .engine = engine_,
        .access = keys_,
        .directory = directory_,
        .logins = logins_,
        .reset_requests = reset_requests_,
        .clock = store_.clock,
        .random = store_.random,
        .resolver_loop = loop_,
        .resolver = *resolver_,
        .egress_policy = policy_,
        .metrics_text = [] { return "postrider_up 1\n"; },
        .settings = {.version = "test", .origin = [] { return "http://127.0.0.1:8080"; }}};
    RouteList routes_ = all_routes(context_);
    http::Gate gate_ = make_gate(context_);
};

}  // namespace postrider::api
