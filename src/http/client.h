#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace postrider::http {

struct ClientOptions {
    std::string
        base_url;  ///< "http://127.0.0.1:8080", with a path before the API's if a proxy adds one
    std::string token;  ///< sent as `Authorization: Bearer …`; empty: no such header
    std::string
        ca_file;  ///< PEM of the authorities to trust instead of the system's; empty: the system's
    Duration timeout = 30s;  ///< of one request, from the look-up of the name to the last body byte
};

struct ClientRequest {
    std::string method;  ///< "GET"
    std::string path;  ///< "/api/v1/realms/master/events?limit=10", percent-encoded, after base_url
    std::string
        body;  ///< empty: none; else sent as application/json unless a header says otherwise
    std::vector<std::pair<std::string, std::string>> headers;
};

struct ClientResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;

    /// The first header of that (lower-case) name; nullptr when there is none.
    const std::string* header(std::string_view name) const;
};

/// A blocking HTTP/1.1 client for our own API: the command line, tests, the load test. One
/// connection for each request; TLS is verified, 1.2 or newer; redirects are not followed; no
/// proxies. Never for deliveries, which have the egress policy (net/http_sender.h). Thread-safety:
/// any thread.
class Client {
 public:
    explicit Client(ClientOptions options);

    /// Any answer is a response, a 500 too.
    /// Errors, one sentence each that names the server: invalid_argument (base_url is no http or
    /// https URL), unavailable (name unknown, refused, TLS: nothing was sent), deadline_exceeded
    /// and corrupt (no whole answer: what was asked may have been done).
    Result<ClientResponse> send(const ClientRequest& request) const;

 private:
    ClientOptions options_;
};

}  // namespace postrider::http
