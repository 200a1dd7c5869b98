#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/shares.h"
#include "base/time.h"
#include "model/limits.h"

namespace postrider::http {

/// A request, read whole (its body never past the route's limit).
struct Request {
    std::string method;  ///< "GET"
    std::string path;    ///< percent-encoded as received, without the query
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order
    /// What the route's {names} matched, decoded, in the template's order.
    std::vector<std::pair<std::string, std::string>> path_parameters;
    std::string id;      ///< this request's id, in its log line and its problem document
    std::string remote;  ///< the peer of the connection, "127.0.0.1:49152"
    /// Who asks: the peer's address without its port, or behind a trusted proxy the one that the
    /// proxy names in X-Forwarded-For (client_address.h).
    std::string client_address;
    /// What the gate found out, for the handler: only they know its type.
    std::shared_ptr<const void> admission;

    /// The first header of that (lower-case) name; nullptr when there is none.
    const std::string* header(std::string_view name) const;
    const std::string* query_value(std::string_view name) const;
    /// Requires: the route has {name}.
    const std::string& path_parameter(std::string_view name) const;
};

/// A body that comes in pieces: server-sent events, for as long as their client listens, or a long
/// list that is read while it is sent.
class BodySource {
 public:
    virtual ~BodySource() = default;
    /// What there is to send now: nothing yet when it is empty, the body's end when it is none.
    /// Asked on the server's thread: at the start, when the piece before has gone, when it was
    /// woken (on_more), and about every ServerOptions::deadline_check; and not while an earlier
    /// piece is still on its way: a client that reads slowly holds one piece. Must not block.
    virtual std::optional<std::string> next() = 0;
    /// `wake` may be called from any thread, when next() has something after it had nothing.
    virtual void on_more(std::function<void()> /*wake*/) {}
    /// Whether it is a body like any other, only longer: it has an end that comes soon, and the
    /// connection goes on behind it.
    virtual bool is_finite() const { return false; }
    /// Whether the end came too early: the connection is closed, so that nobody takes it for one.
    virtual bool is_broken() const { return false; }
    /// What it holds in memory at most, in bytes; counted as an answer's body is.
    virtual std::size_t bytes_held_max() const { return 0; }
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    /// Goes behind `body`, and `behind` behind it: what many get stands in memory once for all of
    /// them, and whoever made it counts it.
    std::shared_ptr<const std::string> shared = nullptr;
    std::string behind = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// The body, in place of `body`; the connection closes after it (unless it is finite), or when
    /// the server stops.
    std::shared_ptr<BodySource> source = nullptr;

    /// Of `body` and what goes behind it.
    std::size_t body_size() const {
        return body.size() + (shared != nullptr ? shared->size() : 0) + behind.size();
    }
    void clear_body() {
        std::string().swap(body);
        shared.reset();
        std::string().swap(behind);
    }
};

/// Answers one request, once. Copyable; send() may be called from any thread, and when the client
/// has gone it does nothing. Dropping the last copy unsent answers 500. Thread-safety: any thread.
class Responder {
 public:
    class Sink {
     public:
        virtual ~Sink() = default;
        virtual void send(Response response) = 0;
    };
    explicit Responder(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}
    void send(Response response) const { sink_->send(std::move(response)); }

 private:
    std::shared_ptr<Sink> sink_;
};

/// Must not block: it parses, hands to the store or the engine, and answers from their completion.
/// Runs on the server's thread; when the body is longer than limits::inbound_bytes_free on one of
/// its workshops' threads (workshop.h), so a handler with a body shares nothing that is not for any
/// thread. The request lives until the handler returns; move what you need.
using Handler = std::function<void(Request& request, Responder responder)>;

/// A {name} stands for one segment that is not empty; a segment given in full wins over it. As last
/// segment, {name*} stands for all the rest, which may be empty.
struct Route {
    std::string method;              ///< "POST"
    std::string path;                ///< "/api/v1/realms/{realm}/events"
    std::string operation;           ///< the operationId in api/openapi.yaml
    std::size_t body_bytes_max = 0;  ///< 0: no body is read
    Handler handler = nullptr;
    /// What a body must be. application/json also lets other JSON types in
    /// (application/merge-patch+json).
    std::string body_type = "application/json";
};

/// An answered request, for metrics and the access log.
struct Answered {
    std::string_view id;         ///< the request's
    std::string_view operation;  ///< empty: no route was found
    std::string_view remote;
    int status = 0;
    Duration duration{};  ///< from the head read to the answer handed to the kernel
    std::size_t body_bytes = 0;
};

class TlsIdentity;  // tls.h

/// What stands between the server and those who ask: it may change while the server runs.
struct Edge {
    /// Value of Strict-Transport-Security under TLS; empty: no such header.
    std::string strict_transport = {};
    /// Origins ("https://app.example") whose pages may call and read, without cookies; see cors.h.
    std::vector<std::string> cors_origins = {};
    /// Whether X-Forwarded-For of this peer is believed; none: nobody's is.
    std::function<bool(std::string_view address)> is_trusted_proxy = nullptr;
};

struct ServerOptions {
    std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address, or localhost
    std::uint16_t port = 8080;          ///< 0: any free one, see Server::port()
    std::size_t connections_max = limits::api_connections_max;
    Duration request_read_timeout = limits::request_read_timeout;
    Duration connection_idle_timeout = limits::connection_idle_timeout;
    Duration response_write_timeout = limits::response_write_timeout;
    Duration deadline_check = limits::api_deadline_check;
    /// Of bodies that are read and worked on, and of answers that their clients have not taken.
    std::size_t inbound_bytes_max = limits::inbound_bytes_max;
    Duration room_wait_max = limits::room_wait_max;
    /// Adds who a request is counted to beside its address, the widest last; nullptr: nobody.
    /// Given what the gate found out. Called on any thread.
    void (*add_holders)(const void* admission, Shares::Holders& holders) = nullptr;
    std::string listen_option = "--listen";  ///< for the sentence that says what to change
    /// Certificate and key: HTTP is spoken under TLS only; none: plain HTTP.
    std::shared_ptr<const TlsIdentity> tls = nullptr;
    Duration tls_handshake_timeout = limits::tls_handshake_timeout;
    Edge edge = {};
    /// Called on the server's thread after each answer; must not block.
    std::function<void(const Answered&)> observer = nullptr;
};

/// The inbound HTTP/1.1 server: one thread, keep-alive and pipelining (one request of a connection
/// at a time, answers in order).
///
/// Limits: head, body per route, connections, time to read a request (limits.h). What it answers by
/// itself, all as problem documents: 400 malformed request, 404 no such route, 405 with Allow, 408,
/// 413 (before reading, when Content-Length says so), 415 a body that is not application/json on a
/// route with one, 417 an expectation that is not 100-continue, 431 head too large. HEAD works
/// wherever GET does.
///
/// What clients share, nobody takes all of (base/shares.h). Connections are counted by network
/// (client_address.h), those of a trusted proxy are not; when there is no room the oldest idle one
/// gives way, then half a request, and if all are at work the newcomer gets 503. Bytes of bodies
/// and answers are counted by network, or that of the client which a trusted proxy names, and by
/// `add_holders`: a body that has no room is not read until there is, and after room_wait_max gets
/// 429 (the client has its share) or 503; an answer to GET that has none is replaced by these.
/// `Expect: 100-continue` is honoured after the checks on the head passed. Every answer has
/// X-Request-Id, Date and X-Content-Type-Options; JSON has Cache-Control: no-store unless the
/// handler says otherwise, and a 401 without a challenge gets `WWW-Authenticate: Bearer`.
///
/// With TLS a handshake is a connection like any other for the limit, and has its own time; plain
/// HTTP on that port is answered with 400.
class Server {
 public:
    virtual ~Server() = default;
    /// Binds and starts the thread. Errors: unavailable, one sentence (address in use, not
    /// permitted) with what to do.
    virtual Result<void> start() = 0;
    /// Stops accepting, lets requests in progress end until `deadline`, closes.
    virtual void stop(Monotonic deadline) = 0;
    virtual std::uint16_t port() const = 0;
    /// New connections get this certificate; those that are there keep theirs. Thread-safety: any
    /// thread. Requires: the server began with TLS.
    virtual void set_tls(std::shared_ptr<const TlsIdentity> tls) = 0;
    /// Requests whose head is read from now on go by `edge`. Thread-safety: any thread.
    virtual void set_edge(Edge edge) = 0;
};

/// What a gate says of a request: its answer, or that it goes on.
struct Verdict {
    std::optional<Response> refused = {};
    std::shared_ptr<const void> admission = {};  ///< becomes Request::admission
};

/// Asked, when set, for every request whose route was found, before its body is read
/// (authentication). It says its verdict once, at once or later from any thread; dropping the last
/// copy unsaid answers 500. The request lives until the gate returns.
using Gate = std::function<void(const Request& request, const Route& route,
                                std::function<void(Verdict)> say)>;

/// Lifetime: `clock` outlives it.
std::unique_ptr<Server> make_server(const Clock& clock, ServerOptions options,
                                    std::vector<Route> routes, Gate before);

}  // namespace postrider::http
