#include "cli/tls_flags.h"

#include <utility>

#include "base/file.h"
#include "model/tls_limits.h"

namespace postrider::cli {
namespace {

struct Named {
    const char* flag;
    const char* member;
    std::size_t bytes_max;
};
constexpr Named files[] = {
    {"--receiver-ca", "ca", limits::tls_authorities_bytes_max},
    {"--client-certificate", "client_certificate", limits::tls_chain_bytes_max},
    {"--client-key", "client_key", limits::tls_key_bytes_max}};

}  // namespace

std::vector<Argument> tls_arguments() {
    return {{"--receiver-ca", "FILE",
             "PEM of the authorities to trust instead of the server's, for a receiver with a "
             "private one"},
            {"--client-certificate", "FILE",
             "PEM of the certificate to show to the receiver (mutual TLS), its issuers behind it"},
            {"--client-key", "FILE", "PEM of its key, without a passphrase"},
            {"--no-tls", "", "trust the server's authorities again, and show no certificate"}};
}

Result<std::optional<json::Value>> tls_of(const Given& given) {
    json::Object tls;
    for (const auto& [flag, member, bytes_max] : files) {
        const auto path = given.text(flag);
        if (!path) continue;
        POSTRIDER_ASSIGN(auto text, read_file(*path, bytes_max));
        tls.emplace_back(member, std::move(text));
    }
    if (given.has("--no-tls")) {
        if (tls.empty()) return json::Value();
        return fail(ErrorCode::invalid_argument,
                    "--no-tls goes with none of --receiver-ca, --client-certificate, --client-key");
    }
    if (tls.empty()) return std::nullopt;
    return json::Value(std::move(tls));
}

json::Value with_the_rest_of(const json::Value& webhook, const json::Value& tls) {
    const auto* before = webhook.find("tls");
    if (tls.as_object() == nullptr || before == nullptr) return tls;
    json::Object whole = *tls.as_object();
    for (const auto& [flag, member, bytes_max] : files) {
        const auto* kept = before->find(member);
        if (tls.find(member) == nullptr && kept != nullptr) whole.emplace_back(member, *kept);
    }
    return json::Value(std::move(whole));
}

}  // namespace postrider::cli
