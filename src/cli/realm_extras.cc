#include "cli/realm_extras.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_pointer.h"
#include "cli/keycloak_members.h"
#include "cli/problem_words.h"

namespace postrider::cli {

namespace {

using keycloak::Members;
using keycloak::short_name;

const json::Array& list(const json::Value& object, std::string_view member) {
    static const json::Array none;
    const json::Value* value = object.find(member);
    const json::Array* found = value == nullptr ? nullptr : value->as_array();
    return found == nullptr ? none : *found;
}

/// What the API shows instead of a header's value.
constexpr std::string_view masked = "••••••";

/// What makes a webhook the same one: names are not unique.
std::string identity_of(const json::Value& webhook) {
    return text_of(webhook, "name") + '\0' + text_of(webhook, "url");
}

}  // namespace

bool ExtrasImport::stop(const Result<http::ClientResponse>& answer) {
    exit_code_ = exit_failed;
    if (answer) {
        exit_code_ = context_.refuse(*answer);
    } else {
        context_.complain(answer.error().message);
    }
    context_.complain("stopped; the same command goes on from here");
    return false;
}

bool ExtrasImport::apply_settings(const json::Object& settings) {
    if (settings.empty()) return true;
    const auto now = context_.send("GET", path_ + "/settings");
    if (!now || now->status != 200) return stop(now);
    const auto current = json::parse(now->body).value_or(json::Value());
    const std::string* version = now->header("etag");
    const bool is_new = version != nullptr && *version == "\"1\"";
    json::Object wanted;
    for (const auto& [name, value] : settings) {
        const json::Value* held = current.find(name);
        if (held != nullptr && *held == value) {
            report_.taken_over();
        } else if (!is_new) {
            report_.left_out("settings: the realm was there before, and keeps its own",
                             short_name(name));
        } else {
            wanted.emplace_back(name, value);
        }
    }
    // All at once: when this is cut off, the next run finds them all or a realm that is still new.
    while (!wanted.empty()) {
        const auto set =
            context_.send("PATCH", path_ + "/settings", json::serialize(json::Value(wanted)));
        if (set && set->status == 200) {
            report_.taken_over(wanted.size());
            return true;
        }
        if (!set || set->status != 422 || !drop_refused(wanted, set->body)) return stop(set);
    }
    return true;
}

/// Takes out, and reports, the settings that a problem names. Returns whether there were any.
bool ExtrasImport::drop_refused(json::Object& settings, const std::string& body) {
    const auto problem = json::parse(body).value_or(json::Value());
    const std::size_t before = settings.size();
    for (const json::Value& error : list(problem, "errors")) {
        const std::string pointer = text_of(error, "pointer");
        const std::string name = pointer.substr(0, pointer.find('/', 2));
        const auto found = std::ranges::find_if(
            settings, [&](const auto& each) { return "#/" + each.first == name; });
        if (found == settings.end()) continue;
        report_.left_out("settings that the server does not accept",
                         fmt::format("{}: {}", short_name(found->first), text_of(error, "detail")));
        settings.erase(found);
    }
    return settings.size() < before;
}

/// Takes out, and reports, the headers that a problem names. Returns whether it is about nothing
/// else.
bool ExtrasImport::drop_headers(json::Object& webhook, const std::string& body,
                                const std::string& name) {
    const auto found =
        std::ranges::find(webhook, std::string_view("headers"), &json::Object::value_type::first);
    json::Object* headers = found == webhook.end() ? nullptr : found->second.as_object();
    if (headers == nullptr) return false;
    const auto problem = json::parse(body).value_or(json::Value());
    const auto is_of = [](const json::Value& error, const json::Object::value_type& header) {
        return text_of(error, "pointer") == json::pointer_to("#/headers", header.first);
    };
    const auto& errors = list(problem, "errors");
    for (const json::Value& error : errors) {
        if (std::ranges::none_of(*headers, [&](const auto& each) { return is_of(error, each); })) {
            return false;
        }
    }
    for (const json::Value& error : errors) {
        const auto bad =
            std::ranges::find_if(*headers, [&](const auto& each) { return is_of(error, each); });
        if (bad == headers->end()) continue;  // named twice
        report_.left_out("headers of webhooks that the server does not accept",
                         fmt::format("{}: {}: {}", short_name(name), short_name(bad->first),
                                     text_of(error, "detail")));
        headers->erase(bad);
    }
    return !errors.empty();
}

bool ExtrasImport::create(const std::string& path, json::Object body, const std::string& name) {
    auto made = context_.send("POST", path_ + path, json::serialize(json::Value(body)));
    if (made && made->status == 422 && drop_headers(body, made->body, name)) {
        made = context_.send("POST", path_ + path, json::serialize(json::Value(body)));
    }
    if (made && (made->status == 201 || made->status == 409)) {
        report_.taken_over(body.size());
        return true;
    }
    if (made && (made->status == 422 || made->status == 413)) {
        const auto lines = problem_lines(made->status, made->body);
        report_.left_out(
            fmt::format("{} that the server does not accept", path.substr(1)),
            fmt::format("{}: {}", short_name(name), lines.empty() ? "" : lines.front()),
            body.size());
        ++refused_;
        return true;
    }
    return stop(made);
}

bool ExtrasImport::add_event_types(const json::Value& extras) {
    for (const json::Value& each : list(extras, "event_types")) {
        const json::Object* body = each.as_object();
        if (body == nullptr) continue;
        if (!create("/event-types", *body, text_of(each, "name"))) return false;
    }
    return true;
}

/// The ids of the realm's webhooks by what makes them the same; nullopt: it cannot go on.
std::optional<std::map<std::string, std::string>> ExtrasImport::webhooks_there() {
    std::map<std::string, std::string> there;
    std::string cursor;
    do {
        Query query;
        query.add("limit", "200");
        if (!cursor.empty()) query.add("cursor", cursor);
        const auto page = context_.send("GET", path_ + "/webhooks" + query.text());
        if (!page || page->status != 200) {
            stop(page);
            return std::nullopt;
        }
        const auto value = json::parse(page->body).value_or(json::Value());
        for (const json::Value& each : list(value, "items")) {
            there.emplace(identity_of(each), text_of(each, "id"));
        }
        cursor = text_of(value, "next_cursor");
    } while (!cursor.empty());
    return there;
}

bool ExtrasImport::add_webhooks(const json::Value& extras, const json::Value& opened) {
    const auto& webhooks = list(extras, "webhooks");
    if (webhooks.empty()) return true;
    const auto there = webhooks_there();
    if (!there) return false;
    const auto& secrets = list(opened, "webhooks");
    for (std::size_t i = 0; i < webhooks.size(); ++i) {
        if (webhooks[i].as_object() == nullptr) continue;
        const std::string name = text_of(webhooks[i], "name");
        if (there->contains(identity_of(webhooks[i]))) {
            report_.taken_over(webhooks[i].as_object()->size());
            continue;
        }
        const json::Value none;
        const auto body = body_of(webhooks[i], i < secrets.size() ? secrets[i] : none);
        if (!create("/webhooks", body, name)) return false;
    }
    const json::Value* chosen = extras.find(reset_webhook_setting);
    const std::int64_t* index = chosen == nullptr ? nullptr : chosen->as_int();
    if (index == nullptr) return true;
    if (*index < 0 || static_cast<std::size_t>(*index) >= webhooks.size()) {
        report_.left_out("settings that the server does not accept",
                         "password_reset_webhook: there is no such webhook in the file");
        return true;
    }
    return choose_reset_webhook(webhooks[static_cast<std::size_t>(*index)]);
}

/// Unless the realm has chosen one itself.
bool ExtrasImport::choose_reset_webhook(const json::Value& webhook) {
    const auto now = context_.send("GET", path_ + "/settings");
    if (!now || now->status != 200) return stop(now);
    const auto current = json::parse(now->body).value_or(json::Value());
    if (!text_of(current, reset_webhook_setting).empty()) return true;
    const auto there = webhooks_there();
    if (!there) return false;
    const auto found = there->find(identity_of(webhook));
    if (found == there->end()) return true;  // it was refused, and named
    json::Object wanted{{std::string(reset_webhook_setting), found->second}};
    const auto set =
        context_.send("PATCH", path_ + "/settings", json::serialize(json::Value(wanted)));
    if (set && set->status == 200) {
        report_.taken_over();
        return true;
    }
    if (!set || set->status != 422 || !drop_refused(wanted, set->body)) return stop(set);
    return true;
}

/// A webhook with what was sealed of it.
json::Object ExtrasImport::body_of(const json::Value& webhook, const json::Value& secrets) {
    const std::string name = text_of(webhook, "name");
    Members rest(webhook);
    const auto shown = rest.take_object("headers").value_or(json::Object{});
    rest.take("secret");
    rest.take("keys");
    const auto authentication = rest.take("authentication");
    const auto tls = rest.take("tls");
    json::Object body = rest.left();
    Members opened(secrets);
    if (auto keys = opened.take("keys")) {
        body.emplace_back("keys", std::move(*keys));
    } else if (auto secret = opened.take_text("secret")) {
        body.emplace_back("secret", std::move(*secret));
    } else {
        report_.remark(
            "webhooks that have a new secret: give it to their receivers (postrider webhook "
            "secret)",
            short_name(name));
    }
    auto headers = opened.take_object("headers");
    if (!headers) {
        headers.emplace();
        for (const auto& [header, value] : shown) {
            if (value == json::Value(masked)) {
                report_.left_out("headers of webhooks, whose values are not in the file",
                                 short_name(fmt::format("{}: {}", name, header)));
            } else {
                headers->emplace_back(header, value);
            }
        }
    }
    body.emplace_back("headers", std::move(*headers));
    const auto add_sealed = [&](const char* member, const std::optional<json::Value>& found_there) {
        if (auto whole = opened.take(member)) {
            body.emplace_back(member, std::move(*whole));
        } else if (found_there && found_there->is_null()) {
            body.emplace_back(member, nullptr);
        } else if (found_there) {
            report_.left_out(
                fmt::format("{} of webhooks, whose secrets are not in the file", member),
                short_name(name));
        }
    };
    add_sealed("authentication", authentication);
    add_sealed("tls", tls);
    return body;
}

void ExtrasImport::report_only(const json::Object& settings, const json::Value& extras) {
    report_.taken_over(settings.size());
    for (const char* kind : {"event_types", "webhooks"}) {
        for (const json::Value& each : list(extras, kind)) {
            if (each.as_object() != nullptr) report_.taken_over(each.as_object()->size());
        }
    }
}

}  // namespace postrider::cli
