#pragma once

#include <string>
#include <utility>

#include "api/call.h"
#include "directory/directory.h"
#include "directory/ledger.h"

/// What the routes of the directory have in common.
namespace postrider::api {

inline directory::Caller caller_of(const Call& call) {
    const access::Principal& who = *call.principal;
    // A session ends before the account that it stands for does.
    const bool is_session = who.kind == access::Principal::Kind::session;
    return {.actor = call.actor(),
            .held = who.permissions,
            .name = who.name,
            .ends_at = is_session ? std::nullopt : who.expires_at};
}

/// A resource with its tag.
template <typename Row>
Answer resource_answer(int status, const Row& row, void (*write)(json::Writer&, const Row&)) {
    std::string out;
    json::Writer writer(out);
    write(writer, row);
    return json_answer(status, std::move(out)).with_version(row.version);
}

/// The same for a new one, with its place below the realm: "/users/".
template <typename Row>
Answer created_answer(const std::string& realm, const std::string& below, const Row& row,
                      void (*write)(json::Writer&, const Row&)) {
    return resource_answer(201, row, write)
        .with_header("Location", "/api/v1/realms/" + realm + below + row.id.to_string());
}

/// The resource that the path names, for a change, with If-Match; the caller reads the query.
template <typename IdType>
Result<directory::Address<IdType>> changed_address_of(const Call& call, std::string_view parameter,
                                                      std::string_view what) {
    POSTRIDER_ASSIGN(const auto id, call.path_id<IdType>(parameter, what));
    const auto version = call.if_match();
    return directory::Address<IdType>{call.realm, id, version};
}
/// The same for an operation without a query.
template <typename IdType>
Result<directory::Address<IdType>> address_of(const Call& call, std::string_view parameter,
                                              std::string_view what) {
    POSTRIDER_TRY(call.query().finish());
    return changed_address_of<IdType>(call, parameter, what);
}

}  // namespace postrider::api
