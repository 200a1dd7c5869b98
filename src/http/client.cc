#include "http/client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <charconv>

#include "model/limits.h"

namespace postrider::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCodeOfLibrary = boost::system::error_code;

/// Our own server's address, typed by the person who runs it: not a webhook's URL, whose checks
/// (net/url.h) are not wanted here and would let this folder depend on net/.
struct Origin {
    bool tls = false;
    std::string host;
    std::string port;
    std::string host_header;
    std::string path_prefix;
};

Result<Origin> parse_origin(std::string_view url) {
    auto wrong = [&](std::string_view why) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("\"{}\" is no server address: {} (like http://127.0.0.1:8080)", url, why));
    };
    Origin origin;
    std::string_view rest = url;
    if (rest.starts_with("https://")) {
        origin.tls = true;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return wrong("it must begin with http:// or https://");
    }
    auto slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) origin.path_prefix = rest.substr(slash);
    while (origin.path_prefix.ends_with('/')) origin.path_prefix.pop_back();
    for (unsigned char c : rest) {
        if (c <= 0x20 || c >= 0x7f || c == '@' || c == '?' || c == '#') {
            return wrong("it may not have user info, a query, white space or non-ASCII characters");
        }
    }
    origin.host_header = authority;
    auto colon = authority.rfind(':');
    auto bracket = authority.rfind(']');
    bool has_port =
        colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
    origin.host = authority.substr(0, has_port ? colon : authority.size());
    if (origin.host.size() > 2 && origin.host.front() == '[' && origin.host.back() == ']') {
        origin.host = origin.host.substr(1, origin.host.size() - 2);
    }
    if (origin.host.empty()) return wrong("it has no host");
    origin.port = origin.tls ? "443" : "80";
    if (has_port) {
        origin.port = authority.substr(colon + 1);
        unsigned port = 0;
        auto [end, error] =
            std::from_chars(origin.port.data(), origin.port.data() + origin.port.size(), port);
        if (error != std::errc{} || end != origin.port.data() + origin.port.size() || port == 0 ||
            port > 65535) {
            return wrong("its port is not a number from 1 to 65535");
        }
    }
    return origin;
}

/// This machine, whatever its files say, if they say anything: a fresh one may have no /etc/hosts.
/// Source: RFC 6761, section 6.3.
bool is_localhost(std::string_view host) {
    return host == "localhost" || host.ends_with(".localhost");
}

tcp::resolver::results_type loopback(const Origin& origin) {
    std::uint16_t port = 0;
    std::from_chars(origin.port.data(), origin.port.data() + origin.port.size(), port);
    const std::vector<tcp::endpoint> endpoints{{asio::ip::address_v4::loopback(), port},
                                               {asio::ip::address_v6::loopback(), port}};
    return tcp::resolver::results_type::create(endpoints.begin(), endpoints.end(), origin.host,
                                               origin.port);
}

beast::http::request<beast::http::string_body> build_request(const ClientOptions& options,
                                                             const ClientRequest& request,
                                                             const Origin& origin) {
    beast::http::request<beast::http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(origin.path_prefix + request.path);
    message.set(beast::http::field::host, origin.host_header);
    message.set(beast::http::field::user_agent, "Postrider-CLI");
    message.set(beast::http::field::accept, "application/json");
    message.set(beast::http::field::connection, "close");
    if (!options.token.empty()) {
        message.set(beast::http::field::authorization, "Bearer " + options.token);
    }
    if (!request.body.empty()) message.set(beast::http::field::content_type, "application/json");
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    return message;
}

std::string describe(const ErrorCodeOfLibrary& code) {
    if (code.category() == asio::error::get_ssl_category()) {
        const char* reason = ERR_reason_error_string(static_cast<unsigned long>(code.value()));
        return reason != nullptr ? reason : code.message();
    }
    return code.message();
}

/// One request on one fresh connection; every step shares the deadline of the TCP stream.
class Exchange {
 public:
    Exchange(const ClientOptions& options, const Origin& origin)
        : options_(options), origin_(origin) {
        parser_.body_limit(limits::client_response_bytes_max);
        parser_.header_limit(static_cast<std::uint32_t>(limits::response_header_bytes_max));
    }

    Result<ClientResponse> run(const ClientRequest& request) {
        message_ = build_request(options_, request, origin_);
        if (request.method == "HEAD") parser_.skip(true);
        asio::io_context loop;
        Result<ClientResponse> result = fail(ErrorCode::internal, "the request did not end");
        asio::co_spawn(loop, perform(loop),
                       [&](std::exception_ptr thrown, Result<ClientResponse> r) {
                           if (!thrown) result = std::move(r);
                       });
        // The look-up of the name has no deadline of its own, so the loop has it.
        loop.run_for(options_.timeout + 1s);
        return loop.stopped() ? std::move(result) : timed_out();
    }

 private:
    asio::awaitable<Result<ClientResponse>> perform(asio::io_context& loop) {
        ErrorCodeOfLibrary error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        tcp::resolver resolver(loop);
        tcp::resolver::results_type addresses;
        if (is_localhost(origin_.host)) {
            addresses = loopback(origin_);
        } else {
            addresses = co_await resolver.async_resolve(origin_.host, origin_.port, token);
        }
        if (error) co_return broken("its name cannot be resolved", error);
        if (!origin_.tls) {
            beast::tcp_stream stream(loop);
            stream.expires_after(options_.timeout);
            co_await stream.async_connect(addresses, token);
            if (error) co_return broken("cannot connect", error);
            co_return co_await converse(stream);
        }
        asio::ssl::context tls(asio::ssl::context::tls_client);
        if (auto prepared = prepare(tls); !prepared) co_return std::unexpected(prepared.error());
        asio::ssl::stream<beast::tcp_stream> stream(loop, tls);
        // SNI carries names only (RFC 6066, section 3), the check below takes addresses too.
        ErrorCodeOfLibrary not_an_address;
        asio::ip::make_address(origin_.host, not_an_address);
        if (not_an_address) SSL_set_tlsext_host_name(stream.native_handle(), origin_.host.c_str());
        stream.set_verify_callback(asio::ssl::host_name_verification(origin_.host), error);
        stream.next_layer().expires_after(options_.timeout);
        co_await stream.next_layer().async_connect(addresses, token);
        if (error) co_return broken("cannot connect", error);
        co_await stream.async_handshake(asio::ssl::stream_base::client, token);
        if (error) co_return broken("TLS failed", error);
        co_return co_await converse(stream);
    }

    Result<void> prepare(asio::ssl::context& tls) const {
        ErrorCodeOfLibrary error;
        tls.set_verify_mode(asio::ssl::verify_peer, error);
        SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
        if (options_.ca_file.empty()) {
            tls.set_default_verify_paths(error);
        } else {
            tls.load_verify_file(options_.ca_file, error);
        }
        if (!error) return {};
        return fail(ErrorCode::invalid_argument,
                    fmt::format("the authorities in \"{}\" cannot be read: {}", options_.ca_file,
                                describe(error)));
    }

    template <typename Stream>
    asio::awaitable<Result<ClientResponse>> converse(Stream& stream) {
        ErrorCodeOfLibrary error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        beast::flat_buffer buffer;
        co_await beast::http::async_write(stream, message_, token);
        // A server may refuse before it has read everything; its answer says more than the pipe.
        auto write_error = error;
        co_await beast::http::async_read(stream, buffer, parser_, token);
        if (error) {
            if (error == beast::error::timeout) co_return timed_out();
            co_return fail(
                ErrorCode::corrupt,
                fmt::format("{} broke the connection off before its answer was whole ({})",
                            options_.base_url, describe(write_error ? write_error : error)));
        }
        auto& message = parser_.get();
        ClientResponse response;
        response.status = static_cast<int>(message.result_int());
        for (const auto& field : message) {
            std::string name(field.name_string());
            for (char& c : name) {
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            }
            response.headers.emplace_back(std::move(name), std::string(field.value()));
        }
        response.body = std::move(message.body());
        co_return response;
    }

    std::unexpected<Error> timed_out() const {
        return fail(ErrorCode::deadline_exceeded,
                    fmt::format("{} did not answer within {}", options_.base_url,
                                format_duration(options_.timeout)));
    }

    std::unexpected<Error> broken(std::string_view what, const ErrorCodeOfLibrary& error) const {
        if (error == beast::error::timeout) return timed_out();
        return fail(ErrorCode::unavailable, fmt::format("{} did not answer: {} ({})",
                                                        options_.base_url, what, describe(error)));
    }

    const ClientOptions& options_;
    const Origin& origin_;
    beast::http::request<beast::http::string_body> message_;
    beast::http::response_parser<beast::http::string_body> parser_;
};

}  // namespace

const std::string* ClientResponse::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return &value;
    }
    return nullptr;
}

Client::Client(ClientOptions options) : options_(std::move(options)) {}

Result<ClientResponse> Client::send(const ClientRequest& request) const {
    POSTRIDER_ASSIGN(Origin origin, parse_origin(options_.base_url));
    try {
        return Exchange(options_, origin).run(request);
    } catch (const std::exception& exception) {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} cannot be asked: {}", options_.base_url, exception.what()));
    }
}

}  // namespace postrider::http
