#include "http/connection.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cstring>

#include "http/exchange.h"
#include "http/problem.h"
#include "model/connection_limits.h"

/// A connection's life, and its reading. Heads stand in connection_head.cc, answers in
/// connection_answer.cc, what differs under TLS in connection_tls.cc.
namespace postrider::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Room behind a head of the longest length, so that one byte too many is seen.
constexpr std::size_t head_buffer_bytes = limits::request_header_bytes_max + 1024;

}  // namespace

Connection::Connection(Hub& hub, std::uint64_t id, Socket socket, Peer peer,
                       std::unique_ptr<TlsSession> tls)
    : hub_(hub),
      id_(id),
      socket_(std::move(socket)),
      tls_(std::move(tls)),
      peer_(std::move(peer)) {}

void Connection::start() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    // That it may fail does no harm.
    const auto unsent = static_cast<int>(limits::unsent_bytes_max);
    static_cast<void>(::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
                                   sizeof unsent));
    reader_.begin(request_);
    if (tls_ != nullptr) return begin_handshake();
    wait_for_more();
}

Connection::Standing Connection::standing() const {
    switch (phase_) {
        case Phase::idle:
            return Standing::idle;
        case Phase::lingering:
        case Phase::closed:
            return Standing::answered;
        case Phase::handshaking:
            return Standing::in_head;
        case Phase::reading:
            return reader_.state() == RequestReader::State::head ? Standing::in_head
                                                                 : Standing::in_body;
        case Phase::pausing:
            return Standing::in_body;
        case Phase::admitting:
        case Phase::handling:
        case Phase::writing:
        case Phase::streaming:
            return Standing::busy;
    }
    return Standing::busy;
}

void Connection::give_way() {
    if (phase_ == Phase::reading || phase_ == Phase::pausing) {
        if (reader_.state() == RequestReader::State::head) begin_request();
        answer_half(
            problem(ErrorCode::unavailable,
                    "too many connections are open, and this one had asked for nothing yet; "
                    "try again soon",
                    nullptr));
    }
    close();
}

void Connection::answer_half(Response response) {
    keep_open_ = false;
    if (write(std::move(response))) finish_answer();
}

void Connection::refuse() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    if (tls_ != nullptr && !is_refused_) {
        is_refused_ = true;
        reader_.begin(request_);
        return begin_handshake();
    }
    keep_open_ = false;
    reader_.begin(request_);
    begin_request();
    if (write(problem(ErrorCode::unavailable, "too many connections are open; try again soon",
                      nullptr))) {
        finish_answer();
    }
}

void Connection::answer(Mailbox::Mail mail) {
    if (mail.to.request != request_number_) return;
    if (mail.is_wake_up) return pump();
    if (phase_ == Phase::admitting) {
        deadline_ = hub_.now() + hub_.options().request_read_timeout;
        end_head(std::move(mail));
        if (go_on(true)) process();
    } else if (phase_ == Phase::handling && mail.response) {
        hold_ = std::move(mail.hold);
        if (write(std::move(*mail.response)) && finish_answer()) process();
    }
}

void Connection::end_overdue() {
    if (phase_ == Phase::pausing) {
        return answer_half(problem_response(no_room(room_), request_id_));
    }
    if (phase_ != Phase::reading) return close();
    // Half a request: its sender may still be there to read why.
    if (reader_.state() == RequestReader::State::head) begin_request();
    answer_half(problem(ErrorCode::deadline_exceeded, "the request did not arrive in time",
                        "request-timeout"));
}

void Connection::stop_when_idle() {
    const bool is_between = phase_ == Phase::idle || phase_ == Phase::handshaking;
    if (is_between || phase_ == Phase::streaming) close();
}

void Connection::close() {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    if (tls_ != nullptr) tls_->shut_down();
    error_code ignored;
    socket_.close(ignored);
    hub_.remove(id_);
}

// Reading.

void Connection::wait_for_more() {
    if (phase_ == Phase::idle) {
        if (hub_.is_stopping()) return close();
        deadline_ = hub_.now() + hub_.options().connection_idle_timeout;
    }
    read();
}

void Connection::make_room() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (phase_ == Phase::idle && capacity_ > head_buffer_bytes && begin_ == end_) {
        capacity_ = 0;  // idle connections hold little
        buffer_.reset();
    }
    std::size_t wanted = std::max(capacity_, limits::read_buffer_bytes_first);
    if (reader_.state() == RequestReader::State::body) {
        const auto length = reader_.content_length().value_or(limits::read_buffer_bytes_max);
        if (length > capacity_) wanted = limits::read_buffer_bytes_max;
    }
    const std::size_t used = end_ - begin_;
    if (used + limits::read_buffer_bytes_first / 2 > wanted) {
        wanted = std::max(used * 2, head_buffer_bytes);
    }
    if (wanted > capacity_) {
        auto larger = std::make_unique_for_overwrite<char[]>(wanted);
        if (used > 0) std::memcpy(larger.get(), buffer_.get() + begin_, used);
        buffer_ = std::move(larger);
        capacity_ = wanted;
        begin_ = 0;
    } else if (begin_ > 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, used);
        begin_ = 0;
    }
    end_ = begin_ + used;
}

void Connection::read() {
    if (read_pending_) return;
    make_room();
    read_pending_ = true;
    if (tls_ != nullptr) return begin_read_secured();
    socket_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_),
                            [self = shared_from_this()](error_code error, std::size_t bytes) {
                                self->read_pending_ = false;
                                if (self->phase_ == Phase::closed) return;
                                if (error) return self->close();
                                self->on_read(bytes);
                            });
}

void Connection::on_read(std::size_t bytes) {
    if (phase_ == Phase::idle || phase_ == Phase::reading) {
        end_ += bytes;
        return process();
    }
    // After an answer to half a request, and during a stream: what still comes is read over.
    linger_bytes_ += bytes;
    if (linger_bytes_ > limits::linger_bytes_max) return close();
    begin_ = end_ = 0;
    if (phase_ == Phase::lingering || phase_ == Phase::streaming) read();
}

/// Works off what is in the buffer; returns when something has to be waited for.
void Connection::process() {
    for (std::size_t requests = 0; begin_ < end_;) {
        if (phase_ == Phase::idle && ++requests > limits::requests_at_once_max) {
            return process_later();
        }
        if (!step()) return;
    }
    wait_for_more();
}

/// Others have their turn first.
void Connection::process_later() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->phase_ == Phase::idle) self->process();
    });
}

/// False: something else goes on from here (a handler, a write, the end).
bool Connection::step() {
    if (phase_ == Phase::idle) {
        phase_ = Phase::reading;
        deadline_ = hub_.now() + hub_.options().request_read_timeout;
    }
    if (reader_.state() == RequestReader::State::body && !has_room()) return false;
    const std::size_t used = reader_.feed({buffer_.get() + begin_, end_ - begin_});
    begin_ += used;
    if (reader_.state() == RequestReader::State::head_done) check_head();
    return go_on(used > 0);
}

/// As step(), from where the reader is.
bool Connection::go_on(bool has_advanced) {
    if (phase_ != Phase::reading) return false;
    switch (reader_.state()) {
        case RequestReader::State::head_done:
            return true;
        case RequestReader::State::head:
        case RequestReader::State::body:
            if (!has_advanced || begin_ == end_) {
                wait_for_more();
                return false;
            }
            return true;
        case RequestReader::State::done:
            return dispatch();
        case RequestReader::State::failed:
            answer_half(reading_problem());
            return false;
    }
    return false;
}

Response Connection::problem(ErrorCode code, std::string detail, const char* slug) {
    return problem_response({code, std::move(detail), {}, slug}, request_id_);
}

Response Connection::reading_problem() {
    // A request that was refused already stays refused for the first reason.
    if (refusal_) return std::move(*refusal_);
    if (route_ == nullptr) begin_request();  // the head itself cannot be read
    switch (reader_.failure()) {
        case RequestReader::Failure::head_too_large:
            return problem(
                ErrorCode::invalid_argument,
                fmt::format("request line and headers are longer than {} bytes, or have more "
                            "than {} lines",
                            limits::request_header_bytes_max, limits::request_headers_max),
                "headers-too-large");
        case RequestReader::Failure::body_too_large:
            return problem(ErrorCode::invalid_argument,
                           fmt::format("the body is longer than {} bytes", body_bytes_max()),
                           "payload-too-large");
        case RequestReader::Failure::unmet_expectation:
            return problem(ErrorCode::invalid_argument, reader_.failure_text(),
                           "expectation-failed");
        case RequestReader::Failure::malformed:
        case RequestReader::Failure::none:
            break;
    }
    return problem(ErrorCode::invalid_argument, reader_.failure_text(), "malformed-request");
}

}  // namespace postrider::http
