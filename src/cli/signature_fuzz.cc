// A saved request of any bytes, and its signature check: neither may crash, and what is verified
// must verify again with the bytes as they were.
#include "base/check.h"
#include "cli/request_text.h"
#include "cli/signature_check.h"

using namespace postrider;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(cli::parse_verification_key(text));
    auto request = cli::parse_request_text(text);
    if (!request) return 0;
    auto hmac = cli::parse_verification_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    auto ed25519 = cli::parse_verification_key("whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    CHECK(hmac && ed25519);
    const cli::VerificationKey keys[] = {*hmac, *ed25519};
    auto now = from_micros(1'614'265'330'000'000);
    cli::SignedRequest given = {request->header("webhook-id"), request->header("webhook-timestamp"),
                                request->header("webhook-signature"), request->body};
    auto check = cli::check_signature(given, keys, now, 5min);
    CHECK(!check.detail.empty());
    if (check.ok()) {
        auto changed = request->body + "x";
        given.body = changed;
        CHECK(!cli::check_signature(given, keys, now, 5min).ok());
    }
    return 0;
}
