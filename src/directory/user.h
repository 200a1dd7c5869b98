#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "directory/fields.h"
#include "store/rows.h"

namespace postrider::directory {

/// The type of the only kind of credential that there is.
inline constexpr std::string_view password_credential = "password";

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

/// What a user brings along who was one elsewhere; only an import says it.
struct UserOrigin {
    std::optional<UserId> id;                  ///< none: a new one
    std::optional<Timestamp> created_at;       ///< none: now
    std::optional<std::string> password_hash;  ///< as CredentialRow::hash has it; none: no password
};

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
/// For an export, to whoever may take the user over.
void write_credential_and_hash(json::Writer& writer, const store::CredentialRow& row);

}  // namespace postrider::directory
