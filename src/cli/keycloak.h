#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/import_report.h"
#include "cli/keycloak_members.h"
#include "cli/keycloak_roles.h"
#include "cli/realm_files.h"

/// Realms as Keycloak exports them (RealmRepresentation of its Admin REST API; `kc.sh export`, also
/// the files of its --dir), and as `postrider export` writes them: the same, and what Keycloak has
/// no place for in the member `postrider` (see realm_extras.h) and in attributes that begin with
/// `postrider.`. All of it is read into the import format (directory/import.h).
namespace postrider::cli::keycloak {

inline constexpr std::string_view permissions_attribute = "postrider.permissions";
inline constexpr std::string_view disabled_uris_attribute = "postrider.disabled_redirect_uris";
inline constexpr std::string_view service_account_prefix = "service-account-";
/// The member of a realm that has what Keycloak does not know.
inline constexpr std::string_view extras_member = "postrider";

/// One entry of the import format, and what the report has to know of it.
struct Entry {
    std::string name;                     ///< for the report
    json::Object body;                    ///< as POST …/import takes it
    std::size_t values = 1;               ///< that were counted as taken over
    std::optional<std::string> password;  ///< plain: hashed before it is sent

    /// The whole name by which others know it: a username, a client_id.
    std::string key() const;
};

/// What a realm has but its users, and the role graph that its users need.
struct Realm {
    std::string name;  ///< of the file
    std::string display_name;
    std::vector<Entry> clients;
    std::vector<Entry> roles;
    json::Object settings;              ///< what of Keycloak's settings has a counterpart
    std::optional<json::Value> extras;  ///< the member `postrider`
    RoleGraph graph;
};

/// Reads everything but `users` of the files of one realm into `realm`, and reports it.
/// `known` are roles that the target has already.
Realm read_realm(const std::vector<RealmFile>& files, const std::vector<RoleRef>& known,
                 ImportReport& report);

/// Reads one element of `clients` into `realm`.
void read_client(json::Value value, std::size_t index, Realm& realm, ImportReport& report);

/// What a user of the file is here.
struct ReadUser {
    enum class Kind { user, service_account, nothing } kind = Kind::nothing;
    Entry entry;
};
/// Reads one element of `users`; `index` names it when it has no name.
ReadUser read_user(std::string_view text, std::size_t index, const Realm& realm,
                   ImportReport& report);

/// Takes from a credential of Keycloak's what makes a `password_hash` of the import format;
/// nullopt: it is no password, or has none of the forms that Keycloak ever wrote.
std::optional<json::Value> password_hash_of(Members& credential);

/// Collects entries of one kind into parts: each within the limits of POST …/import.
class Parts {
 public:
    using Send = std::function<bool(std::vector<Entry>)>;
    /// `send` returns false when the import cannot go on.
    explicit Parts(Send send) : send_(std::move(send)) {}
    bool add(Entry entry);
    /// Sends what is left.
    bool finish();

 private:
    Send send_;
    std::vector<Entry> waiting_;
    std::size_t names_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace postrider::cli::keycloak
