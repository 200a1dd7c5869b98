#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "directory/fields.h"
#include "model/ids.h"
#include "store/rows.h"

namespace postrider::directory {

inline constexpr std::string_view public_client = "public";
inline constexpr std::string_view confidential_client = "confidential";

/// A client with the roles of its service account: what it may do itself.
struct Client {
    store::ClientRow row;
    std::vector<RoleId> service_account_roles;
};

/// What a request asks of a client; bad fields are kept for one answer.
struct ClientChange {
    Field<std::string> client_id;
    Field<std::string> name;
    Field<std::string> description;
    Field<std::string> type;
    Field<bool> enabled;
    Field<std::vector<RoleId>> service_account_roles;
    std::vector<FieldError> errors;
};
ClientChange parse_client_change(const json::Value& body, ChangeKind kind);
/// Changes the client, but for its secret; the names of the fields that are others now.
/// Errors: invalid_argument (a service account needs a secret).
Result<std::vector<std::string>> apply(const ClientChange& change, Client& client);

/// The JSON of a client, in answers; with the secret when one was made, this once.
void write_client(json::Writer& writer, const Client& client, const std::string* secret = nullptr);
void write_client_members(json::Writer& writer, const Client& client);
std::string client_event_data(const Client& client,
                              const std::vector<std::string>* changed = nullptr);

struct RedirectUriChange {
    Field<std::string> value;
    Field<bool> enabled;
    std::vector<FieldError> errors;
};
RedirectUriChange parse_redirect_uri_change(const json::Value& body, ChangeKind kind);
std::vector<std::string> apply(const RedirectUriChange& change, store::RedirectUriRow& row);
/// Why it cannot be one; "" when it can: exact, absolute, https or loopback, no fragment.
/// Source: OAuth 2.1, sections 2.3 and 7.5.1; it is compared as a string.
std::string redirect_uri_problem(std::string_view value);

void write_redirect_uri(json::Writer& writer, const store::RedirectUriRow& row);
std::string redirect_uri_event_data(const store::RedirectUriRow& row,
                                    const std::vector<std::string>* changed = nullptr);

}  // namespace postrider::directory
