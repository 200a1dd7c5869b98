#include "api/call.h"
#include "api/delivery_view.h"
#include "api/retry_route.h"
#include "api/routes.h"
#include "delivery/engine.h"
#include "store/tables.h"
#include "webhooks/recover.h"
#include "webhooks/test_event.h"
#include "webhooks/webhooks.h"

namespace postrider::api {

namespace {

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
            write_delivery(writer, *view, attempts, std::nullopt);
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
            call.reply.with<webhooks::Lacking>(lacking_answer), store::ReadClass::lengthy);
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
    const std::string one = "/api/v1/realms/{realm}/webhooks/{webhook_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    const auto limiter = std::make_shared<webhooks::TestLimiter>();
    return {
        handle(context, {"POST", one + "/test", "test_webhook", body},
               [limiter](Context& in, Call& call) { return test_webhook(in, call, *limiter); }),
        handle(context, {"POST", one + "/recover", "recover_webhook", body}, recover_webhook),
    };
}

}  // namespace postrider::api
