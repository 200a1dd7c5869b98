#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>

#include "http/client_address.h"
#include "http/cors.h"
#include "http/exchange.h"
#include "http/problem.h"
#include "http/target.h"
#include "model/limits.h"

/// From a request's head to its body: route, gate, what the body may be, and room for it.
namespace postrider::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

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
        client_address(peer_.address, request_.headers, hub_.edge().is_trusted_proxy);
    head_only_ = request_.method == "HEAD";
    keep_open_ = reader_.keeps_alive();
    route_ = nullptr;
    cors_origin_ = cors_origin(request_, hub_.edge().cors_origins);
    request_.admission.reset();
    if (auto refused = find_route()) return end_head({{}, std::move(refused)});
    const Gate& gate = hub_.gate();
    if (!gate) return end_head({});
    phase_ = Phase::admitting;
    said_at_once_.reset();
    auto exchange = std::make_shared<Exchange>(*this);
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
    if (reader_.has_body() && has_room()) begin_body();
}

void Connection::begin_body() {
    const bool is_awaited = reader_.expects_continue() && begin_ == end_ && request_.body.empty();
    if (is_awaited && !send_continue()) close();
}

/// What the body takes is known from its length; one without takes more as it comes. Pauses, and
/// reads no further, when there is no room for it.
bool Connection::has_room() {
    if (refusal_ || route_->body_bytes_max == 0) return true;  // read over
    std::size_t wanted = 0;
    if (const auto length = reader_.content_length()) {
        wanted = static_cast<std::size_t>(*length);
    } else {
        // Twice: it is moved while it grows.
        wanted = 2 * (request_.body.size() + (end_ - begin_));
        if (wanted > hold_.amount()) {
            wanted = (wanted / limits::chunked_step_bytes + 1) * limits::chunked_step_bytes;
        }
        if (request_.body.size() + (end_ - begin_) <= limits::inbound_bytes_free) wanted = 0;
    }
    if (wanted <= std::max(hold_.amount(), std::uint64_t{limits::inbound_bytes_free})) return true;
    if (hold_.amount() == 0) hold_ = Shares::Hold(hub_.memory(), holders());
    const unsigned percent =
        wanted >= limits::inbound_large_bytes ? limits::inbound_large_percent : 100;
    room_ = hold_.take(wanted - hold_.amount(), percent);
    if (room_ == Shares::Answer::taken) return true;
    if (phase_ != Phase::pausing) {
        phase_ = Phase::pausing;
        deadline_ = hub_.now() + hub_.options().room_wait_max;
    }
    hub_.wait_for_room(id_);
    return false;
}

Shares::Holders Connection::holders() const {
    return Asker{request_.client_address, request_.admission, hub_.options().add_holders}.holders();
}

void Connection::take_room() {
    if (phase_ != Phase::pausing || !has_room()) return;
    phase_ = Phase::reading;
    deadline_ = hub_.now() + hub_.options().request_read_timeout;
    begin_body();
    if (go_on(true)) process();
}

std::optional<Response> Connection::find_route() {
    if (auto target = read_target(reader_.target(), request_); !target) {
        return problem_response(target.error(), request_id_);
    }
    auto match = hub_.router().find(request_);
    if (!match) return problem_response(match.error(), request_id_);
    if (match->route == nullptr) {
        if (auto answer = cors_preflight(request_, cors_origin_, match->allow)) return answer;
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

}  // namespace postrider::http
