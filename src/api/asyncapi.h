#pragma once

#include <string>
#include <string_view>

#include "store/list.h"
#include "store/rows.h"

namespace postrider::api {

/// What an AsyncAPI document says of its server and realm.
struct AsyncApiInfo {
    std::string_view version;  ///< of the server
    std::string_view origin;   ///< "https://hooks.example.com"
    std::string_view realm;    ///< its name
};

/// An AsyncAPI 3.0 document (JSON) of everything that a webhook of a realm may be sent: the
/// built-in types and `own`. A schema of an own type that refers to other schemas is left out: it
/// would have to be resolved against a document of its own, so a sentence says where it is read.
std::string asyncapi_document(const AsyncApiInfo& info,
                              const store::List<store::EventTypeRow>& own);

}  // namespace postrider::api
