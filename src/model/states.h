#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace postrider {

/// Where a delivery stands. Persistent (SQL, JSON, docs); never rename.
///
///     pending ──2xx──▶ delivered
///        │──────────▶ failed      (schedule exhausted, 410, set aside)
///        └──────────▶ cancelled   (webhook disabled or deleted)
///     cancelled ──2xx of the attempt that was in flight──▶ delivered
///     delivered, failed, cancelled ──redeliver, recover──▶ pending
enum class DeliveryState { pending, delivered, failed, cancelled };
std::string_view to_string(DeliveryState state);
std::optional<DeliveryState> parse_delivery_state(std::string_view text);

/// Whose fault an attempt's outcome is. Persistent; never rename.
enum class OutcomeKind {
    internal,   ///< ours (resolver busy, out of descriptors): does not use up the schedule
    transport,  ///< DNS, blocked address, refused, TLS, timeout, reset, malformed answer
    response,   ///< they answered with a status
};
std::string_view to_string(OutcomeKind kind);
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text);

/// What precisely happened to an attempt. Persistent; never rename.
enum class OutcomeReason {
    // response
    accepted,           ///< 2xx
    refused_by_status,  ///< any other final status, 3xx among them
    gone,               ///< 410: the webhook is disabled
    // transport
    dns_failed,  ///< the name does not exist or has no address
    dns_timeout,
    address_blocked,  ///< the egress policy passes none of the name's addresses
    connect_failed,
    connect_timeout,
    tls_failed,  ///< handshake or certificate
    tls_timeout,
    send_failed,       ///< the connection broke while the request was written
    response_timeout,  ///< no complete response by the deadline
    response_broken,   ///< closed early, malformed, headers over the limit
    token_failed,      ///< the webhook's token endpoint gave no access token
    // internal
    resolver_busy,  ///< too many look-ups in flight
    out_of_descriptors,
    unsealable,  ///< the webhook's secret or headers could not be opened
    shutting_down,
    unrenderable,  ///< the webhook's template makes no body of the event
    proxy_failed,  ///< the operator's egress proxy gave no tunnel
};
/// How many there are; states.cc holds it to be the number of their names.
inline constexpr std::size_t outcome_reasons_count =
    static_cast<std::size_t>(OutcomeReason::proxy_failed) + 1;
std::string_view to_string(OutcomeReason reason);
std::optional<OutcomeReason> parse_outcome_reason(std::string_view text);
OutcomeKind kind_of(OutcomeReason reason);
/// Whether it counts as a timeout for the lane's limit (the receiver held the attempt to its end).
bool is_timeout(OutcomeReason reason);

/// How a webhook's requests are signed. Persistent; never rename. Source: Standard Webhooks, and
/// FerrisKey for the third, which signs in headers of its own.
enum class SigningScheme { v1, v1a, ferriskey };
std::string_view to_string(SigningScheme scheme);
std::optional<SigningScheme> parse_signing_scheme(std::string_view text);

/// Why a webhook is not enabled. Persistent; never rename.
enum class DisabledReason {
    none,     ///< it is enabled
    by_hand,  ///< through the API
    gone,     ///< a receiver answered 410
    failing,  ///< promise 7: it failed for five days
    deleted,  ///< a tombstone
    corrupt,  ///< what is stored of it cannot be read: it waits until it is saved anew
};
std::string_view to_string(DisabledReason reason);
std::optional<DisabledReason> parse_disabled_reason(std::string_view text);

/// How an event came into the log. Persistent; never rename.
enum class EventOrigin {
    directory,  ///< a real change, in its transaction
    api,        ///< published through the API
    test,       ///< a test of one webhook; never matched, not listed
};
std::string_view to_string(EventOrigin origin);
std::optional<EventOrigin> parse_event_origin(std::string_view text);

enum class OperationState { running, done, cancelled, failed };
std::string_view to_string(OperationState state);
std::optional<OperationState> parse_operation_state(std::string_view text);

}  // namespace postrider
