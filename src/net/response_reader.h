#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "model/attempt.h"
#include "model/limits.h"
#include "net/chunked_body.h"

namespace postrider::net {

/// Reads one HTTP/1.x answer from bytes as they come, into an AttemptResult. Beast parses a whole
/// head, and the bodies that end by their length or with the connection; chunks are read here,
/// since Beast refuses what RFC 9112 allows of them. The limits are ours.
class ResponseReader {
 public:
    enum class State {
        reading,   ///< more bytes, please
        complete,  ///< the whole answer
        cut,       ///< the head and as much of the body as we read; the rest is not wanted
        broken,    ///< not HTTP, or over a limit, or ended early: problem() says which
    };

    /// What follows a head: nothing, whatever it says, when the request was a HEAD.
    enum class Body { as_framed, none };
    explicit ResponseReader(AttemptResult& result, Body body = Body::as_framed,
                            std::size_t kept_bytes_max = limits::response_bytes_kept_max)
        : result_(result), body_(body), kept_bytes_max_(kept_bytes_max) {
        parser_.emplace(*this);
    }
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    /// How many bytes may be read at most before the next take(); positive while it is reading.
    std::size_t room() const;
    /// Requires: reading; 0 < bytes.size() <= room().
    State take(std::string_view bytes);
    /// The peer has closed its side. Requires: reading.
    State end();
    bool has_bytes() const { return has_bytes_; }
    /// Whether the connection can carry another request. Requires: complete.
    bool keeps_connection() const { return keeps_connection_; }
    /// Whether bytes came with the answer that are not of it. Requires: complete.
    bool has_rest() const { return has_rest_; }
    /// The end of a sentence: "… sent an answer that is malformed (bad version)".
    const std::string& problem() const { return problem_; }

 private:
    class Parser final : public boost::beast::http::basic_parser<false> {
     public:
        explicit Parser(ResponseReader& reader);

     private:
        using Code = boost::beast::error_code;
        using View = boost::beast::string_view;
        void on_request_impl(boost::beast::http::verb, View, View, int, Code&) override {}
        void on_response_impl(int status, View, int, Code&) override;
        void on_field_impl(boost::beast::http::field, View name, View value, Code&) override;
        void on_header_impl(Code&) override {}
        void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
        std::size_t on_body_impl(View body, Code&) override;
        // Not called: chunks are not given to it.
        void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
        std::size_t on_chunk_body_impl(std::uint64_t, View, Code&) override { return 0; }
        void on_finish_impl(Code&) override {}

        ResponseReader& reader_;
    };

    State take_head(std::string_view& bytes);
    State take_body(std::string_view& bytes);
    State take_chunks(std::string_view& bytes);
    State put(std::string_view& bytes);
    State stop_at_limit();
    State finish_message(std::string_view rest);
    State fail(std::string problem);
    bool is_head_done() const { return parser_->is_header_done(); }
    void keep(std::string_view body);

    AttemptResult& result_;
    const Body body_;
    const std::size_t kept_bytes_max_;
    std::optional<Parser> parser_;
    ChunkedBody chunks_;
    std::string head_;  ///< of the answer that is read, while it is not whole
    std::string problem_;
    std::size_t body_bytes_ = 0;  ///< as sent: with the framing of chunks
    std::size_t interim_count_ = 0;
    bool has_bytes_ = false;
    bool keeps_connection_ = false;
    bool has_rest_ = false;
};

}  // namespace postrider::net
