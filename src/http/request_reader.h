#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/server.h"

namespace postrider::http {

/// Reads HTTP/1.x requests, one after another, from bytes as they arrive: grammar, framing and
/// limits (RFC 9112), without a socket. Thread-safety: one thread.
class RequestReader {
 public:
    enum class State {
        head,       ///< wants bytes of the head
        head_done,  ///< read_body() or skip_body() must be said
        body,       ///< wants bytes of the body
        done,       ///< begin() starts the next one
        failed,     ///< see failure(); nothing more can be read from this connection
    };
    enum class Failure { none, malformed, head_too_large, body_too_large, unmet_expectation };

    RequestReader();
    ~RequestReader();

    /// Starts to read a request into `request`, which is cleared.
    void begin(Request& request);
    /// Takes bytes from the front of `bytes` and returns how many; what it leaves must come again,
    /// with more behind it. Stops at the end of the head and at the end of the body.
    std::size_t feed(std::string_view bytes);

    void read_body(std::size_t bytes_max);
    /// Reads over a body of up to `bytes_max`.
    void skip_body(std::size_t bytes_max);

    State state() const { return state_; }
    Failure failure() const { return failure_; }
    const std::string& failure_text() const { return failure_text_; }

    // Of the head; from head_done on.
    std::string_view target() const { return target_; }
    bool has_body() const { return has_body_; }
    std::optional<std::uint64_t> content_length() const { return content_length_; }
    bool expects_continue() const { return expects_continue_; }
    bool keeps_alive() const { return keeps_alive_; }
    bool is_http_1_0() const { return http_1_0_; }

 private:
    class Parser;

    void fail(Failure failure, std::string text);
    void finish_head(std::string_view bytes);
    bool check_headers();
    bool check_expectation(std::string_view value);

    std::unique_ptr<Parser> parser_;
    Request* request_ = nullptr;
    State state_ = State::done;
    Failure failure_ = Failure::none;
    std::string failure_text_;
    std::string target_;
    std::size_t head_bytes_ = 0;
    bool has_body_ = false;
    bool expects_continue_ = false;
    bool keeps_alive_ = false;
    bool http_1_0_ = false;
    std::optional<std::uint64_t> content_length_;
};

}  // namespace postrider::http
