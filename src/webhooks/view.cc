#include "webhooks/view.h"

#include "base/time.h"
#include "webhooks/health.h"

namespace postrider::webhooks {
namespace {

void write_list(json::Writer& writer, std::string_view name,
                const std::vector<std::string>& words) {
    writer.key(name);
    writer.begin_array();
    for (const auto& word : words) writer.string(word);
    writer.end_array();
}

/// Names are RFC 9110 tokens, so Writer::key needs to escape nothing.
void write_headers(json::Writer& writer, const Webhook& webhook, const Headers* revealed) {
    writer.key("headers");
    writer.begin_object();
    if (revealed != nullptr) {
        for (const auto& [name, value] : *revealed) writer.member(name, value);
    } else {
        for (const auto& name : webhook.header_names) writer.member(name, secret_mask);
    }
    writer.end_object();
}

void write_members(json::Writer& writer, const Webhook& webhook, const Headers* revealed) {
    writer.member("id", webhook.id.to_string());
    writer.member("name", webhook.name);
    writer.member("description", webhook.description);
    writer.member("url", webhook.url);
    write_headers(writer, webhook, revealed);
    write_list(writer, "events", webhook.events);
    writer.member("enabled", webhook.enabled);
    if (webhook.disabled_reason == DisabledReason::none) {
        writer.member_null("disabled_reason");
    } else {
        writer.member("disabled_reason", to_string(webhook.disabled_reason));
    }
    if (webhook.timeout) {
        writer.member("timeout", format_duration(*webhook.timeout));
    } else {
        writer.member_null("timeout");
    }
    if (webhook.retry_schedule) {
        writer.member_raw("retry_schedule", to_json(*webhook.retry_schedule));
    } else {
        writer.member_null("retry_schedule");
    }
    writer.key("signing");
    writer.begin_array();
    for (const auto scheme : webhook.signing) writer.string(to_string(scheme));
    writer.end_array();
    write_controls(writer, webhook.controls);
    writer.member("created_at", format_rfc3339(webhook.created_at));
    writer.member("updated_at", format_rfc3339(webhook.updated_at));
    writer.member("version", webhook.version);
}

void write_secret_members(json::Writer& writer, const ShownSecret& secret) {
    const auto write = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) writer.member(name, value);
    };
    write("secret", secret.secret);
    write("public_key", secret.public_key);
    write("ferriskey_secret", secret.ferriskey);
    write("previous", secret.previous);
    write("previous_public_key", secret.previous_public_key);
    if (secret.previous_expires_at) {
        writer.member("previous_expires_at", format_rfc3339(*secret.previous_expires_at));
    }
}

}  // namespace

ShownSecret show_secret(const std::vector<SigningScheme>& signing, const SecretSet& current,
                        const SecretSet& previous, std::optional<Timestamp> previous_expires_at) {
    ShownSecret shown;
    for (const auto scheme : signing) {
        if (scheme == SigningScheme::ferriskey) {
            shown.ferriskey = current.ferriskey;
        } else if (scheme == SigningScheme::v1) {
            shown.secret = secret_text(current);
            if (!previous.v1.empty() && previous.v1 != current.v1) {
                shown.previous = secret_text(previous);
            }
        } else {
            shown.public_key = public_key_text(current);
            if (!previous.v1a.empty() && previous.v1a != current.v1a) {
                shown.previous_public_key = public_key_text(previous);
            }
        }
    }
    if (!shown.previous.empty() || !shown.previous_public_key.empty()) {
        shown.previous_expires_at = previous_expires_at;
    }
    return shown;
}

void write_webhook(json::Writer& writer, const Webhook& webhook, const Headers* revealed) {
    writer.begin_object();
    write_members(writer, webhook, revealed);
    writer.end_object();
}

void write_webhook(json::Writer& writer, const Webhook& webhook, const Headers* revealed,
                   const Health& health) {
    writer.begin_object();
    write_members(writer, webhook, revealed);
    writer.key("health");
    write_health(writer, health);
    writer.end_object();
}

std::string webhook_with_secret(const Webhook& webhook, const ShownSecret& secret) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_members(writer, webhook, nullptr);
    write_secret_members(writer, secret);
    writer.end_object();
    return out;
}

std::string secret_json(const ShownSecret& secret) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_secret_members(writer, secret);
    writer.end_object();
    return out;
}

std::string keys_json(const GivenKeys& keys) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key("keys");
    writer.begin_object();
    writer.member("now", to_plaintext(keys.now));
    if (!keys.previous.empty() && keys.previous_expires_at) {
        writer.member("previous", to_plaintext(keys.previous));
        writer.member("previous_expires_at", format_rfc3339(*keys.previous_expires_at));
    }
    writer.end_object();
    writer.end_object();
    return out;
}

std::string event_data(const Webhook& webhook, const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    write_members(writer, webhook, nullptr);
    if (changed != nullptr) write_list(writer, "changed", *changed);
    writer.end_object();
    return out;
}

}  // namespace postrider::webhooks
