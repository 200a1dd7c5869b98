#include "api/call.h"
#include "api/routes.h"
#include "base/json_text.h"
#include "events/publish_request.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/url.h"
#include "webhooks/change.h"
#include "webhooks/dry_run.h"
#include "webhooks/webhooks.h"

namespace postrider::api {

namespace {

using SharedPolicy = std::shared_ptr<const net::EgressPolicy>;

/// What is known of a webhook that is to be: of its URL, and which events it would get.
struct Findings {
    std::optional<std::string> url;  ///< none: not asked
    std::string problem;             ///< of the URL; "" for none
    std::string dry_run;             ///< a JSON object; "": not asked
};

Answer answer_of(const Findings& found) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    if (found.url) {
        writer.member("ok", found.problem.empty());
        writer.member("url", *found.url);
        if (!found.problem.empty()) writer.member("detail", found.problem);
    }
    if (!found.dry_run.empty()) writer.member_raw("dry_run", found.dry_run);
    writer.end_object();
    return json_answer(200, std::move(out));
}

/// What a look-up says of the URL; "" when it is fine. Forbidden addresses and none at all read the
/// same, so that nobody learns of a private network's names. Errors: unavailable.
Result<std::string> lookup_problem(const net::Url& url, const net::EgressPolicy& policy,
                                   const net::Lookup& lookup) {
    if (lookup.status == net::LookupStatus::busy) {
        return fail(ErrorCode::unavailable, "too many names are being looked up; try again soon");
    }
    for (const auto& address : lookup.addresses) {
        if (policy.passes(address, url.is_tls())) return "";
    }
    return "the name does not resolve to an address that deliveries may connect to; correct it, or "
           "allow its network with --allow-network";
}

void check_name(Context& context, const RealmId& realm, net::Url url, SharedPolicy policy,
                Findings found, Reply reply) {
    context.resolver_loop.post([&context, realm, url = std::move(url), policy = std::move(policy),
                                found = std::move(found), reply = std::move(reply)] {
        const auto deadline = context.clock.monotonic() + limits::url_check_timeout;
        context.resolver.resolve(realm, url.host, deadline,
                                 [url, policy, found, reply](const net::Lookup& lookup) {
                                     auto problem = lookup_problem(url, *policy, lookup);
                                     if (!problem) {
                                         return reply.send(std::unexpected(problem.error()));
                                     }
                                     Findings all = found;
                                     all.problem = std::move(*problem);
                                     reply.send(answer_of(all));
                                 });
    });
}

/// The members of a webhook that decide which events it gets, and as what.
Result<void> read_wanted(Call& call, Body& body, webhooks::DryRun& run) {
    POSTRIDER_ASSIGN(const auto members,
                     json::split_object(call.request.body, limits::json_depth_max));
    std::string text = "{";
    const auto take = [&](std::string_view name) {
        if (body.value(name) == nullptr) return;
        const auto found = std::ranges::find(members, name, &json::Member::name);
        if (found == members.end()) return;
        if (text.size() > 1) text += ',';
        json::append_string(text, name);
        text.append(":").append(found->value);
    };
    take("events");
    for (const auto& control : webhooks::all_controls()) take(control.name);
    text += '}';
    POSTRIDER_ASSIGN(const auto wanted, json::parse(text));
    auto change = webhooks::parse_change(wanted, text, webhooks::ChangeKind::patch);
    body.refuse_all(change.errors);
    run.events = change.events.value_or(std::vector<std::string>{"*"});
    change.controls.apply_to(run.controls);
    return {};
}

/// An event that is given, as a publish has it.
void read_sample(const Context& context, Call& call, Body& body, webhooks::DryRun& run) {
    const auto members = json::split_object(call.request.body, limits::json_depth_max);
    if (!members) return;
    const auto found = std::ranges::find(*members, "sample", &json::Member::name);
    if (found == members->end()) return;
    auto event = events::parse_publish(
        found->value, {.payload_bytes_max = context.settings.payload_bytes_max, .now = run.now});
    if (event) {
        run.sample = std::move(*event);
        return;
    }
    if (event.error().fields.empty()) return body.refuse("sample", event.error().message);
    auto fields = event.error().fields;
    for (auto& field : fields) field.pointer.insert(1, "/sample");
    body.refuse_all(fields);
}

/// nullopt: none is asked.
Result<std::optional<webhooks::DryRun>> read_dry_run(const Context& context, Call& call,
                                                     Body& body) {
    webhooks::DryRun run;
    run.now = context.clock.now();
    run.since = call.kept_since;
    run.source = context.settings.origin() + "/realms/" + call.realm_name;
    run.realm_name = call.realm_name;
    POSTRIDER_TRY(read_wanted(call, body, run));
    const auto* last = body.value("last");
    const bool has_sample = body.value("sample") != nullptr;
    if (last != nullptr && has_sample) body.refuse("last", "goes without sample: give one of them");
    if (has_sample) read_sample(context, call, body, run);
    if (last != nullptr) {
        const auto* count = last->as_int();
        const auto most = static_cast<std::int64_t>(limits::dry_run_events_max);
        if (count == nullptr || *count < 1 || *count > most) {
            body.refuse("last", "must be a whole number, 1 to " + std::to_string(most));
        } else {
            run.last = static_cast<std::size_t>(*count);
        }
        // It says something of each of them.
        POSTRIDER_TRY(call.require(access::Permission::view_events));
    }
    if (last == nullptr && !has_sample) return std::nullopt;
    return run;
}

/// Many events, or much text for a filter to look at.
bool takes_long(const webhooks::DryRun& run) {
    return run.last > 0 || (run.sample && run.sample->data.size() > limits::inbound_bytes_free);
}

/// What a snapshot of the store says.
struct Read {
    SharedPolicy policy;
    std::string dry_run;
};

Result<void> check_webhook_url(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    POSTRIDER_ASSIGN(auto body, call.json_object());
    Findings found;
    found.url = body.string("url");
    POSTRIDER_ASSIGN(auto run, read_dry_run(context, call, body));
    if (!run) body.require("url");
    POSTRIDER_TRY(body.finish());
    std::optional<net::Url> url;
    if (found.url) {
        if (auto parsed = net::parse_url(*found.url)) {
            url = std::move(*parsed);
            found.url = url->to_string();
        } else {
            found.problem = parsed.error().message;
        }
    }
    const auto read_class =
        run && takes_long(*run) ? store::ReadClass::lengthy : store::ReadClass::ordinary;
    store::read<Read>(
        call.store,
        [&webhooks = context.webhooks, realm = call.realm,
         run = std::move(run)](store::sql::Connection& sql) -> Result<Read> {
            Read read;
            POSTRIDER_ASSIGN(const auto conditions, webhooks.conditions_of(sql, realm));
            read.policy = conditions.policy;
            if (run) {
                POSTRIDER_ASSIGN(read.dry_run, webhooks::dry_run(sql, realm, *run));
            }
            return read;
        },
        [&context, realm = call.realm, reply = call.reply, url = std::move(url),
         asked = std::move(found)](Result<Read> read) {
            if (!read) return reply.send(std::unexpected(std::move(read).error()));
            Findings all = asked;
            all.dry_run = std::move(read->dry_run);
            if (!url) return reply.send(answer_of(all));
            if (const auto checked = read->policy->check(*url); !checked) {
                all.problem = checked.error().message;
                return reply.send(answer_of(all));
            }
            if (url->is_ip_literal) return reply.send(answer_of(all));
            check_name(context, realm, *url, std::move(read->policy), std::move(all), reply);
        },
        read_class);
    return {};
}

}  // namespace

RouteList webhook_check_routes(Context& context) {
    return {handle(context,
                   {"POST", "/api/v1/realms/{realm}/webhooks/check", "check_webhook_url",
                    limits::config_body_bytes_max},
                   check_webhook_url)};
}

}  // namespace postrider::api
