#include "api/plain_http.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "model/limits.h"
#include "net/egress_policy.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "store/tables.h"
#include "webhooks/webhooks.h"

namespace postrider::api {
namespace {

using SharedPolicy = std::shared_ptr<const net::EgressPolicy>;

bool is_unreachable(const net::Lookup& lookup, const net::EgressPolicy& policy) {
    if (lookup.status == net::LookupStatus::timeout || lookup.status == net::LookupStatus::busy) {
        return false;
    }
    return std::ranges::none_of(lookup.addresses, [&](const net::IpAddress& address) {
        return policy.passes(address, false);
    });
}

Error unreachable() {
    const char* detail =
        "is plain http, and its name does not resolve to an address that plain http may reach; use "
        "https, correct the name, or have its network allowed with --allow-network";
    Error error{ErrorCode::invalid_argument, std::string("The URL ") + detail + ".", {}, nullptr};
    error.fields.push_back({"#/url", {}, {}, detail});
    return error;
}

/// The policy of the realm; null: there is nothing to look up.
Result<SharedPolicy> policy_for(store::sql::Connection& sql, webhooks::Webhooks& webhooks,
                                const RealmId& realm, const net::Url& url,
                                std::optional<WebhookId> existing) {
    if (existing) {
        POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, *existing));
        if (row && row->url == url.to_string()) return SharedPolicy();
    }
    POSTRIDER_ASSIGN(const auto conditions, webhooks.conditions_of(sql, realm));
    // What it refuses without a look-up is told with every other bad field.
    if (conditions.policy->allow_http || !conditions.policy->check(url)) return SharedPolicy();
    return conditions.policy;
}

}  // namespace

void save_if_reachable(Context& context, const Call& call, const std::optional<net::Url>& url,
                       std::optional<WebhookId> existing, std::function<void()> save) {
    if (!url || url->is_tls() || url->is_ip_literal) return save();
    store::read<SharedPolicy>(
        call.store,
        [&webhooks = context.webhooks, realm = call.realm, url = *url,
         existing](store::sql::Connection& sql) {
            return policy_for(sql, webhooks, realm, url, existing);
        },
        [&context, realm = call.realm, reply = call.reply, host = url->host,
         save = std::move(save)](Result<SharedPolicy> policy) {
            if (!policy) return reply.send(std::unexpected(std::move(policy).error()));
            if (*policy == nullptr) return save();
            context.resolver_loop.post([&context, realm, reply, host, save,
                                        policy = std::move(*policy)] {
                context.resolver.resolve(realm, host,
                                         context.clock.monotonic() + limits::url_save_timeout,
                                         [policy, reply, save](const net::Lookup& lookup) {
                                             if (is_unreachable(lookup, *policy)) {
                                                 return reply.send(std::unexpected(unreachable()));
                                             }
                                             save();
                                         });
            });
        });
}

}  // namespace postrider::api
