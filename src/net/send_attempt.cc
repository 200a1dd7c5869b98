#include "net/send_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "model/limits.h"

namespace postrider::net {
namespace {

using Status = IoResult::Status;

Duration between(Monotonic from, Monotonic to) {
    return std::chrono::duration_cast<Duration>(to - from);
}

/// Whether it is lines of "name: value\r\n" and nothing that could begin a body or another request.
[[maybe_unused]] bool are_header_lines(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\r');
        if (end == 0 || end == std::string_view::npos || text.substr(end, 2) != "\r\n")
            return false;
        const auto line = text.substr(0, end);
        const auto colon = line.find(':');
        if (colon == 0 || colon == std::string_view::npos) return false;
        if (line.find('\n') != std::string_view::npos ||
            line.find('\0') != std::string_view::npos) {
            return false;
        }
        text.remove_prefix(end + 2);
    }
    return true;
}

}  // namespace

SendAttempt::SendAttempt(SenderResources& resources, SendRequest request, HttpSender::Done done)
    : resources_(resources), request_(std::move(request)), done_(std::move(done)) {
    assert(are_header_lines(request_.headers));
}

void SendAttempt::start() {
    started_at_ = now();
    deadline_at_ = started_at_ + request_.timeout;
    resources_.deadlines.set(*this, deadline_at_);
    origin_ = request_.url->origin();
    write_head();
    connection_ = resources_.pool.take(pool_key(), request_.policy, started_at_);
    if (connection_ != nullptr) {
        is_reused_ = true;
        result_.peer = connection_->peer_text();
        exchange();
    } else {
        open();
    }
    is_starting_ = false;
}

void SendAttempt::stop() { finish(OutcomeReason::shutting_down, "the server is shutting down"); }

void SendAttempt::write_head() {
    const auto& url = *request_.url;
    head_.reserve(64 + url.target.size() + url.host.size() + resources_.user_agent_line.size() +
                  request_.headers.size());
    head_ = request_.method;
    head_ += ' ';
    head_ += url.target;
    head_ += " HTTP/1.1\r\nHost: ";
    // The origin is "scheme://" and what Host says.
    head_ += std::string_view(origin_).substr(url.scheme.size() + 3);
    head_ += "\r\n";
    head_ += resources_.user_agent_line;
    head_ += "Content-Length: ";
    fmt::format_to(std::back_inserter(head_), "{}\r\n", request_.body->size());
    if (request_.afterwards == SendRequest::Afterwards::close) head_ += "Connection: close\r\n";
    head_ += request_.headers;
    head_ += "\r\n";
}

void SendAttempt::exchange() {
    phase_ = Phase::exchanging;
    sent_ = 0;
    is_write_broken_ = false;
    is_paused_ = is_pause_over_ = false;
    reader_.emplace(
        result_,
        request_.method == "HEAD" ? ResponseReader::Body::none : ResponseReader::Body::as_framed,
        request_.kept_bytes_max);
    if (!write_request()) return;
    wait_for(Direction::read);
}

/// Writes as much as goes. False when that has ended the attempt or opened another connection.
bool SendAttempt::write_request() {
    const auto body = body_to_send();
    const auto total = head_.size() + body.size();
    while (sent_ < total && !is_write_broken_) {
        // Before it: a receiver on this machine may have answered when the call returns.
        sent_at_ = now();
        const auto outcome = connection_->write(head_, body, sent_);
        switch (outcome.status) {
            case Status::done:
                sent_ += outcome.bytes;
                break;
            case Status::wants_write:
                wait_for(Direction::write);
                return true;
            case Status::wants_read:
                return true;
            case Status::closed:
            case Status::failed:
                // They may have answered before they closed, such as with a 413: read that first.
                is_write_broken_ = true;
                read_response();
                return false;
        }
    }
    if (body.size() < request_.body->size()) pause_body();
    return true;
}

/// All of it; the first half while the second is to wait.
std::string_view SendAttempt::body_to_send() const {
    const std::string_view body = *request_.body;
    const bool is_whole = request_.body_pause == Duration{0} || is_pause_over_;
    return is_whole ? body : body.substr(0, body.size() / 2);
}

void SendAttempt::pause_body() {
    if (is_paused_) return;
    is_paused_ = true;
    pause_timer_.emplace(resources_.context, request_.body_pause);
    pause_timer_->async_wait([self = shared_from_this(),
                              generation = generation_](const boost::system::error_code& error) {
        if (error || generation != self->generation_ || self->phase_ != Phase::exchanging) return;
        self->is_pause_over_ = true;
        if (self->write_request()) self->wait_for(Direction::read);
    });
}

void SendAttempt::read_response() {
    auto& buffer = resources_.read_buffer;
    while (true) {
        const auto wanted = std::min(buffer.size(), reader_->room());
        const auto outcome = connection_->read({buffer.data(), wanted});
        switch (outcome.status) {
            case Status::done:
                if (!take_bytes({buffer.data(), outcome.bytes})) return;
                // Less than there was room for: the kernel has no more.
                if (outcome.bytes < wanted && !connection_->is_tls() && !is_write_broken_) {
                    return wait_for(Direction::read);
                }
                break;
            case Status::wants_read:
                if (is_write_broken_) return on_peer_closed(EPIPE);
                return wait_for(Direction::read);
            case Status::wants_write:
                return wait_for(Direction::write);
            case Status::closed:
                return on_peer_closed(0);
            case Status::failed:
                // TLS's own failures have no error of the system.
                if (connection_->is_tls() && outcome.error == 0) return on_tls_broken();
                return on_peer_closed(outcome.error);
        }
    }
}

/// Whether more is wanted; else the attempt is finished.
bool SendAttempt::take_bytes(std::string_view bytes) {
    if (!reader_->has_bytes()) {
        const bool is_sent = sent_ == head_.size() + request_.body->size();
        if (is_sent) result_.timings.first_byte = between(sent_at_, now());
    }
    switch (reader_->take(bytes)) {
        case ResponseReader::State::reading:
            return true;
        case ResponseReader::State::complete:
        case ResponseReader::State::cut:
            complete();
            return false;
        case ResponseReader::State::broken:
            break;
    }
    finish(OutcomeReason::response_broken, fmt::format("{} {}", result_.peer, reader_->problem()));
    return false;
}

void SendAttempt::on_peer_closed(int error) {
    const auto& peer = result_.peer;
    if (!reader_->has_bytes()) {
        if (is_reused_ && !is_retried_) return retry_on_fresh_connection();
        if (sent_ < head_.size() + request_.body->size()) {
            return finish(OutcomeReason::send_failed,
                          fmt::format("{} closed the connection while the request was sent", peer));
        }
        return finish(OutcomeReason::response_broken,
                      fmt::format("{} closed the connection without an answer", peer));
    }
    if (error != 0) {
        return finish(OutcomeReason::response_broken,
                      fmt::format("{} broke the connection within the answer", peer));
    }
    if (reader_->end() == ResponseReader::State::complete) return complete();
    finish(OutcomeReason::response_broken, fmt::format("{} {}", peer, reader_->problem()));
}

/// A receiver that speaks TLS 1.3 looks at the client's side after the handshake is done here, so
/// that its refusal arrives where the answer was expected.
void SendAttempt::on_tls_broken() {
    if (reader_->has_bytes() || (is_reused_ && !is_retried_)) return on_peer_closed(EPROTO);
    finish(OutcomeReason::tls_failed,
           fmt::format("TLS with {} at {} failed: {}", request_.url->host, result_.peer,
                       connection_->explain_failure(resources_.tls)));
}

void SendAttempt::complete() {
    const bool is_sent = sent_ == head_.size() + request_.body->size();
    const bool may_keep = request_.afterwards == SendRequest::Afterwards::keep &&
                          request_.tls == TlsOffer::current &&
                          connection_->is_trusted_by(resources_.tls);
    if (is_sent && may_keep && reader_->keeps_connection()) {
        if (request_.use != nullptr) request_.use->is_kept = true;
        ++generation_;
        resources_.pool.give(std::move(connection_), now());
    }
    const int status = result_.status;
    if (status >= 200 && status < 300) return finish(OutcomeReason::accepted, {});
    finish(status == 410 ? OutcomeReason::gone : OutcomeReason::refused_by_status,
           fmt::format("{} answered {}", result_.peer, status));
}

void SendAttempt::retry_on_fresh_connection() {
    is_retried_ = true;
    is_reused_ = false;
    result_.peer.clear();
    drop_connection();
    open();
}

void SendAttempt::wait_for(Direction direction) {
    auto& waits = direction == Direction::read ? waits_read_ : waits_write_;
    if (waits) return;
    waits = true;
    auto handler = [self = shared_from_this(), direction,
                    generation = generation_](const boost::system::error_code& /*error*/) {
        if (generation != self->generation_ || self->phase_ == Phase::finished) return;
        self->on_ready(direction);
    };
    if (direction == Direction::read) {
        connection_->wait_read(std::move(handler));
    } else {
        connection_->wait_write(std::move(handler));
    }
}

void SendAttempt::on_ready(Direction direction) {
    (direction == Direction::read ? waits_read_ : waits_write_) = false;
    switch (phase_) {
        case Phase::connecting: {
            const auto outcome = connection_->finish_connect();
            if (outcome.status == Status::done) return on_connected();
            on_connect_failed(outcome.error);
            return connect_next();
        }
        case Phase::tunnelling:
            return continue_tunnel();
        case Phase::handshaking:
            return handshake();
        case Phase::exchanging:
            // An answer may come before the request is out, and TLS may need either direction.
            if (!write_request()) return;
            if (direction == Direction::read || connection_->is_tls()) return read_response();
            return wait_for(Direction::read);
        case Phase::resolving:
        case Phase::resolving_proxy:
        case Phase::finished:
            return;
    }
}

void SendAttempt::drop_connection() {
    ++generation_;
    waits_read_ = waits_write_ = false;
    connection_.reset();
}

std::string SendAttempt::time_text() const { return format_duration(request_.timeout); }

void SendAttempt::on_deadline() {
    const auto self = shared_from_this();
    switch (phase_) {
        case Phase::resolving:
            return finish(OutcomeReason::dns_timeout,
                          fmt::format("the name servers gave no answer about {} within {}",
                                      request_.url->host, time_text()));
        case Phase::resolving_proxy:
            return finish(OutcomeReason::proxy_failed,
                          fmt::format("the name servers gave no answer about the egress proxy "
                                      "within {}",
                                      time_text()));
        case Phase::connecting:
            return on_connect_timeout();
        case Phase::tunnelling:
            return on_tunnel_refused(
                OutcomeReason::proxy_failed,
                fmt::format("the egress proxy did not connect to {} in time", result_.peer));
        case Phase::handshaking:
            return finish(OutcomeReason::tls_timeout, fmt::format("{} did not finish TLS within {}",
                                                                  result_.peer, time_text()));
        case Phase::exchanging:
            return finish(
                OutcomeReason::response_timeout,
                fmt::format("{} sent no complete answer within {}", result_.peer, time_text()));
        case Phase::finished:
            return;
    }
}

void SendAttempt::finish(OutcomeReason reason, std::string detail) {
    phase_ = Phase::finished;
    resources_.deadlines.clear(*this);
    if (request_.use != nullptr) request_.use->was_reused = is_reused_;
    if (pause_timer_) pause_timer_->cancel();
    drop_connection();
    result_.reason = reason;
    result_.detail = std::move(detail);
    result_.timings.total = between(started_at_, now());
    if (is_starting_) {
        // Not before send() returns.
        boost::asio::post(resources_.context,
                          [self = shared_from_this()] { self->done_(std::move(self->result_)); });
        return;
    }
    auto done = std::move(done_);
    done(std::move(result_));
}

}  // namespace postrider::net
