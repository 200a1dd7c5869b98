#include "api/call.h"
#include "api/routes.h"
#include "delivery/engine.h"
#include "store/order_table.h"
#include "store/tables.h"
#include "webhooks/release.h"

namespace postrider::api {

namespace {

using HeldList = store::List<store::order_table::Held>;

Result<void> list_held(Context& /*context*/, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    auto query = call.query();
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    store::read<HeldList>(
        call.store,
        [realm = call.realm, id, page](store::sql::Connection& sql) -> Result<HeldList> {
            POSTRIDER_ASSIGN(const auto row, store::webhooks_table::find(sql, realm, id));
            if (!row || row->deleted_at) return Call::not_found("webhook", id.to_string());
            return store::order_table::held(sql, realm, id, page.before_id<ResourceId>(),
                                            page.rows_wanted());
        },
        call.reply.with<HeldList>([page](const HeldList& list) {
            return page.answer(
                list, [](const auto& held) { return held.resource.uuid; },
                [](json::Writer& writer, const auto& held) {
                    writer.begin_object();
                    writer.member("resource_id", held.resource.to_string());
                    writer.member("delivery_id", held.delivery.to_string());
                    writer.member("held_since", format_rfc3339(held.since));
                    writer.end_object();
                });
        }));
    return {};
}

struct Wanted {
    ResourceId resource;
    webhooks::Release how = webhooks::Release::retry;
};

Result<Wanted> read_wanted(Call& call) {
    POSTRIDER_ASSIGN(auto body, call.json_object());
    body.require("resource_id");
    body.require("how");
    const auto resource_text = body.string("resource_id");
    const auto how_text = body.string("how");
    const auto resource =
        resource_text ? ResourceId::parse(*resource_text) : std::optional<ResourceId>();
    const auto how =
        how_text ? webhooks::parse_release(*how_text) : std::optional<webhooks::Release>();
    if (resource_text && !resource) body.refuse("resource_id", "must be a UUID");
    if (how_text && !how) body.refuse("how", "must be retry or skip");
    POSTRIDER_TRY(body.finish());
    return Wanted{*resource, *how};
}

Result<void> release_resource(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto wanted, read_wanted(call));
    store::write<DeliveryId>(
        call.store,
        [&engine = context.engine, realm = call.realm, id, wanted, actor = call.actor(),
         kept_since = call.kept_since](store::Transaction& tx) -> Result<DeliveryId> {
            POSTRIDER_ASSIGN(const auto held, webhooks::release(tx, realm, id, wanted.resource,
                                                                wanted.how, actor, kept_since));
            tx.after_commit([&engine, realm, id, held, commit = tx.commit_number()] {
                engine.wake(realm, id, commit, held);
            });
            return held;
        },
        call.reply.with<DeliveryId>([wanted](const DeliveryId& held) {
            std::string out;
            json::Writer writer(out);
            writer.begin_object();
            writer.member("resource_id", wanted.resource.to_string());
            writer.member("delivery_id", held.to_string());
            writer.member("how", to_string(wanted.how));
            writer.end_object();
            return json_answer(200, std::move(out));
        }));
    return {};
}

}  // namespace

RouteList order_routes(Context& context) {
    const std::string one = "/api/v1/realms/{realm}/webhooks/{webhook_id}";
    return {
        handle(context, {"GET", one + "/held", "list_held_resources"}, list_held),
        handle(context,
               {"POST", one + "/release", "release_resource", limits::config_body_bytes_max},
               release_resource),
    };
}

}  // namespace postrider::api
