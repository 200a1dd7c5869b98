#include "api/call.h"
#include "api/delivery_view.h"
#include "api/retry_route.h"
#include "api/routes.h"
#include "delivery/engine.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/url.h"
#include "store/tables.h"
#include "webhooks/recover.h"
#include "webhooks/test_event.h"
#include "webhooks/webhooks.h"

namespace postrider::api {

namespace {

using SharedPolicy = std::shared_ptr<const net::EgressPolicy>;

Answer check_answer(std::string_view url, std::string_view problem) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("ok", problem.empty());
    writer.member("url", url);
    if (!problem.empty()) writer.member("detail", problem);
    writer.end_object();
    return json_answer(200, std::move(out));
}

/// What a look-up says of the URL. Forbidden addresses and none at all read the same, so that
/// nobody learns of a private network's names.
Result<Answer> lookup_answer(const net::Url& url, const net::EgressPolicy& policy,
                             const net::Lookup& lookup) {
    if (lookup.status == net::LookupStatus::busy) {
        return fail(ErrorCode::unavailable, "too many names are being looked up; try again soon");
    }
    for (const auto& address : lookup.addresses) {
        if (policy.passes(address, url.is_tls())) return check_answer(url.to_string(), {});
    }
    return check_answer(url.to_string(),
                        "the name does not resolve to an address that deliveries may connect to; "
                        "correct it, or allow its network with --allow-network");
}

void check_name(Context& context, const RealmId& realm, net::Url url, SharedPolicy policy,
                Reply reply) {
    context.resolver_loop.post([&context, realm, url = std::move(url), policy = std::move(policy),
                                reply = std::move(reply)] {
        const auto deadline = context.clock.monotonic() + limits::url_check_timeout;
        context.resolver.resolve(realm, url.host, deadline,
                                 [url, policy, reply](const net::Lookup& lookup) {
                                     reply.send(lookup_answer(url, *policy, lookup));
                                 });
    });
}

Result<void> check_webhook_url(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto body, call.json_object());
    body.require("url");
    const auto text = body.string("url");
    POSTRIDER_TRY(body.finish());
    auto url = net::parse_url(*text);
    if (!url) {
        call.reply.send(check_answer(*text, url.error().message));
        return {};
    }
    store::read<SharedPolicy>(
        call.store,
        [&webhooks = context.webhooks,
         realm = call.realm](store::sql::Connection& sql) -> Result<SharedPolicy> {
            POSTRIDER_ASSIGN(const auto conditions, webhooks.conditions_of(sql, realm));
            return conditions.policy;
        },
        [&context, realm = call.realm, reply = call.reply,
         url = std::move(*url)](Result<SharedPolicy> policy) {
            if (!policy) return reply.send(std::unexpected(std::move(policy).error()));
            if (const auto checked = (*policy)->check(url); !checked) {
                return reply.send(check_answer(url.to_string(), checked.error().message));
            }
            if (url.is_ip_literal) return reply.send(check_answer(url.to_string(), {}));
            check_name(context, realm, url, std::move(*policy), reply);
        });
    return {};
}

/// Answers with the delivery of a test and its attempt, once that is recorded.
void answer_test(const store::RealmStore& store, const RealmId& realm, const DeliveryId& id,
                 const Reply& reply) {
    store::read<std::string>(
        store,
        [realm, id](store::sql::Connection& sql) -> Result<std::string> {
            POSTRIDER_ASSIGN(const auto view, store::deliveries_table::find(sql, realm, id));
            if (!view) return Call::not_found("delivery", id.to_string());
            POSTRIDER_ASSIGN(const auto attempts, store::attempts_table::all(sql, realm, id));
            std::string out;
            json::Writer writer(out);
            write_delivery(writer, *view, attempts);
            return out;
        },
        reply.with<std::string>(
            [](std::string json) { return json_answer(200, std::move(json)); }));
}

Result<void> test_webhook(Context& context, Call& call, webhooks::TestLimiter& limiter) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto body, call.json_object_or_empty());
    auto type = body.string("event");
    POSTRIDER_TRY(body.finish());
    if (!limiter.admit(id, context.clock.monotonic())) {
        return fail(ErrorCode::resource_exhausted,
                    "at most " + std::to_string(limits::tests_per_minute_max) +
                        " tests a minute are sent to one webhook; wait a little",
                    "too-many-tests");
    }
    store::write<events::Offer>(
        call.store,
        [realm = call.realm, id, type = std::move(type), actor = call.actor()](
            store::Transaction& tx) { return webhooks::write_test(tx, realm, id, type, actor); },
        [&context, store = call.store, realm = call.realm,
         reply = call.reply](Result<events::Offer> offer) {
            if (!offer) return reply.send(std::unexpected(std::move(offer).error()));
            const auto delivery = offer->row.id;
            context.engine.send_test(
                std::move(*offer), [store, realm, delivery, reply](Result<void> sent) {
                    if (!sent) return reply.send(std::unexpected(std::move(sent).error()));
                    answer_test(store, realm, delivery, reply);
                });
        });
    return {};
}

struct Recovery {
    webhooks::Span span;
    bool is_dry_run = false;
};

Result<Recovery> read_recovery(Call& call) {
    POSTRIDER_ASSIGN(auto body, call.json_object());
    body.require("since");
    const auto since = body.time("since");
    const auto until = body.time("until");
    if (since && until && *until <= *since) body.refuse("until", "must be after since");
    const bool dry = is_dry_run(body);
    POSTRIDER_TRY(body.finish());
    // What is older is not kept.
    return Recovery{{call.not_before_kept(since), until}, dry};
}

Answer lacking_answer(const webhooks::Lacking& lacking) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("count", lacking.lost + lacking.missed);
    writer.member("lost", lacking.lost);
    writer.member("missed", lacking.missed);
    writer.member("is_more", lacking.is_more);
    writer.end_object();
    return json_answer(200, std::move(out));
}

Result<void> recover_webhook(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto recovery, read_recovery(call));
    const auto& span = recovery.span;
    if (recovery.is_dry_run) {
        store::read<webhooks::Lacking>(
            call.store,
            [realm = call.realm, id, span](store::sql::Connection& sql) {
                return webhooks::count_recovery(sql, realm, id, span);
            },
            call.reply.with<webhooks::Lacking>(lacking_answer));
        return {};
    }
    start_operation(context, call,
                    [realm = call.realm, id, span, actor = call.actor()](store::Transaction& tx) {
                        return webhooks::start_recovery(tx, realm, id, span, actor);
                    });
    return {};
}

}  // namespace

RouteList webhook_action_routes(Context& context) {
    const std::string all = "/api/v1/realms/{realm}/webhooks";
    const std::string one = all + "/{webhook_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    const auto limiter = std::make_shared<webhooks::TestLimiter>();
    return {
        handle(context, {"POST", all + "/check", "check_webhook_url", body}, check_webhook_url),
        handle(context, {"POST", one + "/test", "test_webhook", body},
               [limiter](Context& in, Call& call) { return test_webhook(in, call, *limiter); }),
        handle(context, {"POST", one + "/recover", "recover_webhook", body}, recover_webhook),
    };
}

}  // namespace postrider::api
