#include "http/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <thread>

#include "http/client_address.h"
#include "http/problem.h"
#include "http/response_head.h"
#include "http/target.h"
#include "model/limits.h"

namespace postrider::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Room behind a head of the longest length, so that one byte too many is seen.
constexpr std::size_t head_buffer_bytes = limits::request_header_bytes_max + 1024;

bool is_json_type(std::string_view type) {
    return type == "application/json" ||
           (type.starts_with("application/") && type.ends_with("+json"));
}

/// "Application/JSON; charset=utf-8" → "application/json".
std::string media_type(std::string_view header) {
    std::string type(header.substr(0, header.find(';')));
    while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
    for (char& c : type) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return type;
}

}  // namespace

/// What a Responder or a gate sends to. Holds no connection: that one may be gone.
class Connection::Exchange final : public Responder::Sink {
 public:
    Exchange(Connection& connection, std::shared_ptr<Mailbox> mailbox)
        : connection_(&connection),
          to_{connection.id_, connection.request_number_},
          request_id_(connection.request_id_),
          mailbox_(std::move(mailbox)) {}

    ~Exchange() override {
        if (sent_.load()) return;
        deliver({to_, problem_response({ErrorCode::internal, "", {}, nullptr}, request_id_)});
    }
    void send(Response response) override {
        if (!sent_.exchange(true)) deliver({to_, std::move(response)});
    }
    void say(Verdict verdict) {
        if (sent_.exchange(true)) return;
        deliver({to_, std::move(verdict.refused), std::move(verdict.admission)});
    }
    /// Gate or handler have returned: from now on everything goes through the mailbox.
    void leave() { connection_.store(nullptr); }

 private:
    void deliver(Mailbox::Mail mail) {
        Connection* connection = connection_.load();
        if (connection != nullptr && thread_ == std::this_thread::get_id()) {
            connection->said_at_once_ = std::move(mail);
        } else {
            mailbox_->deliver(std::move(mail));
        }
    }

    std::atomic<Connection*> connection_;  ///< while gate or handler run
    const std::thread::id thread_ = std::this_thread::get_id();
    std::atomic<bool> sent_ = false;
    const ExchangeId to_;
    const std::string request_id_;
    const std::shared_ptr<Mailbox> mailbox_;
};

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
    reader_.begin(request_);
    if (tls_ != nullptr) return begin_handshake();
    wait_for_more();
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
    if (phase_ == Phase::admitting) {
        deadline_ = hub_.now() + hub_.options().request_read_timeout;
        end_head(std::move(mail));
        if (go_on(true)) process();
    } else if (phase_ == Phase::handling && mail.response) {
        if (write(std::move(*mail.response)) && finish_answer()) process();
    }
}

void Connection::end_overdue() {
    if (phase_ != Phase::reading) return close();
    // Half a request: its sender may still be there to read why.
    keep_open_ = false;
    if (reader_.state() == RequestReader::State::head) begin_request();
    Response response = problem(ErrorCode::deadline_exceeded, "the request did not arrive in time",
                                "request-timeout");
    if (write(std::move(response))) finish_answer();
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
    while (begin_ < end_) {
        if (!step()) return;
    }
    wait_for_more();
}

/// False: something else goes on from here (a handler, a write, the end).
bool Connection::step() {
    if (phase_ == Phase::idle) {
        phase_ = Phase::reading;
        deadline_ = hub_.now() + hub_.options().request_read_timeout;
    }
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
            keep_open_ = false;
            if (write(reading_problem())) finish_answer();
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
            return problem(ErrorCode::invalid_argument,
                           fmt::format("request line and headers are longer than {} bytes",
                                       limits::request_header_bytes_max),
                           "headers-too-large");
        case RequestReader::Failure::body_too_large:
            return problem(ErrorCode::invalid_argument,
                           fmt::format("the body is longer than {} bytes", body_bytes_max()),
                           "payload-too-large");
        case RequestReader::Failure::malformed:
        case RequestReader::Failure::none:
            break;
    }
    return problem(ErrorCode::invalid_argument, reader_.failure_text(), "malformed-request");
}

// The head.

void Connection::begin_request() {
    started_ = hub_.now();
    ++request_number_;
    request_id_ = hub_.mint_request_id();
}

std::size_t Connection::body_bytes_max() const {
    return route_ == nullptr || route_->body_bytes_max == 0 ? limits::unread_body_bytes_max
                                                            : route_->body_bytes_max;
}

void Connection::check_head() {
    begin_request();
    request_.id = request_id_;
    request_.remote = peer_.endpoint;
    request_.client_address =
        client_address(peer_.address, request_.headers, hub_.options().is_trusted_proxy);
    head_only_ = request_.method == "HEAD";
    keep_open_ = reader_.keeps_alive();
    route_ = nullptr;
    request_.admission.reset();
    if (auto refused = find_route()) return end_head({{}, std::move(refused)});
    const Gate& gate = hub_.gate();
    if (!gate) return end_head({});
    phase_ = Phase::admitting;
    said_at_once_.reset();
    auto exchange = std::make_shared<Exchange>(*this, hub_.mailbox());
    gate(request_, *route_, [exchange](Verdict verdict) { exchange->say(std::move(verdict)); });
    exchange->leave();
    if (said_at_once_) return end_head(std::move(*said_at_once_));
    deadline_ = Monotonic::max();
}

/// What becomes of the body, now that it is known whether the request goes on.
void Connection::end_head(Mailbox::Mail verdict) {
    phase_ = Phase::reading;
    refusal_ = std::move(verdict.response);
    request_.admission = std::move(verdict.admission);
    if (!refusal_ && reader_.has_body()) refusal_ = refusal_of_body(*route_);
    const auto length = reader_.content_length().value_or(0);
    if (refusal_) {
        // A small body is read over, so that the connection can go on; a client that waits for
        // permission to send one gets its answer now.
        if (reader_.has_body() &&
            (reader_.expects_continue() || length > limits::unread_body_bytes_max)) {
            keep_open_ = false;
            if (write(std::move(*refusal_))) finish_answer();
            return;
        }
        return reader_.skip_body(limits::unread_body_bytes_max);
    }
    if (route_->body_bytes_max == 0) {
        reader_.skip_body(limits::unread_body_bytes_max);
    } else {
        reader_.read_body(route_->body_bytes_max);
    }
    if (reader_.expects_continue() && begin_ == end_ && !send_continue()) close();
}

std::optional<Response> Connection::find_route() {
    if (auto target = read_target(reader_.target(), request_); !target) {
        return problem_response(target.error(), request_id_);
    }
    auto match = hub_.router().find(request_);
    if (!match) return problem_response(match.error(), request_id_);
    if (match->route == nullptr) {
        Response response =
            problem(ErrorCode::invalid_argument,
                    fmt::format("this path takes {}, not {}", match->allow, request_.method),
                    "method-not-allowed");
        response.headers.emplace_back("Allow", std::move(match->allow));
        return response;
    }
    route_ = match->route;
    return std::nullopt;
}

std::optional<Response> Connection::refusal_of_body(const Route& route) {
    if (reader_.content_length().value_or(0) > body_bytes_max()) {
        return problem(ErrorCode::invalid_argument,
                       fmt::format("the body is longer than {} bytes", body_bytes_max()),
                       "payload-too-large");
    }
    if (route.body_bytes_max == 0) return std::nullopt;
    const std::string* encoding = request_.header("content-encoding");
    if (encoding != nullptr && *encoding != "identity") {
        return problem(ErrorCode::invalid_argument,
                       fmt::format("the body must not be encoded, as with \"{}\"", *encoding),
                       "unsupported-media-type");
    }
    const std::string* header = request_.header("content-type");
    const std::string type = header != nullptr ? media_type(*header) : "";
    if (type == route.body_type || (route.body_type == "application/json" && is_json_type(type))) {
        return std::nullopt;
    }
    return problem(ErrorCode::invalid_argument,
                   fmt::format("the body must be {0}, not {1}; send Content-Type: {0}",
                               route.body_type, type.empty() ? "of no type" : '"' + type + '"'),
                   "unsupported-media-type");
}

/// False: the socket would not take the few bytes, and nobody waits for an answer like that.
bool Connection::send_continue() {
    constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    if (tls_ != nullptr) return tls_->write(line).bytes == line.size();
    error_code error;
    return socket_.write_some(asio::buffer(line), error) == line.size() && !error;
}

// Answering.

/// True: answered, and the next request may be read.
bool Connection::dispatch() {
    if (refusal_) {
        Response response = std::move(*refusal_);
        refusal_.reset();
        return write(std::move(response)) && finish_answer();
    }
    phase_ = Phase::handling;
    deadline_ = Monotonic::max();
    auto exchange = std::make_shared<Exchange>(*this, hub_.mailbox());
    said_at_once_.reset();
    route_->handler(request_, Responder(exchange));
    exchange->leave();
    if (!said_at_once_) return false;
    Response response = std::move(*said_at_once_->response);
    said_at_once_.reset();
    return write(std::move(response)) && finish_answer();
}

/// True: all of it is with the kernel.
bool Connection::write(Response response) {
    phase_ = Phase::writing;
    response_ = std::move(response);
    if (hub_.is_stopping() || response_.source != nullptr) keep_open_ = false;
    head_.clear();
    append_head(
        head_, response_,
        {.request_id = request_id_,
         .date = hub_.date(),
         .after = keep_open_ ? AfterAnswer::keep_open : AfterAnswer::close,
         .http_1_0 = reader_.is_http_1_0(),
         .strict_transport = tls_ != nullptr ? hub_.strict_transport() : std::string_view()});
    if (head_only_ || !status_has_body(response_.status)) response_.body.clear();
    if (tls_ != nullptr) return write_secured();
    // Nearly always the kernel takes all of it at once, and nothing needs to be waited for.
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_),
                                                    asio::buffer(response_.body)};
    error_code error;
    std::size_t written = socket_.write_some(buffers, error);
    if (error && error != asio::error::would_block) {
        close();
        return false;
    }
    if (error) written = 0;
    if (written == head_.size() + response_.body.size()) return true;
    deadline_ = hub_.now() + hub_.options().response_write_timeout;
    const std::size_t of_head = std::min(written, head_.size());
    const std::array<asio::const_buffer, 2> rest{
        asio::buffer(head_) + of_head, asio::buffer(response_.body) + (written - of_head)};
    asio::async_write(socket_, rest, [self = shared_from_this()](error_code failed, std::size_t) {
        if (self->phase_ == Phase::closed) return;
        if (failed) return self->close();
        self->on_written();
    });
    return false;
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
                          .body_bytes = response_.body.size()});
    }
    response_.body.clear();
    if (response_.source != nullptr && !head_only_ && !hub_.is_stopping()) {
        begin_stream();
        return false;
    }
    if (!keep_open_) {
        linger();
        return false;
    }
    phase_ = Phase::idle;
    route_ = nullptr;
    head_only_ = false;
    reader_.begin(request_);
    return true;
}

void Connection::begin_stream() {
    phase_ = Phase::streaming;
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
    if (reader_.is_http_1_0()) {
        piece_ = next.value_or("");
    } else {
        piece_ = next ? fmt::format("{:x}\r\n{}\r\n", next->size(), *next) : "0\r\n\r\n";
    }
    piece_pending_ = true;
    is_last_piece_ = !next;
    deadline_ = hub_.now() + hub_.options().response_write_timeout;
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
    deadline_ = Monotonic::max();
    if (is_last_piece_) linger();
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
