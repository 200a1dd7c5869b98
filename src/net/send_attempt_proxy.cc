#include <fmt/format.h>

#include <utility>

#include "model/limits.h"
#include "net/send_attempt.h"

// The part of an attempt that asks a proxy for a tunnel (RFC 9110 section 9.3.6). All that the
// proxy does wrong is an internal outcome: no receiver is held responsible for it.
namespace postrider::net {
namespace {

using Status = IoResult::Status;

constexpr int forbidden = 403;
constexpr int wants_credentials = 407;

std::string refusal(int status, std::string_view peer) {
    if (status == forbidden) {
        return fmt::format("the egress proxy does not allow connections to {} (403)", peer);
    }
    if (status == wants_credentials) {
        return "the egress proxy does not accept the server's credentials (407)";
    }
    return fmt::format("the egress proxy answered {} when it was asked to connect to {}", status,
                       peer);
}

}  // namespace

void SendAttempt::resolve_proxy() {
    const auto& url = resources_.proxy->url;
    if (url.is_ip_literal) {
        proxy_addresses_ = {*IpAddress::parse(url.host)};
        return connect_next();
    }
    phase_ = Phase::resolving_proxy;
    resources_.resolver.resolve(
        request_.realm, url.host, deadline_at_,
        [self = shared_from_this()](Lookup lookup) { self->on_proxy_lookup(std::move(lookup)); });
}

void SendAttempt::on_proxy_lookup(Lookup lookup) {
    if (phase_ == Phase::finished) return;
    if (lookup.status == LookupStatus::busy) {
        return finish(OutcomeReason::resolver_busy, std::move(lookup.detail));
    }
    if (lookup.status != LookupStatus::ok) {
        return finish(OutcomeReason::proxy_failed,
                      "the name of the egress proxy could not be resolved");
    }
    proxy_addresses_ = std::move(lookup.addresses);
    if (proxy_addresses_.size() > limits::addresses_tried_max) {
        proxy_addresses_.resize(limits::addresses_tried_max);
    }
    connect_next();
}

/// Another address of the proxy's is tried next; when there is none, the way to another target
/// would begin the same.
void SendAttempt::on_proxy_unreachable(std::string_view why) {
    connect_reason_ = OutcomeReason::proxy_failed;
    connect_detail_ = fmt::format("the egress proxy cannot be reached: {}", why);
    if (next_route_ % proxy_addresses_.size() == 0) next_route_ = routes();
}

void SendAttempt::open_tunnel() {
    phase_ = Phase::tunnelling;
    const auto& proxy = *resources_.proxy;
    tunnel_head_ = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", result_.peer);
    if (!proxy.authorization.empty()) {
        tunnel_head_ += fmt::format("Proxy-Authorization: {}\r\n", proxy.authorization);
    }
    tunnel_head_ += "\r\n";
    sent_ = 0;
    tunnel_answer_ = {};
    reader_.emplace(tunnel_answer_, ResponseReader::Body::none);
    continue_tunnel();
}

void SendAttempt::continue_tunnel() {
    while (sent_ < tunnel_head_.size()) {
        const auto outcome = connection_->write(tunnel_head_, {}, sent_);
        if (outcome.status == Status::wants_write) return wait_for(Direction::write);
        // It may have answered before it closed: that is read first.
        if (outcome.status != Status::done) break;
        sent_ += outcome.bytes;
    }
    if (read_tunnel_answer()) on_tunnel_answer();
}

/// True when the answer is there; else it waits, or has ended with this route.
bool SendAttempt::read_tunnel_answer() {
    auto& buffer = resources_.read_buffer;
    while (true) {
        const auto outcome =
            connection_->read({buffer.data(), std::min(buffer.size(), reader_->room())});
        if (outcome.status == Status::wants_read) return wait_for(Direction::read), false;
        if (outcome.status != Status::done) {
            on_tunnel_refused(
                OutcomeReason::proxy_failed,
                fmt::format("the egress proxy closed the connection when it was asked to connect "
                            "to {}",
                            result_.peer));
            return false;
        }
        switch (reader_->take({buffer.data(), outcome.bytes})) {
            case ResponseReader::State::reading:
                break;
            case ResponseReader::State::complete:
            case ResponseReader::State::cut:
                return true;
            case ResponseReader::State::broken:
                on_tunnel_refused(OutcomeReason::proxy_failed,
                                  fmt::format("the egress proxy {}", reader_->problem()));
                return false;
        }
    }
}

void SendAttempt::on_tunnel_answer() {
    const int status = tunnel_answer_.status;
    if (status < 200 || status > 299) {
        const auto reason =
            status == forbidden ? OutcomeReason::connect_failed : OutcomeReason::proxy_failed;
        return on_tunnel_refused(reason, refusal(status, result_.peer));
    }
    // A receiver speaks second, with TLS and without: what came already is the proxy's own.
    if (reader_->has_rest()) {
        return on_tunnel_refused(
            OutcomeReason::proxy_failed,
            fmt::format("the egress proxy sent bytes of its own as if {} had", result_.peer));
    }
    reader_.reset();
    secure();
}

/// The next address of the receiver may be let through.
void SendAttempt::on_tunnel_refused(OutcomeReason reason, std::string detail) {
    drop_connection();
    if (connect_reason_ != OutcomeReason::proxy_failed) {
        connect_reason_ = reason;
        connect_detail_ = std::move(detail);
    }
    const auto ways = proxy_addresses_.size();
    next_route_ = (next_route_ + ways - 1) / ways * ways;
    if (next_route_ >= routes() || now() >= deadline_at_) {
        return finish(connect_reason_, std::move(connect_detail_));
    }
    connect_next();
}

}  // namespace postrider::net
