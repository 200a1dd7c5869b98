#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "net/egress_policy.h"
#include "store/rows.h"
#include "vault/vault.h"
#include "webhooks/secret.h"
#include "webhooks/target.h"
#include "webhooks/webhook.h"

namespace postrider::webhooks {

/// What holds where neither the webhook nor its realm says otherwise.
struct Defaults {
    Duration timeout{0};
    std::vector<Duration> retry_schedule;
    std::shared_ptr<const net::EgressPolicy> policy;
};

/// What a realm's settings make of the defaults.
struct RealmConditions {
    std::string name;
    Duration timeout{0};
    std::vector<Duration> retry_schedule;
    Duration secret_overlap{0};
    /// Of `master` with the networks of its settings alone, which are never wider than the
    /// operator's; the pools of connections are keyed by it, so the same rules are the same object.
    std::shared_ptr<const net::EgressPolicy> policy;

    bool operator==(const RealmConditions&) const = default;
};

/// Whether every address of `network` is in one of the networks that are allowed.
bool is_within(const net::Cidr& network, std::span<const net::Cidr> allowed);

/// Opens what a row has sealed, and makes Targets of rows. Thread-safety: any thread.
class TargetBuilder {
 public:
    TargetBuilder(const vault::Vault& vault, Defaults defaults)
        : vault_(vault), defaults_(std::move(defaults)) {}

    /// Errors: corrupt (settings that cannot be read).
    Result<RealmConditions> conditions(const store::RealmRow& realm) const;
    /// The server's own where the realm's cannot be read.
    RealmConditions conditions_or_defaults(const store::RealmRow& realm) const;
    /// Never fails: what cannot be opened or read is `unsealable`, and every attempt says so.
    SharedTarget build(const store::WebhookRow& row, const RealmConditions& conditions) const;

    /// Errors of each: corrupt.
    Result<Headers> open_headers(const store::WebhookRow& row) const;
    Result<SecretSet> open_secret(const store::WebhookRow& row) const;
    /// Empty when there is none.
    Result<SecretSet> open_previous_secret(const store::WebhookRow& row) const;
    void seal_headers(store::WebhookRow& row, const Headers& headers) const;
    void seal_secret(store::WebhookRow& row, const SecretSet& secret) const;
    /// What `authentication` masks; empty when there is none.
    Result<std::string> open_credential(const store::WebhookRow& row) const;
    void seal_credential(store::WebhookRow& row, std::string_view credential) const;
    /// The texts of `tls`; all empty when there are none.
    Result<ReceiverTls> open_tls(const store::WebhookRow& row) const;
    void seal_tls(store::WebhookRow& row, const ReceiverTls& tls) const;
    void seal_previous_secret(store::WebhookRow& row, const SecretSet& secret) const;

 private:
    Result<void> fill(Target& target, const store::WebhookRow& row,
                      const RealmConditions& conditions) const;
    Result<void> fill_authentication(Target& target, const store::WebhookRow& row,
                                     const Webhook& webhook) const;

    const vault::Vault& vault_;
    Defaults defaults_;
    std::shared_ptr<const net::EgressPolicy> master_policy(net::EgressPolicy policy) const;

    mutable Mutex mutex_;
    mutable std::shared_ptr<const net::EgressPolicy> master_policy_ GUARDED_BY(mutex_);
};

}  // namespace postrider::webhooks
