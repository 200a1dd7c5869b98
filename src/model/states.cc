#include "model/states.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace postrider {
namespace {

/// One table per enum, in the enum's order: to_string and parse cannot disagree.
template <typename E, std::size_t N>
using Names = std::array<std::pair<E, std::string_view>, N>;

template <typename E, std::size_t N>
std::string_view name_of(const Names<E, N>& names, E value) {
    auto index = static_cast<std::size_t>(value);
    CHECK(index < N && names[index].first == value);
    return names[index].second;
}

template <typename E, std::size_t N>
std::optional<E> value_of(const Names<E, N>& names, std::string_view text) {
    for (const auto& [value, name] : names) {
        if (name == text) return value;
    }
    return std::nullopt;
}

#define NAMED(E, value) {E::value, #value}

constexpr Names<DeliveryState, 4> delivery_states{{
    NAMED(DeliveryState, pending),
    NAMED(DeliveryState, delivered),
    NAMED(DeliveryState, failed),
    NAMED(DeliveryState, cancelled),
}};
constexpr Names<OutcomeKind, 3> outcome_kinds{{
    NAMED(OutcomeKind, internal),
    NAMED(OutcomeKind, transport),
    NAMED(OutcomeKind, response),
}};
constexpr Names<OutcomeReason, outcome_reasons_count> outcome_reasons{{
    NAMED(OutcomeReason, accepted),
    NAMED(OutcomeReason, refused_by_status),
    NAMED(OutcomeReason, gone),
    NAMED(OutcomeReason, dns_failed),
    NAMED(OutcomeReason, dns_timeout),
    NAMED(OutcomeReason, address_blocked),
    NAMED(OutcomeReason, connect_failed),
    NAMED(OutcomeReason, connect_timeout),
    NAMED(OutcomeReason, tls_failed),
    NAMED(OutcomeReason, tls_timeout),
    NAMED(OutcomeReason, send_failed),
    NAMED(OutcomeReason, response_timeout),
    NAMED(OutcomeReason, response_broken),
    NAMED(OutcomeReason, token_failed),
    NAMED(OutcomeReason, resolver_busy),
    NAMED(OutcomeReason, out_of_descriptors),
    NAMED(OutcomeReason, unsealable),
    NAMED(OutcomeReason, shutting_down),
    NAMED(OutcomeReason, unrenderable),
    NAMED(OutcomeReason, proxy_failed),
}};
constexpr Names<SigningScheme, 3> signing_schemes{{
    NAMED(SigningScheme, v1),
    NAMED(SigningScheme, v1a),
    NAMED(SigningScheme, ferriskey),
}};
constexpr Names<DisabledReason, 6> disabled_reasons{{
    NAMED(DisabledReason, none),
    NAMED(DisabledReason, by_hand),
    NAMED(DisabledReason, gone),
    NAMED(DisabledReason, failing),
    NAMED(DisabledReason, deleted),
    NAMED(DisabledReason, corrupt),
}};
constexpr Names<EventOrigin, 3> event_origins{{
    NAMED(EventOrigin, directory),
    NAMED(EventOrigin, api),
    NAMED(EventOrigin, test),
}};
constexpr Names<OperationState, 4> operation_states{{
    NAMED(OperationState, running),
    NAMED(OperationState, done),
    NAMED(OperationState, cancelled),
    NAMED(OperationState, failed),
}};

#undef NAMED

}  // namespace

std::string_view to_string(DeliveryState state) { return name_of(delivery_states, state); }
std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
    return value_of(delivery_states, text);
}
std::string_view to_string(OutcomeKind kind) { return name_of(outcome_kinds, kind); }
std::optional<OutcomeKind> parse_outcome_kind(std::string_view text) {
    return value_of(outcome_kinds, text);
}
std::string_view to_string(OutcomeReason reason) { return name_of(outcome_reasons, reason); }
std::optional<OutcomeReason> parse_outcome_reason(std::string_view text) {
    return value_of(outcome_reasons, text);
}
std::string_view to_string(SigningScheme scheme) { return name_of(signing_schemes, scheme); }
std::optional<SigningScheme> parse_signing_scheme(std::string_view text) {
    return value_of(signing_schemes, text);
}
std::string_view to_string(DisabledReason reason) { return name_of(disabled_reasons, reason); }
std::optional<DisabledReason> parse_disabled_reason(std::string_view text) {
    return value_of(disabled_reasons, text);
}
std::string_view to_string(EventOrigin origin) { return name_of(event_origins, origin); }
std::optional<EventOrigin> parse_event_origin(std::string_view text) {
    return value_of(event_origins, text);
}
std::string_view to_string(OperationState state) { return name_of(operation_states, state); }
std::optional<OperationState> parse_operation_state(std::string_view text) {
    return value_of(operation_states, text);
}

OutcomeKind kind_of(OutcomeReason reason) {
    switch (reason) {
        case OutcomeReason::accepted:
        case OutcomeReason::refused_by_status:
        case OutcomeReason::gone:
            return OutcomeKind::response;
        case OutcomeReason::dns_failed:
        case OutcomeReason::dns_timeout:
        case OutcomeReason::address_blocked:
        case OutcomeReason::connect_failed:
        case OutcomeReason::connect_timeout:
        case OutcomeReason::tls_failed:
        case OutcomeReason::tls_timeout:
        case OutcomeReason::send_failed:
        case OutcomeReason::response_timeout:
        case OutcomeReason::response_broken:
        case OutcomeReason::token_failed:
            return OutcomeKind::transport;
        case OutcomeReason::resolver_busy:
        case OutcomeReason::out_of_descriptors:
        case OutcomeReason::unsealable:
        case OutcomeReason::shutting_down:
        case OutcomeReason::unrenderable:
        case OutcomeReason::proxy_failed:
            return OutcomeKind::internal;
    }
    CHECK(false);
}

bool is_timeout(OutcomeReason reason) {
    return reason == OutcomeReason::dns_timeout || reason == OutcomeReason::connect_timeout ||
           reason == OutcomeReason::tls_timeout || reason == OutcomeReason::response_timeout;
}

}  // namespace postrider
