#include "directory/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "model/limits.h"
#include "store/tables.h"

namespace postrider::directory {

namespace {

using store::Transaction;

/// "#/email" of an entry's own change is "#/users/3/email" of the part.
std::string below(std::string_view entry, std::string_view pointer) {
    if (pointer.starts_with('#')) pointer.remove_prefix(1);
    return std::string(entry) + std::string(pointer);
}

std::unexpected<Error> below(const std::string& entry, Error error) {
    for (FieldError& field : error.fields) {
        if (!field.pointer.empty()) field.pointer = below(entry, field.pointer);
    }
    if (error.fields.empty() &&
        (error.code == ErrorCode::conflict || error.code == ErrorCode::permission_denied)) {
        error.fields.push_back({entry, {}, {}, error.message});
    }
    return std::unexpected(std::move(error));
}

std::unexpected<Error> no_role(std::string pointer, std::string_view name) {
    return fail_field(std::move(pointer), fmt::format("there is no role \"{}\"", name));
}

/// Reads the entries of a part. What an entry has beside the members of its resource is taken from
/// it first: the resource's own parser refuses all that is left over.
class PartReader {
 public:
    explicit PartReader(Random& random) : random_(random) {}

    Result<ImportPart> read(const json::Value& body) {
        const json::Object* members = body.as_object();
        if (members == nullptr) return fail_field("#", "must be an object");
        for (const auto& [name, value] : *members) read_member(name, value);
        count("#", entries_, limits::import_entries_max, "entries");
        count("#", names_, limits::import_names_max, "role names and redirect URIs");
        POSTRIDER_TRY(check_errors(std::move(errors_)));
        return std::move(part_);
    }

 private:
    void read_member(const std::string& name, const json::Value& value) {
        if (name == "events") {
            if (value.as_bool() == nullptr) return refuse("#/events", "must be true or false");
            part_.events = *value.as_bool();
        } else if (name == "roles") {
            each("#/roles", value, [&](auto& entry, auto& at) { read_role(entry, at); });
        } else if (name == "clients") {
            each("#/clients", value, [&](auto& entry, auto& at) { read_client(entry, at); });
        } else if (name == "service_accounts") {
            each("#/service_accounts", value,
                 [&](auto& entry, auto& at) { read_service_account(entry, at); });
        } else if (name == "users") {
            each("#/users", value, [&](auto& entry, auto& at) { read_user(entry, at); });
        } else {
            refuse("#/" + name, "is not known here");
        }
    }

    template <typename Read>
    void each(const std::string& pointer, const json::Value& value, const Read& read) {
        const json::Array* list = value.as_array();
        if (list == nullptr) return refuse(pointer, "must be a list of objects");
        entries_ += list->size();
        if (entries_ > limits::import_entries_max) return;
        for (std::size_t i = 0; i < list->size(); ++i) {
            const std::string at = fmt::format("{}/{}", pointer, i);
            const json::Object* entry = (*list)[i].as_object();
            if (entry == nullptr) {
                refuse(at, "must be an object");
                continue;
            }
            json::Object copy = *entry;
            read(copy, at);
        }
    }

    void read_role(json::Object& entry, const std::string& at) {
        ImportedRole role;
        role.client_id = take_text(entry, "client_id", at);
        role.change = parse_role_change(json::Value(std::move(entry)), ChangeKind::create);
        keep(role.change.errors, at);
        part_.roles.push_back(std::move(role));
    }

    void read_client(json::Object& entry, const std::string& at) {
        ImportedClient client;
        client.secret = make_client_secret(random_);
        const auto uris = take_texts(entry, "redirect_uris", at);
        for (std::size_t i = 0; i < uris.size(); ++i) {
            auto change = parse_redirect_uri_change(
                json::Value(json::Object{{"value", json::Value(uris[i])}}), ChangeKind::create);
            for (FieldError& error : change.errors) error.pointer.clear();
            keep(change.errors, fmt::format("{}/redirect_uris/{}", at, i));
            client.redirect_uris.push_back(std::move(change));
        }
        if (take(entry, "service_account_roles")) {
            refuse(at + "/service_account_roles", "belongs into service_accounts");
        }
        client.change = parse_client_change(json::Value(std::move(entry)), ChangeKind::create);
        keep(client.change.errors, at);
        part_.clients.push_back(std::move(client));
    }

    void read_service_account(json::Object& entry, const std::string& at) {
        ImportedServiceAccount account;
        auto client_id = take_text(entry, "client_id", at);
        if (!client_id) refuse(at + "/client_id", "is required");
        account.client_id = std::move(client_id).value_or("");
        account.roles = take_role_names(entry, at);
        for (const auto& [name, value] : entry) refuse(at + "/" + name, "is not known here");
        part_.service_accounts.push_back(std::move(account));
    }

    void read_user(json::Object& entry, const std::string& at) {
        ImportedUser user;
        user.roles = take_role_names(entry, at);
        user.change = parse_user_change(json::Value(std::move(entry)), ChangeKind::create);
        keep(user.change.errors, at);
        part_.users.push_back(std::move(user));
    }

    /// "roles": names of the realm's; "client_roles": {client_id: names}.
    RoleNames take_role_names(json::Object& entry, const std::string& at) {
        RoleNames names;
        names.realm = take_texts(entry, "roles", at);
        auto of_clients = take(entry, "client_roles");
        if (!of_clients) return names;
        json::Object* clients = of_clients->as_object();
        if (clients == nullptr) {
            refuse(at + "/client_roles", "must be an object: lists of names by client_id");
            return names;
        }
        while (!clients->empty()) {
            const std::string client_id = clients->front().first;
            names.client.emplace_back(client_id,
                                      take_texts(*clients, client_id, at + "/client_roles"));
        }
        return names;
    }

    static std::optional<json::Value> take(json::Object& entry, std::string_view name) {
        for (auto member = entry.begin(); member != entry.end(); ++member) {
            if (member->first != name) continue;
            json::Value value = std::move(member->second);
            entry.erase(member);
            return value;
        }
        return std::nullopt;
    }

    std::optional<std::string> take_text(json::Object& entry, std::string_view name,
                                         const std::string& at) {
        const auto value = take(entry, name);
        if (!value || value->is_null()) return std::nullopt;
        if (value->as_string() != nullptr) return *value->as_string();
        refuse(fmt::format("{}/{}", at, name), "must be a string");
        return std::nullopt;
    }

    std::vector<std::string> take_texts(json::Object& entry, std::string_view name,
                                        const std::string& at) {
        std::vector<std::string> texts;
        const auto value = take(entry, name);
        if (!value || value->is_null()) return texts;
        const std::string pointer = fmt::format("{}/{}", at, name);
        const json::Array* list = value->as_array();
        if (list == nullptr) {
            refuse(pointer, "must be a list of strings");
            return texts;
        }
        names_ += list->size();
        for (std::size_t i = 0; i < list->size(); ++i) {
            const std::string* text = (*list)[i].as_string();
            if (text == nullptr) refuse(fmt::format("{}/{}", pointer, i), "must be a string");
            texts.push_back(text == nullptr ? std::string() : *text);
        }
        return texts;
    }

    void count(std::string pointer, std::size_t has, std::size_t most, std::string_view of) {
        if (has <= most) return;
        refuse(std::move(pointer),
               fmt::format("has {} {}; at most {} are allowed in one part: send several", has, of,
                           most));
    }

    void keep(std::vector<FieldError>& errors, const std::string& at) {
        for (FieldError& error : errors) refuse(below(at, error.pointer), std::move(error.detail));
        errors.clear();
    }

    void refuse(std::string pointer, std::string detail) {
        if (errors_.size() >= limits::field_errors_max) return;
        errors_.push_back({std::move(pointer), {}, {}, std::move(detail)});
    }

    Random& random_;
    ImportPart part_;
    std::vector<FieldError> errors_;
    std::size_t entries_ = 0;
    std::size_t names_ = 0;
};

}  // namespace

Result<ImportPart> parse_import_part(const json::Value& body, Random& random) {
    return PartReader(random).read(body);
}

/// One part on its way into the store.
class Importer::Run {
 public:
    Run(Changes& changes, Transaction& tx, const Caller& caller, const RealmId& realm)
        : changes_(changes), tx_(tx), caller_(caller), realm_(realm) {}

    Result<ImportCount> all(const ImportPart& part) {
        POSTRIDER_TRY(require_realm(tx_.sql(), realm_));
        POSTRIDER_TRY(each("clients", part.clients));
        POSTRIDER_TRY(each("roles", part.roles));
        POSTRIDER_TRY(each("service_accounts", part.service_accounts));
        POSTRIDER_TRY(each("users", part.users));
        return count_;
    }

 private:
    template <typename Entry>
    Result<void> each(std::string_view name, const std::vector<Entry>& entries) {
        for (std::size_t i = 0; i < entries.size(); ++i) {
            auto is_new = add(entries[i]);
            if (!is_new) return below(fmt::format("#/{}/{}", name, i), std::move(is_new).error());
            ++(*is_new ? count_.created : count_.existing);
        }
        return {};
    }

    // Each returns whether it was not there.

    Result<bool> add(const ImportedClient& client) {
        POSTRIDER_ASSIGN(const auto there,
                         store::clients_table::find_by_client_id(
                             tx_.sql(), realm_, client.change.client_id.value.value_or("")));
        if (there) return false;
        POSTRIDER_ASSIGN(const auto saved, changes_.clients.create(tx_, caller_, realm_,
                                                                   client.change, client.secret));
        for (std::size_t i = 0; i < client.redirect_uris.size(); ++i) {
            auto made = changes_.clients.create_redirect_uri(
                tx_, caller_, realm_, saved.client.row.id, client.redirect_uris[i]);
            if (!made) {
                for (FieldError& field : made.error().fields) field.pointer.clear();
                return below(fmt::format("#/redirect_uris/{}", i), std::move(made).error());
            }
        }
        return true;
    }

    Result<bool> add(const ImportedRole& role) {
        std::optional<ClientId> client;
        if (role.client_id) {
            POSTRIDER_ASSIGN(client, find_client("#/client_id", *role.client_id));
        }
        POSTRIDER_ASSIGN(const auto there,
                         store::roles_table::find_by_name(tx_.sql(), realm_, client,
                                                          role.change.name.value.value_or("")));
        if (there) return false;
        POSTRIDER_TRY(changes_.roles.create(tx_, caller_, realm_, client, role.change));
        return true;
    }

    Result<bool> add(const ImportedServiceAccount& account) {
        POSTRIDER_ASSIGN(const auto client, find_client("#/client_id", account.client_id));
        POSTRIDER_ASSIGN(const auto now, load_client(tx_.sql(), realm_, client));
        if (!now.service_account_roles.empty()) return false;
        POSTRIDER_ASSIGN(auto roles, find_roles(account.roles));
        ClientChange change;
        change.service_account_roles.set(std::move(roles));
        POSTRIDER_TRY(
            changes_.clients.update(tx_, caller_, {.realm = realm_, .id = client}, change, {}));
        return true;
    }

    Result<bool> add(const ImportedUser& user) {
        POSTRIDER_ASSIGN(const auto there,
                         store::users_table::find_by_username(
                             tx_.sql(), realm_, user.change.username.value.value_or("")));
        if (there) return false;
        POSTRIDER_ASSIGN(const auto roles, find_roles(user.roles));
        POSTRIDER_ASSIGN(const auto row, changes_.users.create(tx_, caller_, realm_, user.change));
        for (const RoleId& role : roles) {
            POSTRIDER_TRY(
                changes_.users.assign(tx_, caller_, {.realm = realm_, .id = row.id}, role));
        }
        return true;
    }

    Result<ClientId> find_client(std::string pointer, const std::string& client_id) {
        POSTRIDER_ASSIGN(const auto row,
                         store::clients_table::find_by_client_id(tx_.sql(), realm_, client_id));
        if (row) return row->id;
        return fail_field(std::move(pointer), fmt::format("there is no client \"{}\"", client_id));
    }

    /// Newest first, each once: as a client keeps them.
    Result<std::vector<RoleId>> find_roles(const RoleNames& names) {
        std::vector<RoleId> ids;
        POSTRIDER_TRY(find_roles({}, names.realm, "#/roles", ids));
        for (const auto& [client_id, roles] : names.client) {
            const std::string pointer = "#/client_roles/" + client_id;
            POSTRIDER_ASSIGN(const auto client, find_client(pointer, client_id));
            POSTRIDER_TRY(find_roles(client, roles, pointer, ids));
        }
        std::ranges::sort(ids, std::ranges::greater{});
        const auto twice = std::ranges::unique(ids);
        ids.erase(twice.begin(), twice.end());
        return ids;
    }

    Result<void> find_roles(std::optional<ClientId> client, const std::vector<std::string>& names,
                            std::string_view pointer, std::vector<RoleId>& ids) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            POSTRIDER_ASSIGN(const auto role,
                             store::roles_table::find_by_name(tx_.sql(), realm_, client, names[i]));
            if (!role) return no_role(fmt::format("{}/{}", pointer, i), names[i]);
            ids.push_back(role->id);
        }
        return {};
    }

    Changes& changes_;
    Transaction& tx_;
    const Caller& caller_;
    const RealmId realm_;
    ImportCount count_;
};

Result<ImportCount> Importer::run(Transaction& tx, const Caller& caller, const RealmId& realm,
                                  const ImportPart& part) {
    return Run(part.events ? told_ : quiet_, tx, caller, realm).all(part);
}

}  // namespace postrider::directory
