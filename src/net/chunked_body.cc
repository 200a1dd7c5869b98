#include "net/chunked_body.h"

#include <algorithm>

namespace postrider::net {
namespace {

// A chunk of more would overflow on the next digit; no receiver's answer has one of 2^56 bytes.
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{1} << 56;

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

ChunkedBody::State ChunkedBody::state() const {
    if (place_ == Place::complete) return State::complete;
    return place_ == Place::broken ? State::broken : State::reading;
}

std::string_view ChunkedBody::take(std::string_view& bytes) {
    while (!bytes.empty() && state() == State::reading) {
        if (place_ == Place::data) {
            const auto count = std::min<std::uint64_t>(left_, bytes.size());
            const auto part = bytes.substr(0, count);
            bytes.remove_prefix(count);
            left_ -= count;
            if (left_ == 0) place_ = Place::data_end;
            return part;
        }
        place_ = next(bytes.front());
        bytes.remove_prefix(1);
    }
    return {};
}

ChunkedBody::Place ChunkedBody::size_digit(char c) {
    const int digit = hex_value(c);
    if (digit < 0 || left_ >= chunk_bytes_max) return Place::broken;
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return Place::size;
}

ChunkedBody::Place ChunkedBody::next(char c) {
    switch (place_) {
        case Place::size_begin:
            left_ = 0;
            return size_digit(c);
        case Place::size:
        case Place::size_blank:
            if (c == '\r') return Place::size_end;
            if (c == '\n') return end_of_size();
            if (c == ';') return Place::extension;
            if (is_blank(c)) return Place::size_blank;
            return place_ == Place::size ? size_digit(c) : Place::broken;
        case Place::extension:
            if (c == '\r') return Place::size_end;
            return c == '\n' ? end_of_size() : Place::extension;
        case Place::size_end:
            return c == '\n' ? end_of_size() : Place::broken;
        case Place::data_end:
            if (c == '\r') return Place::data_end_line_feed;
            return c == '\n' ? Place::size_begin : Place::broken;
        case Place::data_end_line_feed:
            return c == '\n' ? Place::size_begin : Place::broken;
        case Place::trailer_begin:
            if (c == '\r') return Place::body_end;
            return c == '\n' ? Place::complete : Place::trailer;
        case Place::trailer:
            if (c == '\r') return Place::trailer_line_feed;
            return c == '\n' ? Place::trailer_begin : Place::trailer;
        case Place::trailer_line_feed:
            return c == '\n' ? Place::trailer_begin : Place::broken;
        case Place::body_end:
            return c == '\n' ? Place::complete : Place::broken;
        case Place::data:
        case Place::complete:
        case Place::broken:
            break;
    }
    return Place::broken;
}

}  // namespace postrider::net
