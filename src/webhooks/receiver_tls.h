#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "webhooks/authentication.h"

namespace postrider::webhooks {

/// A webhook's `tls`: whom its connections trust, and which certificate they show. The texts are
/// PEM, sealed together in a column of their own; everywhere else the mask stands for each.
struct ReceiverTls {
    std::string authorities = {};  ///< `ca`, instead of the server's; "" for those
    std::string certificate = {};  ///< `client_certificate`; "" for none
    std::string key = {};          ///< `client_key`, of the certificate
    // What is no secret of the certificate, for those who renew it.
    std::string subject = {};
    std::optional<Timestamp> expires_at = {};
    bool operator==(const ReceiverTls&) const = default;
};

/// Reads a webhook's member; nullopt if anything is wrong with it. The PEM is in its short form
/// (net/client_tls.h). `subject` and `expires_at` are taken as they are: a change makes them anew.
std::optional<ReceiverTls> read_receiver_tls(const json::Value& value, const RefuseMember& refuse);
void write_receiver_tls(json::Writer& writer, const ReceiverTls& tls);

/// The same with the mask in place of each text that is there.
ReceiverTls masked(ReceiverTls tls);
/// What is known of the certificate is set from its text. Requires: nothing is masked.
void describe_certificate(ReceiverTls& tls);

/// The texts alone, as they are sealed; "" when there are none.
std::string to_plaintext(const ReceiverTls& tls);
/// Errors: corrupt.
Result<ReceiverTls> parse_tls_plaintext(std::string_view json);

}  // namespace postrider::webhooks
