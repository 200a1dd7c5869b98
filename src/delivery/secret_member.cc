#include "delivery/secret_member.h"

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

}  // namespace postrider::delivery
