#include "http/cors.h"

#include <algorithm>

namespace postrider::http {

std::string_view cors_origin(const Request& request, const std::vector<std::string>& origins) {
    const std::string* origin = origins.empty() ? nullptr : request.header("origin");
    if (origin == nullptr) return {};
    const auto found = std::ranges::find(origins, *origin);
    return found == origins.end() ? std::string_view() : std::string_view(*found);
}

std::optional<Response> cors_preflight(const Request& request, std::string_view origin,
                                       std::string_view methods) {
    if (origin.empty() || request.method != "OPTIONS" ||
        request.header("access-control-request-method") == nullptr) {
        return std::nullopt;
    }
    Response response;
    response.status = 204;
    response.content_type.clear();
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, If-Match, "
                                  "traceparent, tracestate");
    // For two hours: the longest that every browser honours.
    response.headers.emplace_back("Access-Control-Max-Age", "7200");
    return response;
}

void add_cors_headers(Response& response, std::string_view origin) {
    response.headers.emplace_back("Vary", "Origin");
    if (origin.empty()) return;
    response.headers.emplace_back("Access-Control-Allow-Origin", origin);
    response.headers.emplace_back(
        "Access-Control-Expose-Headers",
        "ETag, Idempotent-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id");
}

}  // namespace postrider::http
