#include "delivery/tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "delivery/decision.h"
#include "model/credential_limits.h"

namespace postrider::delivery {
namespace {

std::unexpected<Error> no_token(std::string why) {
    return fail(ErrorCode::invalid_argument, std::move(why));
}

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7f; }

bool is_bearer(std::string_view type) {
    constexpr std::string_view bearer = "bearer";
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(type, bearer, {}, lower);
}

/// `expires_in` in seconds; some servers send it as a string.
double seconds_of(const json::Value& value) {
    if (const auto* whole = value.as_int()) return static_cast<double>(*whole);
    if (const auto* number = value.as_double()) return *number;
    double seconds = 0;
    if (const auto* text = value.as_string()) {
        std::from_chars(text->data(), text->data() + text->size(), seconds);
    }
    return seconds;
}

Duration lifetime_of(const json::Value& answer) {
    const auto* given = answer.find("expires_in");
    if (given == nullptr || given->is_null()) return limits::token_lifetime_default;
    using Seconds = std::chrono::duration<double>;
    const double longest = Seconds(limits::token_lifetime_max).count();
    const double seconds = seconds_of(*given);
    // Not a number compares false.
    const double bounded = seconds > 0 ? std::min(seconds, longest) : 0;
    const Duration asked = std::chrono::floor<Duration>(Seconds(bounded)) - limits::token_margin;
    return std::max<Duration>(asked, limits::token_interval);
}

/// application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
                              c == '*';
        if (is_plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

/// What the endpoint says is wrong, if it is one of the words of RFC 6749 section 5.2: what else it
/// sends is not repeated.
std::string_view error_word(std::string_view body) {
    constexpr std::array<std::string_view, 6> words{"invalid_request",        "invalid_client",
                                                    "invalid_grant",          "unauthorized_client",
                                                    "unsupported_grant_type", "invalid_scope"};
    const auto answer = json::parse(body, limits::token_answer_depth_max);
    const auto* error = answer ? answer->find("error") : nullptr;
    if (error == nullptr || error->as_string() == nullptr) return "";
    const auto found = std::ranges::find(words, *error->as_string());
    return found == words.end() ? std::string_view() : *found;
}

std::string refusal(const AttemptResult& result) {
    const auto word = error_word(result.response_body);
    return fmt::format("the token endpoint answered {}{}", result.status,
                       word.empty() ? "" : fmt::format(" ({})", word));
}

AttemptResult failure(std::string detail) {
    AttemptResult result;
    result.reason = OutcomeReason::token_failed;
    result.detail = std::move(detail);
    return result;
}

/// The outcome of attempts that needed the token. What is the server's own fault stays so.
AttemptResult failure_of(const AttemptResult& result) {
    if (kind_of(result.reason) == OutcomeKind::internal) {
        AttemptResult same;
        same.reason = result.reason;
        same.detail = result.detail;
        return same;
    }
    if (kind_of(result.reason) == OutcomeKind::response) return failure(refusal(result));
    return failure("no access token: " + describe(result));
}

}  // namespace

Result<AccessToken> read_token(std::string_view body) {
    const auto answer = json::parse(body, limits::token_answer_depth_max);
    if (!answer || answer->as_object() == nullptr) return no_token("is no JSON object");
    const auto* token = answer->find("access_token");
    if (token == nullptr || token->as_string() == nullptr) return no_token("has no access_token");
    const auto& text = *token->as_string();
    if (text.empty() || text.size() > limits::access_token_bytes_max ||
        !std::ranges::all_of(text, is_visible_ascii)) {
        return no_token(
            fmt::format("has an access_token that is not 1 to {} visible ASCII characters",
                        limits::access_token_bytes_max));
    }
    const auto* type = answer->find("token_type");
    if (type != nullptr && (type->as_string() == nullptr || !is_bearer(*type->as_string()))) {
        return no_token("has a token_type other than Bearer");
    }
    return AccessToken{.text = text, .lifetime = lifetime_of(*answer)};
}

Tokens::Entry& Tokens::entry_of(const webhooks::Target& target) {
    auto& entry = entries_[target.webhook];
    if (entry.client == nullptr || *entry.client != *target.token_client) {
        // What is under way for the former one still answers those who wait for it.
        entry = Entry{.client = target.token_client};
    }
    return entry;
}

admission::Token Tokens::state_of(const Entry& entry) const {
    using State = admission::Token::State;
    if (!entry.token.empty()) return {State::good, entry.good_until};
    if (entry.fetch != nullptr) return {State::asked};
    return {State::missing, entry.not_before};
}

admission::Token Tokens::state(const webhooks::Target& target) {
    if (target.token_client == nullptr) return {};
    return state_of(entry_of(target));
}

void Tokens::get(const webhooks::SharedTarget& target, Then then) {
    Entry& entry = entry_of(*target);
    const Timestamp now = around_.now();
    if (!entry.token.empty() && now < entry.good_until) return then({.token = entry.token});
    if (entry.fetch != nullptr) {
        entry.fetch->waiting.push_back(std::move(then));
        return;
    }
    if (entry.token.empty() && now < entry.not_before) {
        return then(
            {.token = "",
             .failure = failure("there is no access token, and the token endpoint was asked "
                                "for one just now")});
    }
    entry.token.clear();
    entry.asked_at = now;
    entry.fetch = std::make_shared<Fetch>(Fetch{.target = target, .style = entry.style});
    entry.fetch->waiting.push_back(std::move(then));
    around_.changed(target->webhook, state_of(entry));
    send(std::shared_ptr(entry.fetch));
}

void Tokens::send(const std::shared_ptr<Fetch>& fetch) {
    const auto& target = *fetch->target;
    const auto& client = *target.token_client;
    net::SendRequest request;
    request.realm = target.realm;
    request.url = client.url;
    request.headers =
        "content-type: application/x-www-form-urlencoded\r\n"
        "accept: application/json\r\n"
        "user-agent: " +
        around_.user_agent + "\r\n";
    std::string body = "grant_type=client_credentials";
    const auto add = [&body](std::string_view name, std::string_view value) {
        if (!value.empty()) body += fmt::format("&{}={}", name, form_encoded(value));
    };
    if (fetch->style == Style::basic) {
        request.headers +=
            fmt::format("authorization: Basic {}\r\n",
                        base64_encode(form_encoded(client.id) + ":" + form_encoded(client.secret)));
    } else {
        add("client_id", client.id);
        add("client_secret", client.secret);
    }
    add("scope", client.scope);
    add("audience", client.audience);
    request.body = std::make_shared<const std::string>(std::move(body));
    request.timeout = std::max<Duration>(target.timeout - fetch->spent, 1ms);
    request.policy = target.policy;
    request.kept_bytes_max = limits::response_bytes_read_max;
    around_.sender.send(std::move(request), [this, fetch](AttemptResult result) {
        answered(fetch, std::move(result));
    });
}

void Tokens::answered(const std::shared_ptr<Fetch>& fetch, AttemptResult result) {
    // As RFC 6749 section 5.2 has it, 401; many answer 400.
    const bool may_be_style = result.status == 400 || result.status == 401;
    if (may_be_style && !std::exchange(fetch->is_second, true)) {
        fetch->style = fetch->style == Style::basic ? Style::body : Style::basic;
        fetch->spent = result.timings.total;
        return send(fetch);
    }
    Given given;
    Duration lifetime{0};
    if (result.reason != OutcomeReason::accepted) {
        given.failure = failure_of(result);
    } else if (result.response_truncated) {
        given.failure = failure(fmt::format("the token endpoint sent more than {} bytes",
                                            limits::response_bytes_read_max));
    } else if (auto read = read_token(result.response_body); !read) {
        given.failure = failure("the token endpoint's answer " + read.error().message);
    } else {
        given.token = std::move(read->text);
        lifetime = read->lifetime;
    }
    const auto found = entries_.find(fetch->target->webhook);
    if (found != entries_.end() && found->second.fetch == fetch) {
        settle(found->second, *fetch, result, given, lifetime);
    }
    for (const auto& then : std::exchange(fetch->waiting, {})) then(given);
}

void Tokens::settle(Entry& entry, const Fetch& fetch, const AttemptResult& result,
                    const Given& given, Duration lifetime) {
    const Timestamp now = around_.now();
    entry.fetch.reset();
    if (!given.token.empty()) {
        entry.token = given.token;
        entry.good_until = now + lifetime;
        entry.failures = 0;
        entry.style = fetch.style;
    } else {
        const Duration wait =
            std::min<Duration>(limits::token_retry_first * (1 << std::min(entry.failures, 10)),
                               limits::token_interval);
        ++entry.failures;
        const Duration asked = asked_delay(result, now).value_or(Duration{0});
        entry.not_before = now + std::clamp<Duration>(asked, wait, limits::token_retry_after_max);
    }
    around_.changed(fetch.target->webhook, state_of(entry));
}

void Tokens::refused(const WebhookId& webhook, std::string_view token) {
    const auto found = entries_.find(webhook);
    if (token.empty() || found == entries_.end() || found->second.token != token) return;
    Entry& entry = found->second;
    entry.token.clear();
    entry.not_before = entry.asked_at + limits::token_interval;
    around_.changed(webhook, state_of(entry));
}

}  // namespace postrider::delivery
