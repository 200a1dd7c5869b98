#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace postrider::directory {

/// Reads the `password_hash` of an imported user into the text that is kept of a credential
/// (CredentialRow::hash) and that the login verifies. It is one of
///
///     a line of text as base/crypto_imported_hash.h has it, "$argon2id$v=19$m=7168,t=5,p=1$…$…"
///     {"algorithm": "argon2id" | "argon2i" | "pbkdf2-sha1" | "pbkdf2-sha256" | "pbkdf2-sha512" |
///                   "bcrypt",
///      "parameters": {"iterations": n, "memory_kib": n, "parallelism": n, "version": 19},
///      "salt": "<base64>", "hash": "<base64>"}                 as Keycloak keeps it
///
/// Parameters are those that the algorithm has; other members of "parameters" are not known.
/// Errors: invalid_argument, whose message says why it cannot be used (an algorithm that is not
/// known, or a cost beyond limits::foreign_*), for the report of an import: the user then has no
/// password, and a reset gives them one.
Result<std::string> read_password_hash(const json::Value& value);

}  // namespace postrider::directory
