#include "http/request_reader.h"

#include <boost/beast/http/basic_parser.hpp>

#include "base/check.h"
#include "model/limits.h"

namespace postrider::http {

namespace beast = boost::beast;
using LibraryError = boost::system::error_code;
using LibraryText = beast::string_view;

namespace {

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return out;
}

}  // namespace

/// Beast's grammar with our storage: headers go straight into the Request.
class RequestReader::Parser {
 public:
    void begin(RequestReader& reader) { parse_.emplace(reader); }
    void read_body(std::size_t bytes_max, bool keep) {
        parse_->body_bytes_left = bytes_max;
        parse_->keep_body = keep;
    }

    struct Parse final : beast::http::basic_parser<true> {
        explicit Parse(RequestReader& owner) : reader(owner) {
            // Ours are counted over all of the head and known per route.
            header_limit(limits::request_header_bytes_max + 1);
            body_limit(boost::none);
        }

        void on_request_impl(beast::http::verb, LibraryText method, LibraryText target, int version,
                             LibraryError&) override {
            reader.request_->method = method;
            reader.target_ = target;
            reader.http_1_0_ = version == 10;
        }
        void on_response_impl(int, LibraryText, int, LibraryError&) override {}
        void on_field_impl(beast::http::field, LibraryText name, LibraryText value,
                           LibraryError&) override {
            // A trailer must not pass for a header, which was checked before the body.
            if (in_body) return;
            reader.request_->headers.emplace_back(lower_case(name), value);
        }
        void on_header_impl(LibraryError&) override {}
        void on_body_init_impl(const boost::optional<std::uint64_t>& length,
                               LibraryError& error) override {
            if (!length) return;
            if (*length > body_bytes_left) {
                error = beast::http::error::body_limit;
            } else if (keep_body) {
                reader.request_->body.reserve(*length);
            }
        }
        std::size_t on_body_impl(LibraryText bytes, LibraryError& error) override {
            if (bytes.size() > body_bytes_left) {
                error = beast::http::error::body_limit;
                return 0;
            }
            body_bytes_left -= bytes.size();
            if (keep_body) reader.request_->body.append(bytes.data(), bytes.size());
            return bytes.size();
        }
        void on_chunk_header_impl(std::uint64_t size, LibraryText, LibraryError& error) override {
            // Before the chunk is read, not after.
            if (size > body_bytes_left) error = beast::http::error::body_limit;
        }
        std::size_t on_chunk_body_impl(std::uint64_t, LibraryText bytes,
                                       LibraryError& error) override {
            return on_body_impl(bytes, error);
        }
        void on_finish_impl(LibraryError&) override {}

        RequestReader& reader;
        std::size_t body_bytes_left = 0;
        bool keep_body = true;
        bool in_body = false;
    };

    Parse& parse() { return *parse_; }

 private:
    std::optional<Parse> parse_;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

void RequestReader::begin(Request& request) {
    request_ = &request;
    request.method.clear();
    request.path.clear();
    request.body.clear();
    request.headers.clear();
    request.query.clear();
    request.path_parameters.clear();
    state_ = State::head;
    failure_ = Failure::none;
    head_bytes_ = 0;
    parser_->begin(*this);
}

void RequestReader::fail(Failure failure, std::string text) {
    state_ = State::failed;
    failure_ = failure;
    failure_text_ = std::move(text);
}

std::size_t RequestReader::feed(std::string_view bytes) {
    std::size_t used = 0;
    // RFC 9112, section 2.2: empty lines before a request are read over.
    while (state_ == State::head && head_bytes_ == 0 && used < bytes.size() &&
           (bytes[used] == '\r' || bytes[used] == '\n')) {
        ++used;
    }
    auto& parse = parser_->parse();
    while (used < bytes.size() && (state_ == State::head || state_ == State::body)) {
        LibraryError error;
        const std::size_t taken = parse.put({bytes.data() + used, bytes.size() - used}, error);
        used += taken;
        if (state_ == State::head) head_bytes_ += taken;
        const std::size_t left = bytes.size() - used;
        if (error == beast::http::error::need_more) {
            // A head, or the lines between chunks, of which no end is in sight.
            if (head_bytes_ + left > limits::request_header_bytes_max && state_ == State::head) {
                fail(Failure::head_too_large, "");
            } else if (left > limits::request_header_bytes_max) {
                fail(Failure::malformed, "a chunk's line or the trailer is too long");
            }
            break;
        }
        if (error == beast::http::error::header_limit) {
            fail(Failure::head_too_large, "");
        } else if (error == beast::http::error::body_limit) {
            fail(Failure::body_too_large, "");
        } else if (error) {
            fail(Failure::malformed, "the request is not HTTP/1.1: " + error.message());
        } else if (state_ == State::head && parse.is_header_done()) {
            finish_head();
        } else if (state_ == State::body && parse.is_done()) {
            state_ = State::done;
        }
    }
    return used;
}

void RequestReader::finish_head() {
    auto& parse = parser_->parse();
    if (head_bytes_ > limits::request_header_bytes_max) return fail(Failure::head_too_large, "");
    has_body_ = !parse.is_done();
    keeps_alive_ = parse.keep_alive();
    content_length_.reset();
    if (auto length = parse.content_length()) content_length_ = *length;
    if (!check_headers()) return;
    parse.in_body = true;
    state_ = State::head_done;
}

/// What Beast's parser lets pass and we do not.
bool RequestReader::check_headers() {
    std::size_t hosts = 0, transfer_encodings = 0;
    expects_continue_ = false;
    for (const auto& [name, value] : request_->headers) {
        if (name == "host") ++hosts;
        if (name == "expect" && !http_1_0_) {
            expects_continue_ = lower_case(value) == "100-continue" && has_body_;
        }
        if (name == "transfer-encoding") {
            // Else somebody in between may see the end of the body at another place than we do.
            if (++transfer_encodings > 1 || lower_case(value) != "chunked" || http_1_0_) {
                fail(Failure::malformed,
                     "the only Transfer-Encoding that is understood is chunked");
                return false;
            }
        }
    }
    if (hosts > 1 || (hosts == 0 && !http_1_0_)) {
        fail(Failure::malformed, "a request has one Host header");
        return false;
    }
    return true;
}

void RequestReader::read_body(std::size_t bytes_max) {
    CHECK(state_ == State::head_done);
    parser_->read_body(bytes_max, true);
    state_ = has_body_ ? State::body : State::done;
}

void RequestReader::skip_body(std::size_t bytes_max) {
    CHECK(state_ == State::head_done);
    parser_->read_body(bytes_max, false);
    state_ = has_body_ ? State::body : State::done;
}

}  // namespace postrider::http
