#include "webhooks/target_builder.h"

#include <algorithm>

#include "base/json.h"
#include "model/credential_limits.h"
#include "model/limits.h"
#include "webhooks/render.h"

namespace postrider::webhooks {
namespace {

constexpr std::string_view master_name = "master";

vault::Place place_of(const store::WebhookRow& row, std::string_view column) {
    return {row.realm, row.id.uuid, column};
}

std::unexpected<Error> corrupt_settings() {
    return fail(ErrorCode::corrupt, "the stored settings of a realm cannot be read");
}

Result<std::vector<net::Cidr>> networks_of(const json::Value& list) {
    if (list.as_array() == nullptr) return corrupt_settings();
    std::vector<net::Cidr> networks;
    for (const auto& element : *list.as_array()) {
        const auto* text = element.as_string();
        auto network = text == nullptr ? std::nullopt : net::Cidr::parse(*text);
        if (!network) return corrupt_settings();
        networks.push_back(std::move(*network));
    }
    return networks;
}

/// The keys among `keys` that are not also in `others`. FerrisKey's receivers look at one
/// signature: its former secret does not sign.
std::vector<SigningKey> without(std::vector<SigningKey> keys,
                                const std::vector<SigningKey>& others) {
    std::erase_if(keys, [&](const SigningKey& key) {
        if (key.scheme == SigningScheme::ferriskey) return true;
        return std::ranges::any_of(others, [&](const SigningKey& other) {
            return other.scheme == key.scheme && other.key == key.key;
        });
    });
    return keys;
}

void add_header(Target& target, std::string_view name, std::string_view value) {
    target.header_lines.append(name).append(": ").append(value).append("\r\n");
}

/// Each once, and no longer than it is: there may be ten thousand.
void pack(Target& target) {
    target.header_lines.shrink_to_fit();
    const auto& client = target.token_client;
    target.memory.headers = target.header_lines.size() + target.authorization.size();
    if (client != nullptr) {
        // And the token that it gets for them.
        target.memory.headers += client->id.size() + client->secret.size() + client->scope.size() +
                                 client->audience.size() + limits::access_token_bytes_max;
    }
    if (const auto& tls = target.client_tls; tls != nullptr) {
        target.memory.headers += tls->authorities.size() + tls->certificate.size() +
                                 tls->key.size() + tls->digest.size();
    }
    // A ready template is everybody's.
    if (target.controls.body_template) target.memory.body_template = target.body_template->bytes();
    target.controls.filter.reset();
    target.controls.body_template.reset();
}

}  // namespace

bool is_within(const net::Cidr& network, std::span<const net::Cidr> allowed) {
    return std::ranges::any_of(allowed, [&](const net::Cidr& wider) {
        return wider.prefix <= network.prefix && wider.contains(network.address);
    });
}

Result<RealmConditions> TargetBuilder::conditions(const store::RealmRow& realm) const {
    RealmConditions conditions{.name = realm.name,
                               .timeout = defaults_.timeout,
                               .retry_schedule = defaults_.retry_schedule,
                               .secret_overlap = limits::secret_overlap_default,
                               .policy = defaults_.policy};
    if (realm.settings.empty()) return conditions;
    auto settings = json::parse(realm.settings);
    if (!settings) return corrupt_settings();
    const auto duration = [&](std::string_view name, Duration& into) -> Result<void> {
        const auto* value = settings->find(name);
        if (value == nullptr || value->is_null()) return {};
        const auto parsed =
            value->as_string() == nullptr ? std::nullopt : parse_duration(*value->as_string());
        if (!parsed) return corrupt_settings();
        into = *parsed;
        return {};
    };
    POSTRIDER_TRY(duration("timeout", conditions.timeout));
    POSTRIDER_TRY(duration("secret_overlap", conditions.secret_overlap));
    const auto* schedule = settings->find("retry_schedule");
    if (schedule != nullptr && !schedule->is_null()) {
        POSTRIDER_ASSIGN(conditions.retry_schedule, parse_schedule(json::serialize(*schedule)));
    }
    const auto* networks = settings->find("allowed_networks");
    if (realm.name == master_name && networks != nullptr && !networks->is_null()) {
        net::EgressPolicy policy = *defaults_.policy;
        POSTRIDER_ASSIGN(policy.allowed_networks, networks_of(*networks));
        // What a store of another start, or of an older version, has beyond the flags does not
        // hold.
        std::erase_if(policy.allowed_networks, [&](const net::Cidr& network) {
            return !is_within(network, defaults_.policy->allowed_networks);
        });
        conditions.policy = master_policy(std::move(policy));
    }
    return conditions;
}

RealmConditions TargetBuilder::conditions_or_defaults(const store::RealmRow& realm) const {
    if (auto found = conditions(realm)) return std::move(*found);
    return {.name = realm.name,
            .timeout = defaults_.timeout,
            .retry_schedule = defaults_.retry_schedule,
            .secret_overlap = limits::secret_overlap_default,
            .policy = defaults_.policy};
}

std::shared_ptr<const net::EgressPolicy> TargetBuilder::master_policy(
    net::EgressPolicy policy) const {
    const MutexLock lock(mutex_);
    if (!master_policy_ || master_policy_->allowed_networks != policy.allowed_networks) {
        master_policy_ = std::make_shared<const net::EgressPolicy>(std::move(policy));
    }
    return master_policy_;
}

SharedTarget TargetBuilder::build(const store::WebhookRow& row,
                                  const RealmConditions& conditions) const {
    auto target = std::make_shared<Target>();
    target->realm = row.realm;
    target->webhook = row.id;
    target->enabled = row.enabled;
    target->tombstone = row.deleted_at.has_value();
    target->version = row.version;
    target->policy = conditions.policy;
    target->timeout = row.timeout.value_or(conditions.timeout);
    target->retry_schedule = conditions.retry_schedule;
    target->realm_name = conditions.name;
    if (!fill(*target, row, conditions)) target->unsealable = true;
    return target;
}

Result<void> TargetBuilder::fill(Target& target, const store::WebhookRow& row,
                                 const RealmConditions& conditions) const {
    const auto webhook = from_row(row);
    if (webhook.disabled_reason == DisabledReason::corrupt) {
        target.enabled = false;
        return fail(ErrorCode::corrupt, "the webhook cannot be read");
    }
    target.retry_schedule = webhook.retry_schedule.value_or(conditions.retry_schedule);
    target.controls = webhook.controls;
    POSTRIDER_ASSIGN(target.body_template, template_of(webhook.controls));
    POSTRIDER_ASSIGN(auto url, net::parse_url(row.url));
    target.url = std::make_shared<const net::Url>(std::move(url));
    POSTRIDER_ASSIGN(const auto headers, open_headers(row));
    for (const auto& [name, value] : headers) add_header(target, name, value);
    POSTRIDER_TRY(fill_authentication(target, row, webhook));
    if (webhook.controls.tls) {
        POSTRIDER_ASSIGN(auto tls, open_tls(row));
        target.client_tls = net::make_client_tls(std::move(tls.authorities),
                                                 std::move(tls.certificate), std::move(tls.key));
    }
    POSTRIDER_ASSIGN(const auto secret, open_secret(row));
    target.keys = signing_keys(secret, webhook.signing);
    if (row.previous_expires_at) {
        POSTRIDER_ASSIGN(const auto previous, open_previous_secret(row));
        target.previous_keys = without(signing_keys(previous, webhook.signing), target.keys);
        target.previous_expires_at = *row.previous_expires_at;
    }
    pack(target);
    return {};
}

Result<void> TargetBuilder::fill_authentication(Target& target, const store::WebhookRow& row,
                                                const Webhook& webhook) const {
    const auto& authentication = webhook.controls.authentication;
    if (!authentication) return {};
    POSTRIDER_ASSIGN(const auto credential, open_credential(row));
    if (authentication->type != AuthenticationType::oauth2) {
        target.authorization = authorization_of(*authentication, credential);
        add_header(target, "authorization", target.authorization);
        return {};
    }
    POSTRIDER_ASSIGN(auto url, net::parse_url(authentication->token_url));
    target.token_client = std::make_shared<const TokenClient>(
        TokenClient{.url = std::make_shared<const net::Url>(std::move(url)),
                    .id = authentication->client_id,
                    .secret = credential,
                    .scope = authentication->scope,
                    .audience = authentication->audience});
    return {};
}

Result<Headers> TargetBuilder::open_headers(const store::WebhookRow& row) const {
    if (row.headers.empty()) return Headers{};
    POSTRIDER_ASSIGN(const auto text,
                     vault_.open(place_of(row, vault::columns::webhook_headers), row.headers));
    return parse_headers_plaintext(text);
}

Result<SecretSet> TargetBuilder::open_secret(const store::WebhookRow& row) const {
    POSTRIDER_ASSIGN(const auto text,
                     vault_.open(place_of(row, vault::columns::webhook_secret), row.secret));
    return parse_plaintext(text);
}

Result<SecretSet> TargetBuilder::open_previous_secret(const store::WebhookRow& row) const {
    if (row.previous_secret.empty()) return SecretSet{};
    POSTRIDER_ASSIGN(
        const auto text,
        vault_.open(place_of(row, vault::columns::webhook_previous_secret), row.previous_secret));
    return parse_plaintext(text);
}

Result<std::string> TargetBuilder::open_credential(const store::WebhookRow& row) const {
    if (row.credential.empty()) return std::string();
    return vault_.open(place_of(row, vault::columns::webhook_credential), row.credential);
}

void TargetBuilder::seal_credential(store::WebhookRow& row, std::string_view credential) const {
    row.credential =
        credential.empty()
            ? std::string()
            : vault_.seal(place_of(row, vault::columns::webhook_credential), credential);
}

Result<ReceiverTls> TargetBuilder::open_tls(const store::WebhookRow& row) const {
    if (row.tls.empty()) return ReceiverTls{};
    POSTRIDER_ASSIGN(const auto text,
                     vault_.open(place_of(row, vault::columns::webhook_tls), row.tls));
    return parse_tls_plaintext(text);
}

void TargetBuilder::seal_tls(store::WebhookRow& row, const ReceiverTls& tls) const {
    const auto text = to_plaintext(tls);
    row.tls = text.empty() ? std::string()
                           : vault_.seal(place_of(row, vault::columns::webhook_tls), text);
}

void TargetBuilder::seal_headers(store::WebhookRow& row, const Headers& headers) const {
    row.headers = headers.empty() ? std::string()
                                  : vault_.seal(place_of(row, vault::columns::webhook_headers),
                                                headers_to_plaintext(headers));
}

void TargetBuilder::seal_secret(store::WebhookRow& row, const SecretSet& secret) const {
    row.secret = vault_.seal(place_of(row, vault::columns::webhook_secret), to_plaintext(secret));
}

void TargetBuilder::seal_previous_secret(store::WebhookRow& row, const SecretSet& secret) const {
    row.previous_secret =
        vault_.seal(place_of(row, vault::columns::webhook_previous_secret), to_plaintext(secret));
}

}  // namespace postrider::webhooks
