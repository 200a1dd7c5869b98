#include "directory/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "directory/ledger.h"
#include "directory/realm_index.h"
#include "model/limits.h"
#include "net/egress_policy.h"
#include "webhooks/target_builder.h"
#include "webhooks/webhook.h"

namespace postrider::directory {

namespace {

constexpr std::array<std::string_view, 7> writable{
    "retention_days",         "retry_schedule", "timeout",         "password_min_length",
    "password_reset_webhook", "secret_overlap", "allowed_networks"};

struct DurationRange {
    Duration min;
    Duration max;
};

void read_duration(FieldReader& reader, std::string_view name, Field<Duration>& field,
                   const DurationRange& range) {
    const json::Value* value = reader.value(name, field);
    if (value == nullptr) return;
    const std::string* text = value->as_string();
    const auto parsed = text == nullptr ? std::nullopt : parse_duration(*text);
    if (!parsed || *parsed < range.min || *parsed > range.max) {
        return reader.refuse(name,
                             fmt::format("must be a duration such as \"15s\", {} to {}",
                                         format_duration(range.min), format_duration(range.max)));
    }
    field.set(*parsed);
}

void read_schedule(FieldReader& reader, Field<std::vector<Duration>>& field) {
    const json::Value* value = reader.value("retry_schedule", field);
    if (value == nullptr) return;
    const json::Array* list = value->as_array();
    if (list == nullptr || list->size() > limits::retry_schedule_entries_max) {
        return reader.refuse("retry_schedule",
                             fmt::format("must be a list of at most {} waits such as \"5m\"",
                                         limits::retry_schedule_entries_max));
    }
    std::vector<Duration> schedule;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string* text = (*list)[i].as_string();
        const auto wait = text == nullptr ? std::nullopt : parse_duration(*text);
        if (wait && *wait <= limits::retry_delay_max) {
            schedule.push_back(*wait);
        } else {
            reader.refuse_at(fmt::format("#/retry_schedule/{}", i),
                             fmt::format("must be a duration such as \"5m\", at most {}",
                                         format_duration(limits::retry_delay_max)));
        }
    }
    field.set(std::move(schedule));
}

void read_webhook(FieldReader& reader, Field<WebhookId>& field) {
    const json::Value* value = reader.value("password_reset_webhook", field);
    if (value == nullptr) return;
    const std::string* text = value->as_string();
    const auto id = text == nullptr ? std::nullopt : WebhookId::parse(*text);
    if (!id) return reader.refuse("password_reset_webhook", "must be the id of a webhook, or null");
    field.set(*id);
}

void read_networks(FieldReader& reader, Field<std::vector<std::string>>& field) {
    const json::Value* value = reader.value("allowed_networks", field);
    if (value == nullptr) return;
    const json::Array* list = value->as_array();
    if (list == nullptr || list->size() > limits::allowed_networks_max) {
        return reader.refuse(
            "allowed_networks",
            fmt::format("must be a list of at most {} networks", limits::allowed_networks_max));
    }
    std::vector<std::string> networks;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string* text = (*list)[i].as_string();
        if (text != nullptr && net::Cidr::parse(*text)) {
            networks.push_back(*text);
        } else {
            reader.refuse_at(fmt::format("#/allowed_networks/{}", i),
                             "must be a network such as 10.0.0.0/8 or fd00::/8, with no bit set "
                             "below the prefix");
        }
    }
    field.set(std::move(networks));
}

std::unexpected<Error> corrupt_settings() {
    return fail(ErrorCode::corrupt, "the stored settings of a realm cannot be read");
}

/// What cannot be read sends no token anywhere.
std::optional<ResetWebhook> read_reset_webhook(const json::Value& stored) {
    const json::Value* id = stored.find("id");
    const json::Value* held = stored.find("set_by");
    if (id == nullptr || id->as_string() == nullptr || held == nullptr) return std::nullopt;
    const auto webhook = WebhookId::parse(*id->as_string());
    if (!webhook) return std::nullopt;
    return ResetWebhook{*webhook, access::from_json(json::serialize(*held))};
}

/// The stored members that are read here; `write_stored` wrote them.
Result<void> read_stored(const json::Value& stored, Settings& settings) {
    const auto integer = [&](const char* name, std::int64_t& into) {
        const json::Value* value = stored.find(name);
        if (value != nullptr && value->as_int() != nullptr) into = *value->as_int();
    };
    const auto duration = [&](const char* name, Duration& into) {
        const json::Value* value = stored.find(name);
        if (value == nullptr || value->as_string() == nullptr) return;
        if (const auto parsed = parse_duration(*value->as_string())) into = *parsed;
    };
    integer("retention_days", settings.retention_days);
    integer("password_min_length", settings.password_min_length);
    duration("timeout", settings.timeout);
    duration("secret_overlap", settings.secret_overlap);
    if (const json::Value* chosen = stored.find("password_reset_webhook")) {
        settings.password_reset_webhook = read_reset_webhook(*chosen);
    }
    if (const json::Value* schedule = stored.find("retry_schedule")) {
        POSTRIDER_ASSIGN(settings.retry_schedule,
                         webhooks::parse_schedule(json::serialize(*schedule)));
    }
    const json::Value* networks = stored.find("allowed_networks");
    if (networks != nullptr && settings.is_master) {
        POSTRIDER_ASSIGN(settings.allowed_networks,
                         webhooks::parse_words(json::serialize(*networks)));
    }
    return {};
}

/// Sets or removes the member of a field that was touched.
template <typename T, typename ToJson>
void store_field(json::Object& stored, std::string_view name, const Field<T>& field,
                 ToJson to_json) {
    if (!field.touched) return;
    std::erase_if(stored, [&](const auto& member) { return member.first == name; });
    if (field.value) stored.emplace_back(name, to_json(*field.value));
}

std::vector<std::string> differences(const Settings& before, const Settings& after) {
    std::vector<std::string> changed;
    const auto note = [&](const char* name, bool differs) {
        if (differs) changed.emplace_back(name);
    };
    note("retention_days", before.retention_days != after.retention_days);
    note("retry_schedule", before.retry_schedule != after.retry_schedule);
    note("timeout", before.timeout != after.timeout);
    note("password_min_length", before.password_min_length != after.password_min_length);
    note("password_reset_webhook", before.password_reset_webhook != after.password_reset_webhook);
    note("secret_overlap", before.secret_overlap != after.secret_overlap);
    note("allowed_networks", before.allowed_networks != after.allowed_networks);
    return changed;
}

/// Each within what the operator allows: no call of the API widens it.
void check_networks(const Field<std::vector<std::string>>& networks,
                    const SettingsDefaults& defaults, std::vector<FieldError>& errors) {
    if (!networks.value) return;
    for (std::size_t i = 0; i < networks.value->size(); ++i) {
        const std::string& text = (*networks.value)[i];
        const auto network = net::Cidr::parse(text);
        if (!network || webhooks::is_within(*network, defaults.allowed_networks)) continue;
        errors.push_back({fmt::format("#/allowed_networks/{}", i),
                          {},
                          {},
                          fmt::format("is wider than what the server was started with; to allow "
                                      "it, start postrider serve with --allow-network {}",
                                      text)});
    }
}

}  // namespace

Result<std::vector<std::string>> retire_old_settings(store::RealmRow& row) {
    std::vector<std::string> retired;
    auto parsed = json::parse(row.settings);
    json::Object* stored = parsed ? parsed->as_object() : nullptr;
    if (stored == nullptr) return retired;  // settings_of() says that they cannot be read
    std::erase_if(*stored, [&](const auto& member) {
        // An empty list said nothing while the setting could only add to what the operator allows.
        const bool is_empty_list = member.first == "allowed_networks" &&
                                   member.second.as_array() != nullptr &&
                                   member.second.as_array()->empty();
        if (member.first != "reset_token_in_event" && !is_empty_list) return false;
        retired.push_back(member.first);
        return true;
    });
    if (!retired.empty()) row.settings = json::serialize(*parsed);
    return retired;
}

Result<Settings> settings_of(const store::RealmRow& row, const SettingsDefaults& defaults) {
    Settings settings{.retention_days = limits::retention_days_default,
                      .retry_schedule = defaults.retry_schedule,
                      .timeout = defaults.timeout,
                      .password_min_length = limits::password_characters_min_default,
                      .password_reset_webhook = {},
                      .secret_overlap = limits::secret_overlap_default,
                      .allowed_networks = {},
                      .is_master = row.name == master_name};
    const auto stored = json::parse(row.settings);
    if (!stored || stored->as_object() == nullptr) return corrupt_settings();
    POSTRIDER_TRY(read_stored(*stored, settings));
    return settings;
}

SettingsChange parse_settings_change(const json::Value& body, ChangeKind kind) {
    SettingsChange change;
    FieldReader reader(body, kind, writable);
    if (body.as_object() != nullptr) {
        reader.integer("retention_days", change.retention_days, {1, limits::retention_days_max});
        read_schedule(reader, change.retry_schedule);
        read_duration(reader, "timeout", change.timeout,
                      {limits::attempt_timeout_min, limits::attempt_timeout_max});
        reader.integer(
            "password_min_length", change.password_min_length,
            {limits::password_characters_min_lowest, limits::password_characters_min_highest});
        read_webhook(reader, change.password_reset_webhook);
        read_duration(reader, "secret_overlap", change.secret_overlap,
                      {Duration{0}, limits::secret_overlap_max});
        read_networks(reader, change.allowed_networks);
    }
    change.errors = reader.take_errors();
    return change;
}

Result<std::vector<std::string>> apply(const SettingsChange& change, const Caller& caller,
                                       store::RealmRow& row, const SettingsDefaults& defaults) {
    auto errors = change.errors;
    if (row.name != master_name && change.allowed_networks.value) {
        errors.push_back({"#/allowed_networks",
                          {},
                          {},
                          "can be set in the realm master only, for its own webhooks"});
    }
    check_networks(change.allowed_networks, defaults, errors);
    POSTRIDER_TRY(check_errors(std::move(errors)));
    POSTRIDER_ASSIGN(const auto before, settings_of(row, defaults));
    POSTRIDER_ASSIGN(auto value, json::parse(row.settings));
    json::Object& stored = *value.as_object();
    const auto plain = [](const auto& given) { return json::Value(given); };
    const auto as_duration = [](Duration given) { return json::Value(format_duration(given)); };
    const auto as_list = [](const auto& given) { return *json::parse(webhooks::to_json(given)); };
    store_field(stored, "retention_days", change.retention_days, plain);
    store_field(stored, "retry_schedule", change.retry_schedule, as_list);
    store_field(stored, "timeout", change.timeout, as_duration);
    store_field(stored, "password_min_length", change.password_min_length, plain);
    const auto& chosen = before.password_reset_webhook;
    const bool is_kept = chosen && change.password_reset_webhook.value == chosen->id;
    if (!is_kept) {
        store_field(stored, "password_reset_webhook", change.password_reset_webhook,
                    [&](const WebhookId& id) {
                        return json::Value(
                            json::Object{{"id", json::Value(id.to_string())},
                                         {"set_by", *json::parse(access::to_json(caller.held))}});
                    });
    }
    store_field(stored, "secret_overlap", change.secret_overlap, as_duration);
    // They are a set: the same networks in another order change nothing.
    const auto& networks = change.allowed_networks.value;
    const bool are_same = networks && before.allowed_networks &&
                          std::ranges::is_permutation(*networks, *before.allowed_networks);
    if (!are_same) store_field(stored, "allowed_networks", change.allowed_networks, as_list);
    row.settings = json::serialize(value);
    POSTRIDER_ASSIGN(const auto after, settings_of(row, defaults));
    return differences(before, after);
}

std::string settings_json(const Settings& settings, const std::vector<std::string>* changed) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("retention_days", settings.retention_days);
    writer.member_raw("retry_schedule", webhooks::to_json(settings.retry_schedule));
    writer.member("timeout", format_duration(settings.timeout));
    writer.member("password_min_length", settings.password_min_length);
    if (settings.password_reset_webhook) {
        writer.member("password_reset_webhook", settings.password_reset_webhook->id.to_string());
    } else {
        writer.member_null("password_reset_webhook");
    }
    writer.member("secret_overlap", format_duration(settings.secret_overlap));
    if (settings.is_master && settings.allowed_networks) {
        write_words(writer, "allowed_networks", *settings.allowed_networks);
    } else if (settings.is_master) {
        writer.member_null("allowed_networks");
    }
    if (changed != nullptr) write_words(writer, "changed", *changed);
    writer.end_object();
    return out;
}

}  // namespace postrider::directory
