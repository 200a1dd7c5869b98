#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

/// Realms as Keycloak exports them (RealmRepresentation of its Admin REST API; `kc.sh export`, also
/// the files of its --dir), and as `postrider export` writes them: the same, with the permissions
/// of a role under its attribute `postrider.permissions`.
namespace postrider::cli::keycloak {

inline constexpr std::string_view permissions_attribute = "postrider.permissions";
inline constexpr std::string_view service_account_prefix = "service-account-";

/// What could not be taken over, why, and of which things.
using Note = std::pair<std::string, std::vector<std::string>>;

/// A realm in the words of POST …/import, in the order in which it is sent.
struct Realm {
    std::string name;
    std::string display_name;
    json::Array clients;
    json::Array roles;
    json::Array service_accounts;
    json::Array users;
    std::vector<Note> notes;

    void note(std::string_view why, std::string what);
    /// Adds what a file has. Errors: invalid_argument, one sentence (no realm, or another one).
    Result<void> read(const json::Value& file);
};

/// The parts of one kind of entry: each within the limits of POST …/import.
std::vector<json::Array> parts_of(json::Array entries);

}  // namespace postrider::cli::keycloak
