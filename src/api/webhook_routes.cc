#include <algorithm>

#include "api/call.h"
#include "api/directory_call.h"
#include "api/list_bounds.h"
#include "api/plain_http.h"
#include "api/routes.h"
#include "api/search_text.h"
#include "events/catalogue.h"
#include "store/tables.h"
#include "telemetry/log.h"
#include "webhooks/health.h"
#include "webhooks/webhooks.h"

namespace postrider::api {

namespace {

using webhooks::Saved;
using webhooks::Webhook;
using webhooks::Webhooks;

/// The JSON of a webhook, with its new secret when one was made.
std::string saved_json(const Saved& saved) {
    if (saved.secret) return webhooks::webhook_with_secret(saved.webhook, *saved.secret);
    std::string out;
    json::Writer writer(out);
    webhooks::write_webhook(writer, saved.webhook);
    return out;
}

Answer saved_answer(int status, const Saved& saved) {
    auto answer = json_answer(status, saved_json(saved)).with_version(saved.webhook.version);
    if (saved.secret) answer.headers.emplace_back("Cache-Control", "no-store");
    return answer;
}

/// The events of all realms are for who may administer them.
Result<void> check_may_take_all(const Call& call, const webhooks::Change& change) {
    if (!change.controls.values.takes_all_realms()) return {};
    return call.require(access::Permission::manage_realms);
}

Result<void> create_webhook(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::webhook));
    const auto change =
        webhooks::parse_change(body, call.request.body, webhooks::ChangeKind::create);
    POSTRIDER_TRY(check_may_take_all(call, change));
    auto done = call.reply.with<Saved>([realm = call.realm_name](const Saved& saved) {
        return saved_answer(201, saved)
            .with_header("Location",
                         "/api/v1/realms/" + realm + "/webhooks/" + saved.webhook.id.to_string());
    });
    save_if_reachable(context, call, change.url, {},
                      [&webhooks = context.webhooks, store = call.store, realm = call.realm,
                       actor = call.actor(), change, done = std::move(done)] {
                          store::write<Saved>(
                              store,
                              [&webhooks, realm, actor, change](store::Transaction& tx) {
                                  return webhooks.create(tx, realm, change, actor);
                              },
                              done);
                      });
    return {};
}

/// A webhook as lists show it.
struct Listed {
    Webhook webhook;
    webhooks::Health health;
};
using ListedWebhooks = store::List<Listed>;

bool is_subscribed(const store::WebhookRow& row, std::string_view type) {
    const auto patterns = webhooks::parse_words(row.events);
    return patterns && events::matches_any(*patterns, type);
}

/// Those that subscribe to a type; no index answers it, so at most all webhooks of the realm are
/// looked at.
Result<store::List<store::WebhookRow>> subscribers(
    store::sql::Connection& sql, const RealmId& realm, const store::search::WebhookFilter& filter,
    std::string_view type, std::optional<WebhookId> before, std::size_t wanted) {
    store::List<store::WebhookRow> found;
    while (found.size() < wanted) {
        POSTRIDER_ASSIGN(
            auto some, store::search::webhooks(sql, realm, filter, before, limits::page_size_max));
        found.unreadable += some.unreadable;
        const bool is_end = some.read() < limits::page_size_max;
        if (some.last) before = WebhookId{*some.last};
        for (auto& row : some) {
            if (found.size() == wanted) break;
            if (is_subscribed(row, type)) found.push_back(std::move(row));
        }
        if (is_end) break;
    }
    return found;
}

Result<ListedWebhooks> list_with_health(store::sql::Connection& sql, const RealmId& realm,
                                        const store::search::WebhookFilter& filter,
                                        const std::string& event, const Page& page, Timestamp now) {
    const auto before = page.before_id<WebhookId>();
    POSTRIDER_ASSIGN(const auto rows,
                     event.empty()
                         ? store::search::webhooks(sql, realm, filter, before, page.rows_wanted())
                         : subscribers(sql, realm, filter, event, before, page.rows_wanted()));
    POSTRIDER_ASSIGN(const auto reader, webhooks::HealthReader::begin(sql, realm, now));
    ListedWebhooks list;
    for (const auto& row : rows) {
        POSTRIDER_ASSIGN(auto health, reader.read(sql, row.id));
        list.push_back({webhooks::from_row(row), std::move(health)});
    }
    list.unreadable = rows.unreadable;
    list.last = rows.last;
    return list;
}

Result<void> list_webhooks(Context& context, Call& call) {
    auto query = call.query();
    store::search::WebhookFilter filter;
    filter.text = search_text(query);
    if (const auto word = query.text("enabled")) {
        if (*word != "true" && *word != "false") query.refuse("enabled", "must be true or false");
        filter.enabled = *word == "true";
    }
    const std::string event = query.text("event").value_or("");
    const Page page = query.page();
    POSTRIDER_TRY(query.finish());
    store::read<ListedWebhooks>(
        call.store,
        [realm = call.realm, filter, event, page,
         now = context.clock.now()](store::sql::Connection& sql) {
            return list_with_health(sql, realm, filter, event, page, now);
        },
        call.reply.with<ListedWebhooks>([page](const ListedWebhooks& list) {
            return page.answer(
                list, [](const Listed& listed) { return listed.webhook.id.uuid; },
                [](json::Writer& writer, const Listed& listed) {
                    webhooks::write_webhook(writer, listed.webhook, nullptr, listed.health);
                });
        }));
    return {};
}

Result<void> get_webhook(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    auto query = call.query();
    const bool reveals = query.has_word("reveal", "headers");
    POSTRIDER_TRY(query.finish());
    if (reveals) POSTRIDER_TRY(call.require(access::Permission::reveal_secrets));
    struct Shown {
        std::int64_t version = 0;
        std::string json;
    };
    store::read<Shown>(
        call.store,
        [&webhooks = context.webhooks, realm = call.realm, id, reveals,
         now = context.clock.now()](store::sql::Connection& sql) -> Result<Shown> {
            Shown shown;
            Webhooks::Revealed revealed;
            if (reveals) {
                POSTRIDER_ASSIGN(revealed, webhooks.reveal(sql, realm, id));
            } else {
                POSTRIDER_ASSIGN(revealed.webhook, webhooks.find(sql, realm, id));
            }
            POSTRIDER_ASSIGN(const auto reader, webhooks::HealthReader::begin(sql, realm, now));
            POSTRIDER_ASSIGN(const auto health, reader.read(sql, id));
            json::Writer writer(shown.json);
            webhooks::write_webhook(writer, revealed.webhook, reveals ? &revealed.headers : nullptr,
                                    health);
            shown.version = revealed.webhook.version;
            return shown;
        },
        call.reply.with<Shown>([reveals](Shown shown) {
            auto answer = json_answer(200, std::move(shown.json)).with_version(shown.version);
            if (reveals) answer.headers.emplace_back("Cache-Control", "no-store");
            return answer;
        }));
    return {};
}

Result<webhooks::Address> address_of(const Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    POSTRIDER_TRY(call.query().finish());
    const auto version = call.if_match();
    return webhooks::Address{call.realm, id, version};
}

/// The engine logs those that it disables itself.
void log_disabled(const Webhook& webhook, const Reply::About& request, const Actor& actor) {
    log::info("webhooks", "a webhook was disabled by hand",
              {{"name", webhook.name},
               {"realm", request.realm},
               {"webhook", webhook.id},
               {"request", request.id},
               {"by", actor.kind + " " + actor.id}});
}

Result<void> change_webhook(Context& context, Call& call, webhooks::ChangeKind kind) {
    POSTRIDER_ASSIGN(const auto address, address_of(call));
    POSTRIDER_ASSIGN(const auto body, call.json(bounds::webhook));
    const auto change = webhooks::parse_change(body, call.request.body, kind);
    POSTRIDER_TRY(check_may_take_all(call, change));
    auto done = call.reply.with<Saved>(
        [request = call.reply.about(), actor = call.actor()](const Saved& saved) {
            if (saved.was_disabled) log_disabled(saved.webhook, request, actor);
            return saved_answer(200, saved);
        });
    save_if_reachable(context, call, change.url, address.id,
                      [&directory = context.directory, store = call.store, address,
                       caller = caller_of(call), change, done = std::move(done)] {
                          store::write<Saved>(
                              store,
                              [&directory, address, caller, change](store::Transaction& tx) {
                                  return directory.update_webhook(tx, caller, address, change);
                              },
                              done);
                      });
    return {};
}

Result<void> replace_webhook(Context& context, Call& call) {
    return change_webhook(context, call, webhooks::ChangeKind::replace);
}

Result<void> update_webhook(Context& context, Call& call) {
    return change_webhook(context, call, webhooks::ChangeKind::patch);
}

Result<void> delete_webhook(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of(call));
    call.store.write(
        [&directory = context.directory, address, caller = caller_of(call)](
            store::Transaction& tx) { return directory.remove_webhook(tx, caller, address); },
        call.reply.with([] { return empty_answer(); }));
    return {};
}

Answer secret_answer(const webhooks::ShownSecret& secret) {
    return json_answer(200, webhooks::secret_json(secret)).with_header("Cache-Control", "no-store");
}

Result<void> get_webhook_secret(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<WebhookId>("webhook_id", "webhook"));
    auto query = call.query();
    const bool reveals_keys = query.has_word("reveal", "keys");
    POSTRIDER_TRY(query.finish());
    if (reveals_keys) {
        store::read<std::string>(
            call.store,
            [&webhooks = context.webhooks, realm = call.realm, id, now = context.clock.now()](
                store::sql::Connection& sql) { return webhooks.keys(sql, realm, id, now); },
            call.reply.with<std::string>([](std::string keys) {
                return json_answer(200, std::move(keys)).with_header("Cache-Control", "no-store");
            }));
        return {};
    }
    store::read<webhooks::ShownSecret>(
        call.store,
        [&webhooks = context.webhooks, realm = call.realm, id, now = context.clock.now()](
            store::sql::Connection& sql) { return webhooks.secret(sql, realm, id, now); },
        call.reply.with<webhooks::ShownSecret>(secret_answer));
    return {};
}

Result<void> rotate_webhook_secret(Context& context, Call& call) {
    POSTRIDER_ASSIGN(const auto address, address_of(call));
    json::Value body{json::Object{}};
    if (!call.request.body.empty()) {
        POSTRIDER_ASSIGN(body, call.json());
    }
    POSTRIDER_ASSIGN(auto rotation, webhooks::parse_rotation(body));
    store::write<Webhooks::Rotated>(
        call.store.essential(),
        [&directory = context.directory, address, caller = caller_of(call),
         rotation = std::move(rotation)](store::Transaction& tx) {
            return directory.rotate_webhook_secret(tx, caller, address, rotation);
        },
        call.reply.with<Webhooks::Rotated>([](const Webhooks::Rotated& rotated) {
            return secret_answer(rotated.secret).with_version(rotated.version);
        }));
    return {};
}

void append(RouteList& routes, RouteList more) {
    routes.insert(routes.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
}

}  // namespace

RouteList webhook_routes(Context& context) {
    const std::string all = "/api/v1/realms/{realm}/webhooks";
    const std::string one = all + "/{webhook_id}";
    constexpr std::size_t body = limits::config_body_bytes_max;
    RouteList routes{
        handle(context, {"POST", all, "create_webhook", body}, create_webhook),
        handle(context, {"GET", all, "list_webhooks"}, list_webhooks),
        handle(context, {"GET", one, "get_webhook"}, get_webhook),
        handle(context, {"PUT", one, "replace_webhook", body}, replace_webhook),
        handle(context, {"PATCH", one, "update_webhook", body}, update_webhook),
        handle(context, {"DELETE", one, "delete_webhook"}, delete_webhook),
        handle(context, {"GET", one + "/secret", "get_webhook_secret"}, get_webhook_secret),
        handle(context, {"POST", one + "/secret/rotate", "rotate_webhook_secret", body},
               rotate_webhook_secret),
    };
    append(routes, webhook_action_routes(context));
    append(routes, order_routes(context));
    append(routes, webhook_check_routes(context));
    append(routes, operation_routes(context));
    return routes;
}

}  // namespace postrider::api
