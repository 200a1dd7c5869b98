#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "model/limits.h"
#include "net/send_attempt.h"

// The first half of an attempt: from the URL to a connection that is ready for the request.
namespace postrider::net {
namespace {

using Status = IoResult::Status;

Duration between(Monotonic from, Monotonic to) {
    return std::chrono::duration_cast<Duration>(to - from);
}

/// Whether a connection could not be made for want of something of ours. IPv6 lacks a local address
/// for good on many machines; IPv4 only when its ports are used up.
bool is_our_fault(int error, const IpAddress& address) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           (error == EADDRNOTAVAIL && !address.is_v6);
}

std::string error_text(int error) { return strerrordesc_np(error); }

}  // namespace

void SendAttempt::open() {
    const auto& url = *request_.url;
    if (url.is_tls() && !resources_.tls.broken().empty()) {
        return finish(OutcomeReason::tls_failed, resources_.tls.broken());
    }
    if (url.is_ip_literal) return use_addresses({*IpAddress::parse(url.host)});
    phase_ = Phase::resolving;
    phase_started_at_ = now();
    resources_.resolver.resolve(
        request_.realm, url.host, deadline_at_,
        [self = shared_from_this()](Lookup lookup) { self->on_lookup(std::move(lookup)); });
}

void SendAttempt::on_lookup(Lookup lookup) {
    if (phase_ == Phase::finished) return;
    result_.timings.dns = between(phase_started_at_, now());
    switch (lookup.status) {
        case LookupStatus::ok:
            return use_addresses(lookup.addresses);
        case LookupStatus::failed:
            return finish(OutcomeReason::dns_failed, std::move(lookup.detail));
        case LookupStatus::timeout:
            return finish(OutcomeReason::dns_timeout, std::move(lookup.detail));
        case LookupStatus::busy:
            return finish(OutcomeReason::resolver_busy, std::move(lookup.detail));
    }
}

void SendAttempt::use_addresses(const std::vector<IpAddress>& addresses) {
    const auto& policy = *request_.policy;
    const bool tls = request_.url->is_tls();
    for (const auto& address : addresses) {
        if (addresses_.size() == limits::addresses_tried_max) break;
        const auto inner = unwrap_mapped(address);
        if (policy.passes(inner, tls)) addresses_.push_back(inner);
    }
    if (addresses_.empty()) {
        return finish(OutcomeReason::address_blocked, policy.refusal(addresses.front(), tls));
    }
    connect_next();
}

void SendAttempt::connect_next() {
    phase_ = Phase::connecting;
    while (next_address_ < addresses_.size()) {
        const auto begin = now();
        const auto left = static_cast<long>(addresses_.size() - next_address_);
        // A silent address leaves the others their share.
        const auto share = begin + (deadline_at_ - begin) / left;
        resources_.deadlines.set(*this, left == 1 ? deadline_at_ : share);
        phase_started_at_ = begin;
        const auto outcome = connect_to(addresses_[next_address_++]);
        if (outcome.status == Status::done) return on_connected();
        if (outcome.status == Status::wants_write) return wait_for(Direction::write);
        on_connect_failed(outcome.error);
    }
    finish(connect_reason_, std::move(connect_detail_));
}

IoResult SendAttempt::connect_to(const IpAddress& address) {
    const auto attempt = [&] {
        connection_ = std::make_unique<Connection>(resources_.context, origin_, request_.policy);
        return connection_->connect(address, request_.url->port, now());
    };
    const auto outcome = attempt();
    if (outcome.status != Status::failed || resources_.pool.size() == 0) return outcome;
    if (outcome.error != EMFILE && outcome.error != ENFILE) return outcome;
    // What the idle connections hold is worth more here.
    resources_.pool.clear();
    return attempt();
}

void SendAttempt::on_connect_failed(int error) {
    const auto peer = connection_->peer_text();
    const bool ours = is_our_fault(error, connection_->peer());
    drop_connection();
    if (ours) {
        connect_reason_ = OutcomeReason::out_of_descriptors;
        connect_detail_ =
            fmt::format("no connection to {} could be opened here: {}", peer, error_text(error));
    } else if (connect_reason_ != OutcomeReason::out_of_descriptors) {
        connect_reason_ =
            error == ETIMEDOUT ? OutcomeReason::connect_timeout : OutcomeReason::connect_failed;
        connect_detail_ = error == ECONNREFUSED
                              ? fmt::format("connection refused by {}", peer)
                              : fmt::format("could not connect to {}: {}", peer, error_text(error));
    }
}

void SendAttempt::on_connected() {
    resources_.deadlines.set(*this, deadline_at_);
    const auto at = now();
    result_.timings.connect = between(phase_started_at_, at);
    result_.peer = connection_->peer_text();
    if (!request_.url->is_tls()) return exchange();
    phase_ = Phase::handshaking;
    phase_started_at_ = at;
    if (!connection_->start_tls(resources_.tls, *request_.url, request_.tls)) {
        return finish(OutcomeReason::out_of_descriptors,
                      request_.tls == TlsOffer::current
                          ? "no memory was left for TLS"
                          : "this machine's OpenSSL has no TLS 1.0 and 1.1");
    }
    handshake();
}

void SendAttempt::handshake() {
    const auto outcome = connection_->handshake();
    switch (outcome.status) {
        case Status::done:
            result_.timings.tls = between(phase_started_at_, now());
            return exchange();
        case Status::wants_read:
            return wait_for(Direction::read);
        case Status::wants_write:
            return wait_for(Direction::write);
        case Status::closed:
        case Status::failed:
            break;
    }
    const auto reason = outcome.error != 0 ? error_text(outcome.error)
                                           : connection_->explain_failure(resources_.tls);
    finish(OutcomeReason::tls_failed,
           fmt::format("TLS with {} at {} failed: {}", request_.url->host, result_.peer, reason));
}

}  // namespace postrider::net
