#include <algorithm>

#include "api/call.h"
#include "api/delivery_view.h"
#include "api/routes.h"
#include "audit/record.h"
#include "base/check.h"
#include "delivery/engine.h"
#include "store/tables.h"

namespace postrider::api {

namespace {

using store::DeliveryView;

/// A delivery as a page of its own: the row and every attempt.
struct Detail {
    DeliveryView view;
    std::vector<store::AttemptRow> attempts;
};

Answer detail_answer(int status, const Detail& detail) {
    std::string out;
    json::Writer writer(out);
    write_delivery(writer, detail.view, detail.attempts);
    return json_answer(status, std::move(out));
}

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
    return Detail{std::move(view), std::move(attempts)};
}

using store::deliveries_table::Listed;
using Views = store::List<Listed>;

/// By the wall clock, also after it was set back (delivery/due_time.h).
DeliveryView shown(DeliveryView view, Duration due_ahead) {
    view.row.due_at -= due_ahead;
    return view;
}

std::function<void(Result<Views>)> list_answer(const Context& context, const Call& call,
                                               const Page& page) {
    const Duration due_ahead = context.engine.counts().due_ahead;
    return call.reply.with<Views>([page, due_ahead](const Views& views) {
        return page.answer(
            views, [](const Listed& listed) { return listed.view.row.id.uuid; },
            [due_ahead](json::Writer& writer, const Listed& listed) {
                write_delivery(writer, Listed{shown(listed.view, due_ahead), listed.took});
            });
    });
}

/// What a list of deliveries is asked for.
struct Wanted {
    store::DeliveryFilter filter;
    store::deliveries_table::AttemptFilter last_attempt;
    std::optional<ResourceId> resource;
};

/// "503", or "5xx".
void read_status(Query& query, store::deliveries_table::AttemptFilter& filter) {
    const auto text = query.text("status");
    if (!text) return;
    const bool is_long = text->size() == 3 && (*text)[0] >= '1' && (*text)[0] <= '9';
    const bool is_class = is_long && text->ends_with("xx");
    const bool is_number =
        is_long && std::ranges::all_of(*text, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_class && !is_number) {
        return query.refuse("status", "must be a status such as 503, or a class such as 5xx");
    }
    filter.status_min = is_class ? ((*text)[0] - '0') * 100 : std::stoi(*text);
    filter.status_max = is_class ? filter.status_min + 99 : filter.status_min;
}

/// A reason, or a kind of them.
void read_outcome(Query& query, store::deliveries_table::AttemptFilter& filter) {
    const auto text = query.text("outcome");
    if (!text) return;
    if (const auto reason = parse_outcome_reason(*text)) {
        filter.outcomes = {*reason};
        return;
    }
    const auto kind = parse_outcome_kind(*text);
    if (!kind) {
        return query.refuse("outcome",
                            "must be internal, transport or response, or a reason such as "
                            "connect_failed");
    }
    // They follow each other from 0 on.
    for (int i = 0; i <= static_cast<int>(OutcomeReason::shutting_down); ++i) {
        const auto reason = static_cast<OutcomeReason>(i);
        if (kind_of(reason) == *kind) filter.outcomes.push_back(reason);
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
    read_status(query, wanted.last_attempt);
    read_outcome(query, wanted.last_attempt);
    if (const auto text = query.text("min_duration")) {
        const auto duration = parse_duration(*text);
        if (!duration) query.refuse("min_duration", "must be a duration such as 500ms or 2s");
        wanted.last_attempt.took_min = duration.value_or(Duration{0});
    }
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
        call.reply.with<Detail>([due_ahead = context.engine.counts().due_ahead](Detail detail) {
            detail.view = shown(std::move(detail.view), due_ahead);
            return detail_answer(200, detail);
        }));
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
    tx.after_commit([&engine, realm, webhook, commit = tx.commit_number()] {
        engine.wake(realm, webhook, commit);
    });
    POSTRIDER_ASSIGN(auto pending, store::deliveries_table::find(tx.sql(), realm, id));
    CHECK(pending.has_value());
    return std::move(*pending);
}

Result<void> redeliver(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<DeliveryId>("delivery_id", "delivery"));
    POSTRIDER_TRY(call.query().finish());
    store::write<DeliveryView>(
        call.store,
        [&engine = context.engine, actor = call.actor(), realm = call.realm, id,
         kept_since = call.kept_since](store::Transaction& tx) {
            return redeliver_in(tx, engine, actor, realm, id, kept_since);
        },
        call.reply.with<DeliveryView>([realm = call.realm_name](const DeliveryView& view) {
            std::string out;
            json::Writer writer(out);
            write_delivery(writer, view);
            return json_answer(202, std::move(out))
                .with_header("Location",
                             "/api/v1/realms/" + realm + "/deliveries/" + view.row.id.to_string());
        }));
    return {};
}

}  // namespace

RouteList delivery_routes(Context& context) {
    const std::string realm = "/api/v1/realms/{realm}";
    return {
        handle(context, {"GET", realm + "/deliveries", "list_deliveries"}, list_deliveries),
        handle(context,
               {"GET", realm + "/webhooks/{webhook_id}/deliveries", "list_webhook_deliveries"},
               list_webhook_deliveries),
        handle(context, {"GET", realm + "/deliveries/{delivery_id}", "get_delivery"}, get_delivery),
        handle(context, {"POST", realm + "/deliveries/{delivery_id}/redeliver", "redeliver"},
               redeliver),
    };
}

}  // namespace postrider::api
