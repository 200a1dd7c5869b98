#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace postrider::http {

enum class AfterAnswer { keep_open, close };

struct HeadOptions {
    std::string_view request_id;
    std::string_view date;  ///< "Mon, 23 Nov 2026 18:12:03 GMT"
    AfterAnswer after = AfterAnswer::keep_open;
    bool http_1_0 = false;  ///< such a client must be told that the connection stays open
    std::string_view strict_transport = {};  ///< Strict-Transport-Security (RFC 6797); empty: none
};

/// Appends the status line and all headers, with those that every answer has (server.h). Bytes that
/// would end a header line are left out of the handler's own.
void append_head(std::string& out, const Response& response, const HeadOptions& options);

/// Whether answers of this status have a body at all (not 1xx, 204, 304).
bool status_has_body(int status);

/// IMF-fixdate (RFC 9110, section 5.6.7).
std::string format_http_date(Timestamp time);

}  // namespace postrider::http
