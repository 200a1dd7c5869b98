#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "http/server.h"

/// Requests of pages that another origin served: named origins only, never all, and never with
/// cookies, since no answer has Access-Control-Allow-Credentials.
/// Source: Fetch Standard, "HTTP CORS protocol".
namespace postrider::http {

/// The one of `origins` whose page sent the request; empty: none of them. It lives as long as
/// `origins`.
std::string_view cors_origin(const Request& request, const std::vector<std::string>& origins);

/// The answer to a browser that asks, before it sends a request, whether it may; nullopt: it is
/// another request. Requires: `origin` is what cors_origin() found. `methods` are those of the
/// path.
std::optional<Response> cors_preflight(const Request& request, std::string_view origin,
                                       std::string_view methods);

/// Lets the page of `origin` (empty: nobody's) read the answer, and tells caches that answers
/// differ.
void add_cors_headers(Response& response, std::string_view origin);

}  // namespace postrider::http
