#pragma once

#include <string>
#include <vector>

#include "access/permission.h"
#include "base/json.h"
#include "directory/fields.h"
#include "store/rows.h"

namespace postrider::directory {

/// What a request asks of a role of a realm or of a client.
struct RoleChange {
    Field<std::string> name;
    Field<std::string> description;
    Field<access::PermissionSet> permissions;
    std::vector<FieldError> errors;
};
RoleChange parse_role_change(const json::Value& body, ChangeKind kind);
/// The body of PUT …/permissions: {"permissions": […]}. Errors: invalid_argument, every bad field.
Result<access::PermissionSet> parse_permissions(const json::Value& body);

/// Changes the row; the names of the fields that are others now.
std::vector<std::string> apply(const RoleChange& change, store::RoleRow& row);

/// The JSON of a role, in answers; a client's has its client_id.
void write_role(json::Writer& writer, const store::RoleRow& row);
std::string role_event_data(const store::RoleRow& row,
                            const std::vector<std::string>* changed = nullptr);
/// {"id", "name", "client_id"?}: the role in the events of a user.
void write_role_name(json::Writer& writer, const store::RoleRow& row);

}  // namespace postrider::directory
