#include <fmt/format.h>

#include "api/call.h"
#include "api/delivery_filter.h"
#include "api/delivery_view.h"
#include "api/retry_route.h"
#include "api/routes.h"
#include "api/waits.h"
#include "audit/record.h"
#include "base/check.h"
#include "delivery/engine.h"
#include "model/order_limits.h"
#include "store/attempt_now.h"
#include "store/breakers_table.h"
#include "store/order_table.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using store::DeliveryView;

/// A delivery as a page of its own: the row and every attempt.
struct Detail {
    DeliveryView view;
    std::vector<store::AttemptRow> attempts;
    std::optional<DeliveryId> blocked_by;
};

Result<DeliveryView> find_kept(store::sql::Connection& sql, const RealmId& realm,
                               const DeliveryId& id, Timestamp kept_since) {
    POSTRIDER_ASSIGN(auto view, store::deliveries_table::find(sql, realm, id));
    if (!view) return Call::not_found("delivery", id.to_string());
    POSTRIDER_ASSIGN(const bool is_kept,
                     store::events_table::is_kept(sql, realm, view->row.event, kept_since));
    if (!is_kept) return Call::not_found("delivery", id.to_string());
    return std::move(*view);
}

Result<Detail> load_detail(store::sql::Connection& sql, const RealmId& realm, const DeliveryId& id,
                           Timestamp kept_since) {
    POSTRIDER_ASSIGN(auto view, find_kept(sql, realm, id, kept_since));
    POSTRIDER_ASSIGN(auto attempts, store::attempts_table::all(sql, realm, id));
    std::optional<DeliveryId> blocked_by;
    if (view.row.ordered && view.row.state == DeliveryState::pending) {
        POSTRIDER_ASSIGN(blocked_by, store::order_table::blocked_by(sql, realm, id));
    }
    return Detail{std::move(view), std::move(attempts), blocked_by};
}

using store::deliveries_table::Listed;
using Views = store::List<Listed>;

/// By the wall clock, also after it was set back (delivery/due_time.h).
DeliveryView shown(DeliveryView view, Duration due_ahead) {
    if (view.row.due_at != limits::parked_due) view.row.due_at -= due_ahead;
    return view;
}

std::function<void(Result<Views>)> list_answer(const Context& context, const Call& call,
                                               const Page& page) {
    return [&context, reply = call.reply, page](Result<Views> found) {
        if (!found) return reply.send(std::unexpected(std::move(found).error()));
        const auto views = std::make_shared<Views>(std::move(*found));
        const Duration due_ahead = context.engine.counts().due_ahead;
        std::vector<const store::DeliveryRow*> rows;
        for (Listed& listed : *views) {
            listed.view = shown(std::move(listed.view), due_ahead);
            rows.push_back(&listed.view.row);
        }
        look_at_waits(context, rows, [reply, page, views](const std::vector<MaybeWait>& waits) {
            const auto write = [&](json::Writer& writer, const Listed& listed) {
                write_delivery(writer, listed,
                               waits[static_cast<std::size_t>(&listed - views->data())]);
            };
            const auto id_of = [](const Listed& listed) { return listed.view.row.id.uuid; };
            reply.send(guard_memory(
                [&]() -> Result<Answer> { return page.answer(*views, id_of, write); }));
        });
    };
}

/// What a list of deliveries is asked for.
struct Wanted {
    store::DeliveryFilter filter;
    store::deliveries_table::AttemptFilter last_attempt;
    std::optional<ResourceId> resource;
};

/// One filter by the last attempt, where the query has it.
void read_filter(Query& query, std::string_view name,
                 std::string (*read)(std::string_view, store::deliveries_table::AttemptFilter&),
                 store::deliveries_table::AttemptFilter& filter) {
    const auto text = query.text(name);
    if (!text) return;
    if (auto refusal = read(*text, filter); !refusal.empty()) {
        query.refuse(name, std::move(refusal));
    }
}

/// The filters that both lists have.
Wanted read_wanted(Query& query) {
    Wanted wanted;
    store::DeliveryFilter& filter = wanted.filter;
    filter.state = query.one_of<DeliveryState>("state", parse_delivery_state,
                                               "pending, delivered, failed or cancelled");
    filter.event = query.id<EventId>("event_id");
    filter.event_type = query.text("event").value_or("");
    filter.since = query.time("since");
    filter.until = query.time("until");
    wanted.resource = query.id<ResourceId>("resource_id");
    read_filter(query, "status", read_status, wanted.last_attempt);
    read_filter(query, "outcome", read_outcome, wanted.last_attempt);
    read_filter(query, "min_duration", read_min_duration, wanted.last_attempt);
    if (wanted.resource && filter.event) {
        query.refuse("resource_id", "does not go with event_id: an event has one resource");
    }
    return wanted;
}

/// What is past its retention is left out, unless it is asked for as pending, or belongs to an
/// event that is still kept for what is pending of it.
Result<Views> list_kept(store::sql::Connection& sql, const RealmId& realm, const Wanted& wanted,
                        const Page& page, Timestamp kept_since) {
    store::DeliveryFilter filter = wanted.filter;
    if (filter.event) {
        POSTRIDER_ASSIGN(const bool is_kept,
                         store::events_table::is_kept(sql, realm, *filter.event, kept_since));
        if (!is_kept) return Views{};
    } else if (filter.state != DeliveryState::pending) {
        filter.event_since = kept_since;
    }
    const auto before = page.before_id<DeliveryId>();
    if (wanted.resource) {
        return store::deliveries_table::of_resource(
            sql, realm, *wanted.resource, filter, wanted.last_attempt, before, page.rows_wanted());
    }
    return store::deliveries_table::matching(sql, realm, filter, wanted.last_attempt, before,
                                             page.rows_wanted());
}

Result<void> list_deliveries(Context& context, Call& call) {
    auto query = call.query();
    Wanted wanted = read_wanted(query);
    wanted.filter.webhook = query.id<WebhookId>("webhook_id");
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    store::read<Views>(
        call.store,
        [realm = call.realm, wanted, page,
         kept_since = call.kept_since](store::sql::Connection& sql) {
            return list_kept(sql, realm, wanted, page, kept_since);
        },
        list_answer(context, call, page));
    return {};
}

Result<void> list_webhook_deliveries(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto webhook, call.path_id<WebhookId>("webhook_id", "webhook"));
    auto query = call.query();
    Wanted wanted = read_wanted(query);
    wanted.filter.webhook = webhook;
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    store::read<Views>(
        call.store,
        [realm = call.realm, webhook, wanted, page,
         kept_since = call.kept_since](store::sql::Connection& sql) -> Result<Views> {
            POSTRIDER_ASSIGN(auto row, store::webhooks_table::find(sql, realm, webhook));
            if (!row || row->deleted_at) return Call::not_found("webhook", webhook.to_string());
            return list_kept(sql, realm, wanted, page, kept_since);
        },
        list_answer(context, call, page));
    return {};
}

Result<void> get_delivery(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<DeliveryId>("delivery_id", "delivery"));
    POSTRIDER_TRY(call.query().finish());
    store::read<Detail>(
        call.store,
        [realm = call.realm, id, kept_since = call.kept_since](store::sql::Connection& sql) {
            return load_detail(sql, realm, id, kept_since);
        },
        [&context, reply = call.reply](Result<Detail> found) {
            if (!found) return reply.send(std::unexpected(std::move(found).error()));
            const auto detail = std::make_shared<Detail>(std::move(*found));
            detail->view = shown(std::move(detail->view), context.engine.counts().due_ahead);
            look_at_waits(context, {&detail->view.row},
                          [reply, detail](const std::vector<MaybeWait>& waits) {
                              reply.send(guard_memory([&]() -> Result<Answer> {
                                  std::string out;
                                  json::Writer writer(out);
                                  write_delivery(writer, detail->view, detail->attempts, waits[0],
                                                 detail->blocked_by);
                                  return json_answer(200, std::move(out));
                              }));
                          });
        });
    return {};
}

Result<DeliveryView> redeliver_in(store::Transaction& tx, delivery::Engine& engine,
                                  const Actor& actor, const RealmId& realm, const DeliveryId& id,
                                  Timestamp kept_since) {
    POSTRIDER_ASSIGN(const auto view, find_kept(tx.sql(), realm, id, kept_since));
    const WebhookId webhook = view.row.webhook;
    if (view.row.test) {
        return fail(ErrorCode::conflict, "a test is not redelivered; send another test");
    }
    POSTRIDER_ASSIGN(auto target, store::webhooks_table::find(tx.sql(), realm, webhook));
    if (!target || target->deleted_at) {
        return fail(ErrorCode::conflict, "its webhook has been deleted");
    }
    POSTRIDER_ASSIGN(const bool revived, store::deliveries_table::revive(tx, realm, id, tx.now()));
    if (!revived) {
        return fail(ErrorCode::conflict, "the delivery is pending: it will be attempted anyway");
    }
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm, .action = "delivery.redeliver", .resource_id = id.to_string()}));
    POSTRIDER_TRY(store::breakers_table::hurry(tx, realm, webhook, tx.now()));
    tx.after_commit([&engine, realm, webhook, id, commit = tx.commit_number()] {
        engine.wake(realm, webhook, commit, id);
    });
    POSTRIDER_ASSIGN(auto pending, store::deliveries_table::find(tx.sql(), realm, id));
    CHECK(pending.has_value());
    return std::move(*pending);
}

Result<DeliveryView> attempt_now_in(store::Transaction& tx, delivery::Engine& engine,
                                    const Actor& actor, const RealmId& realm, const DeliveryId& id,
                                    Timestamp kept_since) {
    POSTRIDER_ASSIGN(const auto view, find_kept(tx.sql(), realm, id, kept_since));
    const WebhookId webhook = view.row.webhook;
    if (view.row.test) {
        return fail(ErrorCode::conflict, "a test is attempted once; send another test");
    }
    if (view.row.state != DeliveryState::pending) {
        return fail(ErrorCode::conflict, fmt::format("the delivery is {}: redeliver it instead",
                                                     to_string(view.row.state)));
    }
    POSTRIDER_ASSIGN(const auto first, store::order_table::blocked_by(tx.sql(), realm, id));
    if (first) {
        return fail(ErrorCode::conflict,
                    fmt::format("it waits for delivery {} of the same resource, whose order its "
                                "webhook keeps: attempt or release that one first",
                                first->to_string()));
    }
    POSTRIDER_TRY(store::deliveries_table::attempt_now(tx, realm, id, tx.now()));
    POSTRIDER_TRY(audit::record(
        tx, actor,
        {.realm = realm, .action = "delivery.attempt_now", .resource_id = id.to_string()}));
    POSTRIDER_TRY(store::breakers_table::hurry(tx, realm, webhook, tx.now()));
    tx.after_commit([&engine, realm, webhook, id, commit = tx.commit_number()] {
        engine.wake(realm, webhook, commit, id);
    });
    POSTRIDER_ASSIGN(auto due, store::deliveries_table::find(tx.sql(), realm, id));
    CHECK(due.has_value());
    return std::move(*due);
}

using Change = Result<DeliveryView> (*)(store::Transaction&, delivery::Engine&, const Actor&,
                                        const RealmId&, const DeliveryId&, Timestamp);

/// Does something to one delivery, which is pending then.
Result<void> change_delivery(Context& context, Call& call, Change change) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<DeliveryId>("delivery_id", "delivery"));
    POSTRIDER_TRY(call.query().finish());
    store::write<DeliveryView>(
        call.store,
        [&engine = context.engine, actor = call.actor(), realm = call.realm, id,
         kept_since = call.kept_since, change](store::Transaction& tx) {
            return change(tx, engine, actor, realm, id, kept_since);
        },
        call.reply.with<DeliveryView>([realm = call.realm_name](const DeliveryView& view) {
            std::string out;
            json::Writer writer(out);
            write_delivery(writer, view, delivery::Wait{});
            return json_answer(202, std::move(out))
                .with_header("Location",
                             "/api/v1/realms/" + realm + "/deliveries/" + view.row.id.to_string());
        }));
    return {};
}

Result<void> redeliver(Context& context, Call& call) {
    return change_delivery(context, call, redeliver_in);
}

Result<void> attempt_now(Context& context, Call& call) {
    return change_delivery(context, call, attempt_now_in);
}

}  // namespace

RouteList delivery_routes(Context& context) {
    const std::string realm = "/api/v1/realms/{realm}";
    return {
        retry_route(context),
        handle(context, {"GET", realm + "/deliveries", "list_deliveries"}, list_deliveries),
        handle(context,
               {"GET", realm + "/webhooks/{webhook_id}/deliveries", "list_webhook_deliveries"},
               list_webhook_deliveries),
        handle(context, {"GET", realm + "/deliveries/{delivery_id}", "get_delivery"}, get_delivery),
        handle(context, {"POST", realm + "/deliveries/{delivery_id}/redeliver", "redeliver"},
               redeliver),
        handle(context, {"POST", realm + "/deliveries/{delivery_id}/attempt-now", "attempt_now"},
               attempt_now),
    };
}

}  // namespace postrider::api
