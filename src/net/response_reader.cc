#include "net/response_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "model/limits.h"
#include "net/response_head.h"

namespace postrider::net {

ResponseReader::Parser::Parser(ResponseReader& reader) : reader_(reader) {
    header_limit(static_cast<std::uint32_t>(limits::response_header_bytes_max));
    body_limit(boost::none);  // a body over our limit is cut, not an error
    eager(false);
    skip(reader.body_ == Body::none);
}

void ResponseReader::Parser::on_response_impl(int status, View, int, Code& code) {
    if (status < 100) code = boost::beast::http::error::bad_status;
    reader_.result_.status = status;
}

void ResponseReader::Parser::on_field_impl(boost::beast::http::field, View name, View value,
                                           Code&) {
    auto& headers = reader_.result_.response_headers;
    const bool is_trailer = is_header_done();
    if (is_trailer || headers.size() == limits::response_headers_kept_max) return;
    headers.emplace_back(name, value);
}

std::size_t ResponseReader::Parser::on_body_impl(View body, Code&) {
    reader_.keep(body);
    return body.size();
}

void ResponseReader::keep(std::string_view body) {
    auto& kept = result_.response_body;
    const auto wanted = std::min(body.size(), kept_bytes_max_ - kept.size());
    kept.append(body.substr(0, wanted));
    if (wanted < body.size()) result_.response_truncated = true;
}

std::size_t ResponseReader::room() const {
    if (!is_head_done()) return limits::response_header_bytes_max;
    return limits::response_bytes_read_max - body_bytes_;
}

ResponseReader::State ResponseReader::fail(std::string problem) {
    problem_ = std::move(problem);
    return State::broken;
}

ResponseReader::State ResponseReader::take(std::string_view bytes) {
    has_bytes_ = true;
    auto state = State::reading;
    while (state == State::reading && !bytes.empty()) {
        state = is_head_done() ? take_body(bytes) : take_head(bytes);
    }
    return state;
}

/// Leaves in `bytes` what follows the head.
ResponseReader::State ResponseReader::take_head(std::string_view& bytes) {
    const auto before = head_.size();
    auto head = bytes;
    if (before > 0) {
        head_ += bytes;
        head = head_;
    }
    const auto end = find_head_end(head, before);
    const bool is_whole = end != std::string_view::npos;
    if ((is_whole ? end : head.size()) > limits::response_header_bytes_max) {
        return fail(
            fmt::format("sent headers of more than {} bytes", limits::response_header_bytes_max));
    }
    if (!is_whole) {
        if (before == 0) head_ = bytes;
        bytes = {};
        return State::reading;
    }
    bytes.remove_prefix(end - before);
    std::string storage;
    auto normal = normalize_head(head.substr(0, end), storage);
    const auto state = put(normal);
    head_.clear();
    if (state != State::reading || !parser_->is_done()) return state;
    return finish_message(bytes);
}

/// Gives bytes to the parser, which uses all of a whole head and of a body's data.
ResponseReader::State ResponseReader::put(std::string_view& bytes) {
    while (!bytes.empty() && !parser_->is_done()) {
        boost::beast::error_code code;
        const auto used = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), code);
        if (code || used == 0) {
            return fail(fmt::format("sent an answer that is malformed ({})", code.message()));
        }
        bytes.remove_prefix(used);
    }
    return State::reading;
}

/// Leaves in `bytes` what follows the answer.
ResponseReader::State ResponseReader::take_body(std::string_view& bytes) {
    if (parser_->chunked()) return take_chunks(bytes);
    const auto before = bytes.size();
    const auto state = put(bytes);
    body_bytes_ += before - bytes.size();
    if (state != State::reading) return state;
    return parser_->is_done() ? finish_message(bytes) : stop_at_limit();
}

ResponseReader::State ResponseReader::take_chunks(std::string_view& bytes) {
    const auto before = bytes.size();
    while (!bytes.empty() && chunks_.state() == ChunkedBody::State::reading) {
        keep(chunks_.take(bytes));
    }
    body_bytes_ += before - bytes.size();
    switch (chunks_.state()) {
        case ChunkedBody::State::reading:
            return stop_at_limit();
        case ChunkedBody::State::complete:
            return finish_message(bytes);
        case ChunkedBody::State::broken:
            break;
    }
    return fail("sent an answer that is malformed (bad chunk)");
}

/// Stops a body that has reached the limit.
ResponseReader::State ResponseReader::stop_at_limit() {
    if (body_bytes_ < limits::response_bytes_read_max) return State::reading;
    result_.response_truncated = true;
    return State::cut;
}

ResponseReader::State ResponseReader::finish_message(std::string_view rest) {
    const int status = result_.status;
    if (status >= 200) {
        has_rest_ = !rest.empty();
        keeps_connection_ = parser_->keep_alive() && !has_rest_;
        return State::complete;
    }
    // 1xx: the final answer follows. Source: RFC 9110 section 15.2.
    if (status == 101) return fail("switched protocols, which nobody asked for");
    if (++interim_count_ > limits::interim_responses_max) {
        return fail(
            fmt::format("sent more than {} interim answers", limits::interim_responses_max));
    }
    result_.status = 0;
    result_.response_headers.clear();
    parser_.emplace(*this);
    return State::reading;
}

ResponseReader::State ResponseReader::end() {
    if (!is_head_done()) return fail("closed the connection within the headers");
    boost::beast::error_code code;
    parser_->put_eof(code);
    if (code) return fail("closed the connection before the answer was complete");
    return State::complete;
}

}  // namespace postrider::net
