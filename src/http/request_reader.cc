#include "http/request_reader.h"

#include <algorithm>
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

/// A line that goes on in the next one (obs-fold), or white space before the first header:
/// somebody in between may read them as something else. Source: RFC 9112, sections 5.2 and 2.2.
bool has_folded_line(std::string_view head) {
    for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
        if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
    }
    return false;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// uri-host [ ":" port ], nothing else. Source: RFC 9110, section 7.2; RFC 3986, section 3.2.2.
bool is_host(std::string_view text) {
    const auto bracket = text.starts_with('[') ? text.find(']') : std::string_view::npos;
    if (text.starts_with('[') && bracket == std::string_view::npos) return false;
    const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const auto port = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (!std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return false;
    auto host = text.substr(0, colon);
    if (bracket != std::string_view::npos) {
        if (bracket + 1 != host.size()) return false;
        host = host.substr(1, bracket - 1);
        return std::ranges::all_of(
            host, [](char c) { return is_hex(c) || c == ':' || c == '.' || c == 'v'; });
    }
    for (std::size_t i = 0; i < host.size(); ++i) {
        constexpr std::string_view marks = "-._~!$&'()*+,;=";
        const char c = host[i];
        if (c == '%') {
            if (host.size() - i < 3 || !is_hex(host[i + 1]) || !is_hex(host[i + 2])) return false;
            i += 2;
        } else if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                     marks.find(c) != std::string_view::npos)) {
            return false;
        }
    }
    return true;
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
                           LibraryError& error) override {
            // A trailer must not pass for a header, which was checked before the body.
            if (in_body) return;
            if (reader.request_->headers.size() >= limits::request_headers_max) {
                error = beast::http::error::header_limit;
                return;
            }
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
    // A long one would be held for as long as its connection is idle.
    if (request.body.capacity() > limits::inbound_bytes_free) request.body.shrink_to_fit();
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
            finish_head(bytes.substr(used - taken, taken));
        } else if (state_ == State::body && parse.is_done()) {
            state_ = State::done;
        }
    }
    return used;
}

void RequestReader::finish_head(std::string_view bytes) {
    auto& parse = parser_->parse();
    if (head_bytes_ > limits::request_header_bytes_max) return fail(Failure::head_too_large, "");
    has_body_ = !parse.is_done();
    keeps_alive_ = parse.keep_alive();
    content_length_.reset();
    if (auto length = parse.content_length()) content_length_ = *length;
    if (has_folded_line(bytes)) {
        return fail(Failure::malformed, "a header's line must not be continued in the next one");
    }
    if (!check_headers()) return;
    parse.in_body = true;
    state_ = State::head_done;
}

/// What Beast's parser lets pass and we do not.
bool RequestReader::check_headers() {
    std::size_t hosts = 0, transfer_encodings = 0;
    expects_continue_ = false;
    for (const auto& [name, value] : request_->headers) {
        if (name == "host") {
            ++hosts;
            if (!is_host(value)) {
                fail(Failure::malformed, "Host is no host and port, such as hooks.example:8080");
                return false;
            }
        }
        if (name == "expect" && !http_1_0_ && !check_expectation(value)) return false;
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

/// Source: RFC 9110, section 10.1.1: 100-continue is the only expectation that there is.
bool RequestReader::check_expectation(std::string_view value) {
    if (lower_case(value) == "100-continue") {
        expects_continue_ = has_body_;
        return true;
    }
    fail(Failure::unmet_expectation,
         "the only expectation that is met here is 100-continue; leave Expect out");
    return false;
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
