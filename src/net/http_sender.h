#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/attempt.h"
#include "model/event.h"
#include "model/ids.h"
#include "model/limits.h"
#include "net/client_tls.h"
#include "net/egress_policy.h"
#include "net/tls_offer.h"
#include "net/url.h"

struct x509_store_st;

namespace postrider::net {

class EventLoop;
class Resolver;

/// What became of the connection that carried a request.
struct ConnectionUse {
    bool was_reused = false;  ///< it had carried another request before
    bool is_kept = false;     ///< both sides let it carry another one
};

/// One request to send.
struct SendRequest {
    RealmId realm;  ///< whose look-ups (bounded per realm), connections and TLS sessions these are
    std::shared_ptr<const Url> url;
    std::string headers;  ///< complete header lines but for Host, Content-Length and Connection,
                          ///< each ending in CRLF; names and values checked by the caller
    SharedBody body;
    Duration timeout{0};  ///< one deadline for everything, DNS to the last body byte
    std::shared_ptr<const EgressPolicy> policy;
    std::shared_ptr<const ClientTls> client_tls = nullptr;  ///< nullptr: the sender's authorities

    // A delivery leaves the rest as it is. `postrider probe` also tries what other clients do.
    std::string_view method = "POST";
    enum class Afterwards { keep, close } afterwards = Afterwards::keep;  ///< of the connection
    Duration body_pause{0};  ///< between the two halves of the body; 0: it is sent at once
    TlsOffer tls = TlsOffer::current;
    /// How much of the response's body the result keeps. At most
    /// limits::response_bytes_read_max.
    std::size_t kept_bytes_max = limits::response_bytes_kept_max;
    std::shared_ptr<ConnectionUse> use = nullptr;  ///< filled in before `done`, if it is there
};

/// A proxy that everything is sent through, by tunnels (CONNECT, RFC 9110 section 9.3.6), for http
/// too. Names are resolved here, the policy passes addresses, and the proxy gets a passed address:
/// it resolves nothing. Its own address needs no policy: it is the operator's.
struct EgressProxy {
    Url url;                         ///< http
    std::string authorization = {};  ///< "Basic …"; "" for none
};
/// Errors: invalid_argument, the end of a sentence (no http URL, a path); `credentials` is
/// "user:password", or "".
Result<EgressProxy> make_egress_proxy(std::string_view url, std::string_view credentials);

struct SenderOptions {
    std::string ca_file;     ///< PEM bundle to trust instead of the system's; empty: the system's
    std::string user_agent;  ///< sent as User-Agent, unless empty
    std::optional<EgressProxy> proxy = std::nullopt;
};

/// Sends HTTP/1.1 requests, which are POSTs, over keep-alive connections.
///
/// Every send() ends in exactly one call of `done`, on the loop's thread, by the deadline.
/// Addresses are resolved by the Resolver, passed by the request's policy, and connected as
/// sockaddrs, so what was checked is what is connected; through a proxy, as the target of a tunnel.
/// Connections and TLS sessions serve requests of one realm, origin, policy and ClientTls alone;
/// the policy is asked again about the peer before a connection is reused. Redirects are
/// never followed, bodies never decoded; at most limits::response_bytes_read_max are read. A 2xx
/// whose body was cut at that limit is `accepted`. A reused connection that the peer closed before
/// any response byte is tried once more on a fresh one. Of several addresses each that the policy
/// passes is tried in turn, with an even share of the time that is left. `done` is not called
/// before send() returns.
///
/// Thread-safety: the loop's thread only.
class HttpSender {
 public:
    using Done = std::function<void(AttemptResult)>;
    virtual ~HttpSender() = default;
    virtual void send(SendRequest request, Done done) = 0;
    /// Ends every attempt in flight with `shutting_down`, before it returns, and closes the pools;
    /// what is sent later ends the same way.
    virtual void stop() = 0;
};

/// Authorities that receivers' certificates must have. Thread-safety: any thread.
using Authorities = std::shared_ptr<x509_store_st>;
/// Reads SenderOptions::ca_file. Errors: unavailable, one sentence with the way out.
Result<Authorities> load_authorities(const std::string& ca_file);
/// Whether it can be read; for the start of a server. Errors: as load_authorities().
Result<void> check_ca_file(const std::string& path);

/// A `ca_file` that cannot be read makes every https attempt end with `tls_failed`.
/// Lifetime: loop and resolver outlive the sender; a sender is not destroyed within `done`.
std::unique_ptr<HttpSender> make_http_sender(EventLoop& loop, Resolver& resolver,
                                             SenderOptions options);

/// Handshakes from now on go by these; none: the system's, read anew. A connection that was opened
/// by the former ones ends with its request. Requires: made by make_http_sender().
/// Thread-safety: the loop's thread.
void set_authorities(HttpSender& sender, const Authorities& authorities);

}  // namespace postrider::net
