#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postrider::net {

/// Reads the framing of a chunked body from bytes as they come, one part at a time. As RFC 9112
/// allows, LF alone ends a line (section 2.2), and blanks may stand behind a chunk's size.
/// Extensions and trailers are read over. Source: RFC 9112 section 7.1.
class ChunkedBody {
 public:
    enum class State { reading, complete, broken };

    /// Takes bytes from the front of `bytes` until a part of the body's data is found or all of
    /// `bytes` is used, and returns that part; empty when there is none. Bytes that follow the end
    /// of the body stay. Requires: state() is reading. Lifetime: the part is a view of `bytes`.
    std::string_view take(std::string_view& bytes);
    State state() const;

 private:
    enum class Place {
        size_begin,
        size,
        size_blank,
        extension,
        size_end,
        data,
        data_end,
        data_end_line_feed,
        trailer_begin,
        trailer,
        trailer_line_feed,
        body_end,
        complete,
        broken,
    };

    Place next(char c);
    Place size_digit(char c);
    Place end_of_size() const { return left_ == 0 ? Place::trailer_begin : Place::data; }

    Place place_ = Place::size_begin;
    std::uint64_t left_ = 0;  ///< of the chunk's data
};

}  // namespace postrider::net
