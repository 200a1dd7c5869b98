#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "directory/fields.h"
#include "store/rows.h"

namespace postrider::directory {

/// What a request asks of a user; bad fields are kept for one answer.
struct UserChange {
    ChangeKind kind = ChangeKind::create;
    Field<std::string> username;
    Field<std::string> email;
    Field<bool> email_verified;
    Field<std::string> first_name;
    Field<std::string> last_name;
    Field<bool> enabled;
    Field<json::Value> attributes;  ///< of a PATCH they are merged
    std::vector<FieldError> errors;
};
UserChange parse_user_change(const json::Value& body, ChangeKind kind);

/// Changes the row; the names of the fields that are others now. A new e-mail is unverified unless
/// the change says that it is. Errors: invalid_argument.
Result<std::vector<std::string>> apply(const UserChange& change, store::UserRow& row);

/// The JSON of a user, in answers.
void write_user(json::Writer& writer, const store::UserRow& row);
/// The members of event data, which have no version.
void write_user_members(json::Writer& writer, const store::UserRow& row);
std::string user_event_data(const store::UserRow& row,
                            const std::vector<std::string>* changed = nullptr);

/// Never the hash.
void write_credential(json::Writer& writer, const store::CredentialRow& row);

}  // namespace postrider::directory
