#include "directory/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <type_traits>
#include <utility>

#include "base/json_pointer.h"
#include "base/names.h"
#include "directory/authority.h"
#include "directory/import_names.h"
#include "store/import_tables.h"
#include "store/removals.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::Transaction;

/// "#/email" of an entry's own change is "#/users/3/email" of the part.
std::unexpected<Error> below(const std::string& entry, Error error) {
    for (FieldError& field : error.fields) {
        if (field.pointer.starts_with('#')) field.pointer = entry + field.pointer.substr(1);
    }
    if (error.fields.empty() &&
        (error.code == ErrorCode::conflict || error.code == ErrorCode::permission_denied)) {
        error.fields.push_back({entry, {}, {}, error.message});
    }
    return std::unexpected(std::move(error));
}

/// Whether an error is about what was asked, and not about the store or the server.
bool is_refusal(const Error& error) {
    switch (error.code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::permission_denied:
        case ErrorCode::not_found:
        case ErrorCode::conflict:
        case ErrorCode::failed_precondition:
            return true;
        case ErrorCode::unauthenticated:
        case ErrorCode::resource_exhausted:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::unavailable:
        case ErrorCode::corrupt:
        case ErrorCode::internal:
            return false;
    }
    return false;
}

Error conflict(std::string detail) { return {ErrorCode::conflict, std::move(detail), {}, nullptr}; }

std::string detail_of(const Error& error) {
    return error.fields.empty() ? error.message : error.fields.front().detail;
}

}  // namespace

/// One part on its way into the store. Everything that may be refused is asked before the write of
/// an entry, so that an entry that is left out leaves nothing.
class Importer::Run {
 public:
    Run(Changes& changes, Transaction& tx, const Caller& caller, const RealmId& realm,
        const ImportPart& part)
        : changes_(changes),
          tx_(tx),
          caller_(caller),
          realm_(realm),
          part_(part),
          named_(tx.sql(), realm) {}

    Result<ImportCount> all() {
        POSTRIDER_TRY(require_realm(tx_.sql(), realm_));
        count_.left_out = part_.left_out;
        POSTRIDER_TRY(each("clients", part_.clients));
        POSTRIDER_TRY(each("roles", part_.roles));
        POSTRIDER_TRY(each("service_accounts", part_.service_accounts));
        POSTRIDER_TRY(each("users", part_.users));
        POSTRIDER_TRY(take_in_arrivals());
        return std::move(count_);
    }

 private:
    enum class Came { created, existing, left_out };

    template <typename Entry>
    Result<void> each(std::string_view name, const std::vector<Entry>& entries) {
        for (const Entry& entry : entries) {
            at_ = fmt::format("#/{}/{}", name, entry.index);
            auto came = add(entry);
            if (!came && part_.partial && is_refusal(came.error())) {
                leave_out({}, came.error());
                continue;
            }
            if (!came) return below(at_, std::move(came).error());
            if (*came == Came::created) ++count_.created;
            if (*came == Came::existing) ++count_.existing;
        }
        return {};
    }

    void leave_out(std::string_view place, const Error& error) {
        count_.left_out.push_back({at_ + std::string(place), detail_of(error)});
    }
    /// Of a partial part a refusal costs what stands at `pointer` alone ("#/roles/1").
    /// Errors: the error itself where it is none, or the part is not partial.
    Result<void> refuse(const std::string& pointer, Error error) {
        if (part_.partial && is_refusal(error)) {
            leave_out(std::string_view(pointer).substr(1), error);
            return {};
        }
        error.fields.assign(1, FieldError{pointer, {}, {}, detail_of(error)});
        return std::unexpected(std::move(error));
    }

    Result<Came> add(const ImportedClient& client) {
        POSTRIDER_ASSIGN(const auto there,
                         store::clients_table::find_by_client_id(
                             tx_.sql(), realm_, client.change.client_id.value.value_or("")));
        if (there) return came_before(client, *there);
        POSTRIDER_ASSIGN(const auto id, free_id(store::clients_table::find, client.id));
        if (part_.dry_run) return Came::created;
        POSTRIDER_ASSIGN(
            const auto saved,
            changes_.clients.create(tx_, caller_, realm_, client.change, client.secret, id));
        for (const auto& uri : client.redirect_uris) {
            auto made = changes_.clients.create_redirect_uri(tx_, caller_, realm_,
                                                             saved.client.row.id, uri.change);
            if (made) continue;
            POSTRIDER_TRY(
                refuse(fmt::format("#/redirect_uris/{}", uri.index), std::move(made).error()));
        }
        return Came::created;
    }

    Result<Came> add(const ImportedRole& role) {
        std::optional<ClientId> client;
        if (role.client_id) {
            auto found = named_.client("#/client_id", *role.client_id);
            if (!found && part_.dry_run) return Came::created;
            POSTRIDER_ASSIGN(client, std::move(found));
        }
        POSTRIDER_ASSIGN(const auto there,
                         store::roles_table::find_by_name(tx_.sql(), realm_, client,
                                                          role.change.name.value.value_or("")));
        if (there) return came_before(role, *there);
        RoleChange change = role.change;
        const auto granted =
            check_grant(caller_, change.permissions.value.value_or(access::PermissionSet{}));
        if (!granted) {
            POSTRIDER_TRY(refuse("#/permissions", granted.error()));
            change.permissions.reset();
        }
        POSTRIDER_ASSIGN(const auto id, free_id(store::roles_table::find, role.id));
        if (part_.dry_run) return Came::created;
        POSTRIDER_TRY(changes_.roles.create(tx_, caller_, realm_, client, change, id));
        return Came::created;
    }

    Result<Came> add(const ImportedServiceAccount& account) {
        const auto found = named_.client("#/client_id", account.client_id);
        if (!found && part_.dry_run) return Came::created;
        POSTRIDER_ASSIGN(const auto client, found);
        POSTRIDER_ASSIGN(const auto now, load_client(tx_.sql(), realm_, client));
        const bool is_there = !now.service_account_roles.empty();
        if (part_.dry_run) return is_there ? Came::existing : Came::created;
        POSTRIDER_ASSIGN(const auto roles, find_roles(account.roles));
        if (is_there) return Came::existing;
        ClientChange change;
        std::vector<RoleId> ids;
        ids.reserve(roles.size());
        for (const store::RoleRow& role : roles) ids.push_back(role.id);
        change.service_account_roles.set(std::move(ids));
        POSTRIDER_TRY(
            changes_.clients.update(tx_, caller_, {.realm = realm_, .id = client}, change, {}));
        return Came::created;
    }

    Result<Came> add(const ImportedUser& user) {
        const std::string& username = user.change.username.value.value_or("");
        UserChange change = user.change;
        UserOrigin origin = user.origin;
        if (!note_names(username, change.email.value, origin.id)) {
            POSTRIDER_TRY(take_in_arrivals());
        }
        bool is_free = false;
        // After one who came before, the next has as well: a part is one transaction.
        if (!is_again_) {
            POSTRIDER_ASSIGN(is_free, store::import_tables::is_free(tx_.sql(), realm_, origin.id,
                                                                    username, change.email.value));
        }
        if (!is_free) {
            POSTRIDER_ASSIGN(const auto there,
                             store::users_table::find_by_username(tx_.sql(), realm_, username));
            is_again_ = there.has_value();
            if (there) return came_before(user, *there);
            POSTRIDER_TRY(check_id(origin));
            POSTRIDER_TRY(check_email(change));
        }
        POSTRIDER_TRY(check_time(origin));
        POSTRIDER_TRY(check_attributes(change));
        if (part_.dry_run) return Came::created;
        POSTRIDER_ASSIGN(auto roles, find_roles(user.roles));
        POSTRIDER_ASSIGN(auto arrival,
                         Users::arriving(tx_, realm_, change, origin, std::move(roles)));
        arrivals_.push_back(std::move(arrival));
        return Came::created;
    }

    /// Returns whether none of them is of a user who waits among `arrivals_`.
    bool note_names(const std::string& username, const std::optional<std::string>& email,
                    const std::optional<UserId>& id) {
        bool is_new = names_.insert("n" + fold_name(username)).second;
        if (email) is_new = names_.insert("e" + fold_name(*email)).second && is_new;
        if (id) is_new = names_.insert("i" + id->to_string()).second && is_new;
        return is_new;
    }

    Result<void> take_in_arrivals() {
        auto arrivals = std::exchange(arrivals_, {});
        if (arrivals.empty()) return {};
        return changes_.users.take_in(tx_, caller_, realm_, arrivals);
    }

    /// A user of that name is there: the same one, who came before, or somebody else. What was
    /// refused when they came is named again: a run that was stopped has told nobody.
    Result<Came> came_before(const ImportedUser& user, const store::UserRow& there) {
        if (!part_.partial) return Came::existing;
        UserOrigin origin = user.origin;
        if (origin.id && there.id != *origin.id) {
            // When somebody else has the id, this one was given another when they came.
            POSTRIDER_ASSIGN(const auto holder,
                             store::users_table::find(tx_.sql(), realm_, *origin.id));
            if (!holder) {
                leave_out({}, conflict(fmt::format("a user \"{}\" with another id is there "
                                                   "already, and stays as they are",
                                                   there.username)));
                return Came::left_out;
            }
            POSTRIDER_TRY(check_id(origin));
        }
        UserChange change = user.change;
        const auto& email = change.email.value;
        if (email && (!there.email || fold_name(*there.email) != fold_name(*email))) {
            POSTRIDER_TRY(check_email(change));
            if (change.email.value) {
                leave_out("/email", conflict("is not that of the user who is there already"));
            }
        }
        POSTRIDER_TRY(check_time(origin));
        POSTRIDER_TRY(check_attributes(change));
        if (!part_.dry_run) POSTRIDER_TRY(find_roles(user.roles));
        return Came::existing;
    }

    Result<Came> came_before(const ImportedClient& client, const store::ClientRow& there) {
        if (!part_.partial) return Came::existing;
        if (client.id && *client.id != there.id) {
            leave_out("/id", conflict("is not that of the client that is there already"));
        }
        for (const auto& uri : client.redirect_uris) {
            POSTRIDER_ASSIGN(const auto found,
                             store::redirect_uris_table::find_by_value(
                                 tx_.sql(), realm_, there.id, uri.change.value.value.value_or("")));
            if (!found) {
                leave_out(fmt::format("/redirect_uris/{}", uri.index),
                          conflict("is not one of the client that is there already"));
            }
        }
        return Came::existing;
    }

    Result<Came> came_before(const ImportedRole& role, const store::RoleRow& there) {
        const auto wanted = role.change.permissions.value.value_or(access::PermissionSet{});
        if (!part_.partial) return Came::existing;
        if (role.id && *role.id != there.id) {
            leave_out("/id", conflict("is not that of the role that is there already"));
        }
        if (!access::from_json(there.permissions).has_all(wanted)) {
            leave_out("/permissions", conflict("are not those of the role that is there already"));
        }
        return Came::existing;
    }

    /// The id of a client or role, unless another of the realm has it.
    template <typename IdType, typename Find>
    Result<std::optional<IdType>> free_id(Find find, const std::optional<IdType>& id) {
        if (!id) return id;
        POSTRIDER_ASSIGN(const auto other, find(tx_.sql(), realm_, *id));
        bool is_taken = other.has_value();
        if constexpr (std::is_same_v<IdType, RoleId>) {
            // Who had the role that had it would have the new one.
            POSTRIDER_ASSIGN(const bool is_left_over,
                             store::removals::is_left_over(tx_.sql(), realm_, *id));
            is_taken = is_taken || is_left_over;
        }
        if (!is_taken) return id;
        POSTRIDER_TRY(refuse("#/id", conflict("is another's already; a new id is made")));
        return std::optional<IdType>{};
    }

    /// Takes away the id that another user has.
    Result<void> check_id(UserOrigin& origin) {
        if (!origin.id) return {};
        POSTRIDER_ASSIGN(const auto other, store::users_table::find(tx_.sql(), realm_, *origin.id));
        if (!other) return {};
        POSTRIDER_TRY(
            refuse("#/id", conflict(fmt::format("is the id of the user \"{}\"; a new id is made",
                                                other->username))));
        origin.id.reset();
        return {};
    }

    Result<void> check_time(UserOrigin& origin) {
        if (!origin.created_at || *origin.created_at <= tx_.now()) return {};
        POSTRIDER_TRY(refuse(
            "#/created_at",
            Error{
                ErrorCode::invalid_argument, "is in the future; it is now instead", {}, nullptr}));
        origin.created_at.reset();
        return {};
    }

    Result<void> check_email(UserChange& change) {
        if (!change.email.value) return {};
        POSTRIDER_ASSIGN(const auto other,
                         store::users_table::find_by_email(tx_.sql(), realm_, *change.email.value));
        if (!other) return {};
        POSTRIDER_TRY(refuse(
            "#/email", conflict(fmt::format("is taken; the user \"{}\" has it", other->username))));
        change.email.reset();
        return {};
    }

    Result<void> check_attributes(UserChange& change) {
        store::UserRow row;
        row.attributes = "{}";
        auto applied = apply(change, row);
        if (applied) return {};
        POSTRIDER_TRY(refuse("#/attributes", std::move(applied).error()));
        change.attributes.reset();
        return {};
    }

    /// Newest first, each once: as a client keeps them. The caller may grant all of them.
    Result<std::vector<store::RoleRow>> find_roles(const RoleNames& names) {
        std::vector<store::RoleRow> roles;
        POSTRIDER_TRY(find_roles({}, names.realm, "#/roles", roles));
        for (const auto& [client_id, of_client] : names.client) {
            const std::string pointer = json::pointer_to("#/client_roles", client_id);
            auto client = named_.client(pointer, client_id);
            if (!client) {
                POSTRIDER_TRY(refuse(pointer, std::move(client).error()));
                continue;
            }
            POSTRIDER_TRY(find_roles(*client, of_client, pointer, roles));
        }
        std::ranges::sort(roles, std::ranges::greater{}, &store::RoleRow::id);
        const auto twice = std::ranges::unique(roles, {}, &store::RoleRow::id);
        roles.erase(twice.begin(), twice.end());
        return roles;
    }

    Result<void> find_roles(std::optional<ClientId> client, const std::vector<std::string>& names,
                            std::string_view pointer, std::vector<store::RoleRow>& roles) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (part_.partial && names[i].empty()) continue;  // the reader has named it
            const std::string at = fmt::format("{}/{}", pointer, i);
            POSTRIDER_ASSIGN(const store::RoleRow* role, named_.role(client, names[i]));
            if (role == nullptr) {
                POSTRIDER_TRY(refuse(
                    at, fail_field(at, fmt::format("there is no role \"{}\"", names[i])).error()));
                continue;
            }
            auto granted = check_grant(caller_, access::from_json(role->permissions));
            if (!granted) {
                POSTRIDER_TRY(refuse(at, std::move(granted).error()));
                continue;
            }
            roles.push_back(*role);
        }
        return {};
    }

    Changes& changes_;
    Transaction& tx_;
    const Caller& caller_;
    const RealmId realm_;
    const ImportPart& part_;
    std::string at_;  ///< the entry's pointer
    ImportNames named_;
    std::vector<Users::Arrival> arrivals_;  ///< counted, and still to be written
    std::set<std::string> names_;           ///< of users of this part
    bool is_again_ = false;                 ///< the last user was there already
    ImportCount count_;
};

Result<ImportCount> Importer::run(Transaction& tx, const Caller& caller, const RealmId& realm,
                                  const ImportPart& part) {
    return Run(part.events ? told_ : quiet_, tx, caller, realm, part).all();
}

}  // namespace postrider::directory
