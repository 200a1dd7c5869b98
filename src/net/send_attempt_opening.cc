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
    const bool trusts_others =
        request_.client_tls != nullptr && !request_.client_tls->authorities.empty();
    if (url.is_tls() && !trusts_others && !resources_.tls.broken().empty()) {
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
    if (has_proxy()) return resolve_proxy();
    connect_next();
}

/// Requests with the same key may use each other's connections and TLS sessions: nobody rides on
/// what another realm, or another certificate, has opened.
std::string SendAttempt::pool_key() const {
    std::string key(request_.realm.view());
    if (request_.client_tls != nullptr) key += request_.client_tls->digest;
    return key + origin_;
}

void SendAttempt::connect_next() {
    phase_ = Phase::connecting;
    while (next_route_ < routes()) {
        const auto begin = now();
        const auto left = static_cast<long>(routes() - next_route_);
        // A silent address leaves the others their share.
        const auto share = begin + (deadline_at_ - begin) / left;
        resources_.deadlines.set(*this, left == 1 ? deadline_at_ : share);
        phase_started_at_ = begin;
        const auto outcome = connect_to(next_route_++);
        if (outcome.status == Status::done) return on_connected();
        if (outcome.status == Status::wants_write) return wait_for(Direction::write);
        on_connect_failed(outcome.error);
    }
    finish(connect_reason_, std::move(connect_detail_));
}

const IpAddress& SendAttempt::target_of(std::size_t route) const {
    return addresses_[route / std::max<std::size_t>(proxy_addresses_.size(), 1)];
}

IoResult SendAttempt::connect_to(std::size_t route) {
    const auto attempt = [&] {
        const auto& target = target_of(route);
        connection_ = std::make_unique<Connection>(resources_.context, pool_key(), request_.policy);
        if (!has_proxy()) return connection_->connect(target, request_.url->port, now());
        const auto& via = proxy_addresses_[route % proxy_addresses_.size()];
        const auto outcome = connection_->connect(via, resources_.proxy->url.port, now());
        connection_->set_far_end(target, request_.url->port);
        return outcome;
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
    const auto& address = has_proxy()
                              ? proxy_addresses_[(next_route_ - 1) % proxy_addresses_.size()]
                              : connection_->peer();
    const bool ours = is_our_fault(error, address);
    drop_connection();
    if (has_proxy() && !ours) return on_proxy_unreachable(error_text(error));
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

void SendAttempt::on_connect_timeout() {
    if (has_proxy()) {
        on_proxy_unreachable("it did not accept the connection in time");
    } else {
        connect_reason_ = OutcomeReason::connect_timeout;
        connect_detail_ =
            fmt::format("{} did not accept the connection in time", connection_->peer_text());
    }
    if (now() >= deadline_at_) return finish(connect_reason_, std::move(connect_detail_));
    drop_connection();
    connect_next();
}

void SendAttempt::on_connected() {
    result_.peer = connection_->peer_text();
    if (has_proxy()) return open_tunnel();
    secure();
}

/// The bytes of this connection come from the receiver: TLS, where the URL has it.
void SendAttempt::secure() {
    resources_.deadlines.set(*this, deadline_at_);
    const auto at = now();
    result_.timings.connect = between(phase_started_at_, at);
    if (!request_.url->is_tls()) return exchange();
    phase_ = Phase::handshaking;
    phase_started_at_ = at;
    const bool is_started = connection_->start_tls(
        resources_.tls,
        {.url = *request_.url, .offer = request_.tls, .client = request_.client_tls.get()});
    if (is_started) return handshake();
    finish(OutcomeReason::out_of_descriptors,
           request_.tls == TlsOffer::current ? "no memory was left for TLS"
                                             : "this machine's OpenSSL has no TLS 1.0 and 1.1");
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
