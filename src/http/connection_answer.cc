#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "http/cors.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/response_head.h"
#include "model/limits.h"

/// From a request that is read to its answer's last byte.
namespace postrider::http {

namespace asio = boost::asio;
using boost::system::error_code;

/// True: answered, and the next request may be read.
bool Connection::dispatch() {
    if (refusal_) {
        Response response = std::move(*refusal_);
        refusal_.reset();
        return write(std::move(response)) && finish_answer();
    }
    phase_ = Phase::handling;
    deadline_ = Monotonic::max();
    if (request_.body.size() > limits::inbound_bytes_free) return dispatch_apart();
    auto exchange = std::make_shared<Exchange>(*this);
    exchange->keep(std::move(hold_));
    said_at_once_.reset();
    route_->handler(request_, Responder(exchange));
    exchange->leave();
    if (!said_at_once_) return false;
    Response response = std::move(*said_at_once_->response);
    hold_ = std::move(said_at_once_->hold);
    said_at_once_.reset();
    return write(std::move(response)) && finish_answer();
}

/// A long body takes its time to parse, and others do not wait for it.
bool Connection::dispatch_apart() {
    auto exchange = std::make_shared<Exchange>(*this);
    exchange->keep(std::move(hold_));
    exchange->leave();
    const auto who = holders();
    const std::size_t bytes = request_.body.size();
    auto request = std::make_shared<Request>(std::move(request_));
    hub_.run_apart(who, bytes,
                   [request = std::move(request), route = route_,
                    responder = Responder(std::move(exchange))]() mutable {
                       route->handler(*request, std::move(responder));
                       request.reset();
                   });
    return false;
}

/// True: all of it is with the kernel.
bool Connection::write(Response response) {
    phase_ = Phase::writing;
    response_ = std::move(response);
    const bool is_endless =
        response_.source != nullptr && (!response_.source->is_finite() || reader_.is_http_1_0());
    if (hub_.is_stopping() || is_endless) keep_open_ = false;
    if (!hub_.edge().cors_origins.empty()) add_cors_headers(response_, cors_origin_);
    head_.clear();
    append_head(
        head_, response_,
        {.request_id = request_id_,
         .date = hub_.date(),
         .after = keep_open_ ? AfterAnswer::keep_open : AfterAnswer::close,
         .http_1_0 = reader_.is_http_1_0(),
         .strict_transport = tls_ != nullptr ? hub_.edge().strict_transport : std::string_view()});
    if (head_only_ || !status_has_body(response_.status)) response_.clear_body();
    written_ = joined_ = 0;
    if (tls_ != nullptr) return write_secured();
    // Nearly always the kernel takes all of it at once, and nothing needs to be waited for.
    const std::size_t size = head_.size() + response_.body_size();
    error_code error;
    written_ = socket_.write_some(unwritten(), error);
    if (error && error != asio::error::would_block) {
        close();
        return false;
    }
    if (written_ == size) return true;
    deadline_ = hub_.now() + hub_.options().response_write_timeout;
    asio::async_write(socket_, unwritten(),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                          if (self->phase_ == Phase::closed) return;
                          if (failed) return self->close();
                          self->on_written();
                      });
    return false;
}

/// What the kernel has not taken yet: of the head, and then of the body behind `joined_`.
std::array<asio::const_buffer, 4> Connection::unwritten() const {
    std::array<asio::const_buffer, 4> out{
        asio::buffer(head_), asio::buffer(response_.body) + joined_,
        response_.shared != nullptr ? asio::buffer(*response_.shared) : asio::const_buffer(),
        asio::buffer(response_.behind)};
    std::size_t taken = written_;
    for (auto& part : out) {
        const std::size_t of_part = std::min(taken, part.size());
        part += of_part;
        taken -= of_part;
    }
    return out;
}

void Connection::on_written() {
    if (finish_answer()) process();
}

/// True: the next request may be read.
bool Connection::finish_answer() {
    const ServerOptions& options = hub_.options();
    if (options.observer) {
        options.observer({.id = request_id_,
                          .operation = route_ != nullptr ? std::string_view(route_->operation)
                                                         : std::string_view(),
                          .remote = peer_.endpoint,
                          .status = response_.status,
                          .duration = std::chrono::duration_cast<Duration>(hub_.now() - started_),
                          .body_bytes = response_.body_size()});
    }
    response_.clear_body();
    if (response_.source != nullptr && !head_only_ &&
        (!hub_.is_stopping() || response_.source->is_finite())) {
        begin_stream();
        return false;
    }
    return end_answer();
}

/// As finish_answer(), for the next request.
bool Connection::end_answer() {
    response_.source.reset();
    hold_.reset();
    if (!keep_open_) {
        linger();
        return false;
    }
    phase_ = Phase::idle;
    route_ = nullptr;
    cors_origin_.clear();
    head_only_ = false;
    reader_.begin(request_);
    hub_.answered(id_);
    return true;
}

void Connection::begin_stream() {
    phase_ = Phase::streaming;
    response_.source->on_more([mailbox = hub_.mailbox(), to = ExchangeId{id_, request_number_}] {
        mailbox->deliver({.to = to, .response = {}, .is_wake_up = true});
    });
    if (response_.source->is_finite()) {
        deadline_ = hub_.now() + hub_.options().response_write_timeout;  // for all of it
        return pump();
    }
    deadline_ = Monotonic::max();
    linger_bytes_ = 0;
    begin_ = end_ = 0;
    read();  // tells when the client goes
    pump();
}

void Connection::pump() {
    if (phase_ != Phase::streaming || piece_pending_) return;
    std::optional<std::string> next = response_.source->next();
    if (next && next->empty()) return;
    if (!next && response_.source->is_broken()) return close();
    if (reader_.is_http_1_0()) {
        piece_ = next.value_or("");
    } else {
        piece_ = next ? fmt::format("{:x}\r\n{}\r\n", next->size(), *next) : "0\r\n\r\n";
    }
    piece_pending_ = true;
    is_last_piece_ = !next;
    if (!response_.source->is_finite()) {
        deadline_ = hub_.now() + hub_.options().response_write_timeout;
    }
    if (tls_ != nullptr) return write_piece_secured();
    asio::async_write(socket_, asio::buffer(piece_),
                      [self = shared_from_this()](error_code failed, std::size_t) {
                          if (self->phase_ == Phase::closed) return;
                          if (failed) return self->close();
                          self->on_piece_written();
                      });
}

void Connection::on_piece_written() {
    piece_pending_ = false;
    std::string().swap(piece_);
    if (is_last_piece_) {
        if (end_answer()) process();
        return;
    }
    if (!response_.source->is_finite()) deadline_ = Monotonic::max();
    pump();
}

/// Ends the connection so that the answer arrives: closing while bytes wait unread would make the
/// kernel reset it, and the client might never see the answer.
void Connection::linger() {
    if (tls_ != nullptr) tls_->shut_down();
    error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    if (error || reader_.state() == RequestReader::State::done) return close();
    phase_ = Phase::lingering;
    deadline_ = hub_.now() + limits::linger_timeout;
    begin_ = end_ = 0;
    read();
}

}  // namespace postrider::http
