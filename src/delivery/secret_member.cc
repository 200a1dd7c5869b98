#include "delivery/secret_member.h"

#include "base/encoding.h"

namespace postrider::delivery {

namespace {

/// The beginning "prt_" and a few characters tell nothing.
constexpr std::size_t worth_masking = 8;

void mask(std::string& text, std::string_view secret) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
        text.replace(at, secret.size(), secret_mask);
        at += secret_mask.size();
    }
}

/// What is left of it where the text was cut.
void mask_begin(std::string& text, std::string_view secret) {
    for (auto size = secret.size() - 1; size >= worth_masking; --size) {
        if (!text.ends_with(secret.substr(0, size))) continue;
        text.replace(text.size() - size, size, secret_mask);
        return;
    }
}

}  // namespace

bool may_carry_secret(const EventContent& event) { return event.type() == "auth.reset_password"; }

void mask_secret(AttemptResult& result, std::string_view secret) {
    if (secret.empty()) return;
    mask(result.response_body, secret);
    if (result.response_truncated) mask_begin(result.response_body, secret);
    mask(result.detail, secret);
    for (auto& [name, value] : result.response_headers) mask(value, secret);
}

void mask_authorization(AttemptResult& result, std::string_view authorization) {
    mask_secret(result, authorization);
    const auto space = authorization.find(' ');
    if (space == std::string_view::npos) return;
    const auto mask_part = [&result](std::string_view part) {
        if (part.size() >= worth_masking) mask_secret(result, part);
    };
    const auto credential = authorization.substr(space + 1);
    mask_part(credential);
    if (!authorization.starts_with("Basic ")) return;
    const auto pair = base64_decode(credential);
    if (pair && pair->contains(':')) {
        mask_part(std::string_view(*pair).substr(pair->find(':') + 1));
    }
}

}  // namespace postrider::delivery
