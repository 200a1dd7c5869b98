#include "net/response_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "model/limits.h"

namespace postrider::net {

ResponseReader::Parser::Parser(ResponseReader& reader) : reader_(reader) {
    header_limit(static_cast<std::uint32_t>(limits::response_header_bytes_max));
    body_limit(boost::none);  // a body over our limit is cut, not an error
    eager(false);
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

std::size_t ResponseReader::Parser::on_chunk_body_impl(std::uint64_t, View body, Code&) {
    reader_.keep(body);
    return body.size();
}

void ResponseReader::keep(std::string_view body) {
    auto& kept = result_.response_body;
    const auto wanted = std::min(body.size(), limits::response_bytes_kept_max - kept.size());
    kept.append(body.substr(0, wanted));
    if (wanted < body.size()) result_.response_truncated = true;
}

std::size_t ResponseReader::room() const {
    if (!parser_->is_header_done()) return limits::response_header_bytes_max;
    return limits::response_bytes_read_max - body_bytes_ - pending_.size();
}

ResponseReader::State ResponseReader::fail(std::string problem) {
    problem_ = std::move(problem);
    return State::broken;
}

ResponseReader::State ResponseReader::take(std::string_view bytes) {
    has_bytes_ = true;
    if (pending_.empty()) {
        const auto state = parse(bytes);
        if (state == State::reading) pending_ = bytes;
        return state;
    }
    auto joined = std::exchange(pending_, {});
    joined += bytes;
    std::string_view rest = joined;
    // Beast goes on with the last chunk from its least size on, and asserts that it has it. No
    // answer ends within fewer bytes of its body than that.
    constexpr std::string_view last_chunk = "0\r\n\r\n";
    const bool waits = parser_->is_header_done() && rest.size() < last_chunk.size();
    const auto state = waits ? limit(rest) : parse(rest);
    if (state == State::reading) pending_ = rest;
    return state;
}

/// Leaves in `bytes` what the parser could not use yet.
ResponseReader::State ResponseReader::parse(std::string_view& bytes) {
    using boost::beast::http::error;
    while (!bytes.empty()) {
        const bool in_head = !parser_->is_header_done();
        boost::beast::error_code code;
        const auto used = parser_->put(boost::asio::buffer(bytes.data(), bytes.size()), code);
        bytes.remove_prefix(used);
        (in_head ? head_bytes_ : body_bytes_) += used;
        const auto head_bytes = head_bytes_ + (parser_->is_header_done() ? 0 : bytes.size());
        if (code == error::header_limit || head_bytes > limits::response_header_bytes_max) {
            return fail(fmt::format("sent headers of more than {} bytes",
                                    limits::response_header_bytes_max));
        }
        if (code && code != error::need_more) {
            return fail(fmt::format("sent an answer that is malformed ({})", code.message()));
        }
        if (!parser_->is_done()) {
            if (code == error::need_more) break;
            continue;
        }
        const auto state = finish_message(bytes);
        if (state != State::reading) return state;
    }
    return limit(bytes);
}

/// Stops what has reached the limit; `unused` bytes of the body wait for more.
ResponseReader::State ResponseReader::limit(std::string_view unused) {
    if (!parser_->is_header_done() ||
        body_bytes_ + unused.size() < limits::response_bytes_read_max) {
        return State::reading;
    }
    result_.response_truncated = true;
    return State::cut;
}

ResponseReader::State ResponseReader::finish_message(std::string_view rest) {
    const int status = result_.status;
    if (status >= 200) {
        keeps_connection_ = parser_->keep_alive() && rest.empty();
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
    head_bytes_ = 0;
    parser_.emplace(*this);
    return State::reading;
}

ResponseReader::State ResponseReader::end() {
    if (!parser_->is_header_done()) return fail("closed the connection within the headers");
    boost::beast::error_code code;
    parser_->put_eof(code);
    if (code) return fail("closed the connection before the answer was complete");
    return State::complete;
}

}  // namespace postrider::net
