#include "api/retry_route.h"

#include "api/delivery_filter.h"
#include "model/limits.h"
#include "webhooks/recover.h"
#include "webhooks/recoveries.h"
#include "webhooks/retry.h"

namespace postrider::api {

namespace {

/// An absent one is nullopt; what is no id is refused.
template <typename IdType>
std::optional<IdType> id_in(Body& body, std::string_view name) {
    const auto text = body.string(name);
    if (!text) return std::nullopt;
    const auto uuid = Uuid::parse(*text);
    if (!uuid) {
        body.refuse(name, "must be an id such as 01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f");
        return std::nullopt;
    }
    return IdType{*uuid};
}

void read_filter(Body& body, std::string_view name,
                 std::string (*read)(std::string_view, store::deliveries_table::AttemptFilter&),
                 store::deliveries_table::AttemptFilter& filter) {
    const auto text = body.string(name);
    if (!text) return;
    if (auto refusal = read(*text, filter); !refusal.empty()) body.refuse(name, std::move(refusal));
}

webhooks::RetryFilter read_retry(Body& body) {
    webhooks::RetryFilter filter;
    body.require("state");
    if (const auto text = body.string("state")) {
        const auto state = parse_delivery_state(*text);
        if (!state || *state == DeliveryState::delivered) {
            body.refuse("state", "must be pending, failed or cancelled");
        }
        filter.state = state.value_or(DeliveryState::failed);
    }
    filter.webhook = id_in<WebhookId>(body, "webhook_id");
    filter.resource = id_in<ResourceId>(body, "resource_id");
    filter.event_type = body.string("event").value_or("");
    filter.since = body.time("since");
    filter.until = body.time("until");
    if (filter.since && filter.until && *filter.until <= *filter.since) {
        body.refuse("until", "must be after since");
    }
    read_filter(body, "status", read_status, filter.last_attempt);
    read_filter(body, "outcome", read_outcome, filter.last_attempt);
    read_filter(body, "min_duration", read_min_duration, filter.last_attempt);
    return filter;
}

Result<void> retry_deliveries(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto body, call.json_object());
    auto filter = read_retry(body);
    const bool dry = is_dry_run(body);
    POSTRIDER_TRY(body.finish());
    // What is older is out of sight, unless it is still pending.
    if (filter.state != DeliveryState::pending) {
        filter.since = call.not_before_kept(filter.since);
    }
    if (dry) {
        store::read<webhooks::Matching>(
            call.store,
            [realm = call.realm, filter](store::sql::Connection& sql) {
                return webhooks::count_retry(sql, realm, filter);
            },
            call.reply.with<webhooks::Matching>([](const webhooks::Matching& matching) {
                std::string out;
                json::Writer writer(out);
                writer.begin_object();
                writer.member("count", matching.count);
                writer.member("is_more", matching.is_more);
                writer.end_object();
                return json_answer(200, std::move(out));
            }),
            store::ReadClass::lengthy);
        return {};
    }
    start_operation(context, call,
                    [realm = call.realm, filter, actor = call.actor()](store::Transaction& tx) {
                        return webhooks::start_retry(tx, realm, filter, actor);
                    });
    return {};
}

}  // namespace

bool is_dry_run(Body& body) {
    const json::Value* value = body.value("dry_run");
    if (value == nullptr) return false;
    if (const bool* given = value->as_bool()) return *given;
    body.refuse("dry_run", "must be true or false");
    return false;
}

void start_operation(Context& context, Call& call,
                     std::function<Result<store::OperationRow>(store::Transaction&)> start) {
    store::write<store::OperationRow>(
        call.store,
        [&recoveries = context.recoveries, realm = call.realm,
         start = std::move(start)](store::Transaction& tx) -> Result<store::OperationRow> {
            POSTRIDER_ASSIGN(auto row, start(tx));
            tx.after_commit([&recoveries, realm] { recoveries.proceed(realm); });
            return row;
        },
        call.reply.with<store::OperationRow>(
            [realm = call.realm_name](const store::OperationRow& row) {
                std::string out;
                json::Writer writer(out);
                webhooks::write_operation(writer, row);
                return json_answer(202, std::move(out))
                    .with_header("Location",
                                 "/api/v1/realms/" + realm + "/operations/" + row.id.to_string());
            }));
}

http::Route retry_route(Context& context) {
    return handle(context,
                  {"POST", "/api/v1/realms/{realm}/deliveries/retry", "retry_deliveries",
                   limits::config_body_bytes_max},
                  retry_deliveries);
}

}  // namespace postrider::api
