// Reads the body of POST …/import.
#include <fmt/format.h>

#include <functional>
#include <map>
#include <utility>

#include "base/encoding.h"
#include "base/json_pointer.h"
#include "directory/import.h"
#include "directory/imported_password.h"
#include "model/limits.h"

namespace postrider::directory {

namespace {

/// The first member that a pointer into an entry names: "email" of "#/email".
std::string_view member_of(std::string_view pointer) {
    if (!pointer.starts_with("#/")) return {};
    pointer.remove_prefix(2);
    return pointer.substr(0, pointer.find('/'));
}

/// Reads the entries of a part. What an entry has beside the members of its resource is taken from
/// it first: the resource's own parser refuses all that is left over.
class PartReader {
 public:
    explicit PartReader(Random& random) : random_(random) {}

    Result<ImportPart> read(const json::Value& body) {
        const json::Object* members = body.as_object();
        if (members == nullptr) return fail_field("#", "must be an object");
        // What is refused depends on it, so it is read before everything else.
        if (const json::Value* partial = body.find("partial"); partial && partial->as_bool()) {
            part_.partial = *partial->as_bool();
        }
        for (const auto& [name, value] : *members) read_member(name, value);
        count("#", entries_, limits::import_entries_max, "entries");
        count("#", names_, limits::import_names_max, "role names and redirect URIs");
        if (has_left_out_too_much()) {
            refuse("#", fmt::format("has more than {} values that are refused, and was read no "
                                    "further: send several parts, or what one may have",
                                    limits::import_left_out_max));
        }
        POSTRIDER_TRY(check_errors(std::move(errors_)));
        return std::move(part_);
    }

 private:
    void read_member(const std::string& name, const json::Value& value) {
        if (name == "events") {
            read_flag(name, value, part_.events);
        } else if (name == "partial") {
            read_flag(name, value, part_.partial);
        } else if (name == "dry_run") {
            read_flag(name, value, part_.dry_run);
        } else if (name == "compare") {
            read_flag(name, value, part_.compare);
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
            refuse(json::pointer_to("#", name), "is not known here");
        }
    }

    void read_flag(const std::string& name, const json::Value& value, bool& flag) {
        if (value.as_bool() == nullptr) return refuse("#/" + name, "must be true or false");
        flag = *value.as_bool();
    }

    /// Where an entry stands in the body.
    struct Place {
        std::string pointer;
        std::size_t index;
    };

    template <typename Read>
    void each(const std::string& pointer, const json::Value& value, const Read& read) {
        const json::Array* list = value.as_array();
        if (list == nullptr) return refuse(pointer, "must be a list of objects");
        entries_ += list->size();
        if (entries_ > limits::import_entries_max) return;
        for (std::size_t i = 0; i < list->size() && !has_left_out_too_much(); ++i) {
            const Place at{.pointer = fmt::format("{}/{}", pointer, i), .index = i};
            const json::Object* entry = (*list)[i].as_object();
            if (entry == nullptr) {
                leave_out(at.pointer, "must be an object");
                continue;
            }
            json::Object copy = *entry;
            read(copy, at);
        }
    }

    /// Parses what is left of an entry. Of a partial part the members that are refused are taken
    /// out, and named, until the rest is accepted: all at once, so that it is parsed again no more
    /// often than its resource has members.
    /// Returns nothing when the entry cannot be: `key` is refused, or it is not of a partial part.
    template <typename Read>
    auto parse(json::Object& entry, const Place& at, std::string_view key, const Read& read_change)
        -> std::optional<decltype(read_change(json::Value()))> {
        for (;;) {
            auto change = read_change(json::Value(entry));
            if (change.errors.empty()) return change;
            if (part_.partial) {
                if (!take_out(entry, at, key, change.errors)) return std::nullopt;
                continue;
            }
            for (const FieldError& error : change.errors) {
                refuse(at.pointer + error.pointer.substr(1), error.detail);
            }
            return std::nullopt;
        }
    }

    /// Takes the members that `errors` are about out of an entry of a partial part, in n log n.
    /// False: it is lost, because `key` is refused, or more is left out than one answer names.
    bool take_out(json::Object& entry, const Place& at, std::string_view key,
                  const std::vector<FieldError>& errors) {
        std::map<std::string, bool, std::less<>> is_refused;
        const auto name_of = [](const json::Object::value_type& member) {
            return std::string(member_of(json::pointer_to("#", member.first)));
        };
        for (const auto& member : entry) is_refused.emplace(name_of(member), false);
        bool is_lost = false;
        for (const FieldError& error : errors) {
            if (has_left_out_too_much()) return false;
            const auto name = member_of(error.pointer);
            const auto found = is_refused.find(name);
            if (name == key || found == is_refused.end()) {
                if (!is_lost) leave_out(at.pointer, fmt::format("{} {}", key, error.detail));
                is_lost = true;
            } else if (!std::exchange(found->second, true)) {
                leave_out(fmt::format("{}/{}", at.pointer, name), error.detail);
            }
        }
        std::erase_if(entry, [&](const auto& member) { return is_refused.at(name_of(member)); });
        return !is_lost;
    }

    void read_role(json::Object& entry, const Place& at) {
        ImportedRole role{.index = at.index,
                          .id = take_own_id<RoleId>(entry, at.pointer),
                          .client_id = take_text(entry, "client_id", at.pointer),
                          .change = {}};
        auto change = parse(entry, at, "name", [](const json::Value& value) {
            return parse_role_change(value, ChangeKind::create);
        });
        if (!change) return;
        role.change = std::move(*change);
        part_.roles.push_back(std::move(role));
    }

    void read_client(json::Object& entry, const Place& at) {
        ImportedClient client{.index = at.index,
                              .id = take_own_id<ClientId>(entry, at.pointer),
                              .change = {},
                              .redirect_uris = {},
                              .secret = {}};
        client.secret = take_secret(entry, at.pointer);
        take_redirect_uris(entry, at.pointer, client);
        if (take(entry, "service_account_roles")) {
            leave_out(at.pointer + "/service_account_roles", "belongs into service_accounts");
        }
        auto change = parse(entry, at, "client_id", [](const json::Value& value) {
            return parse_client_change(value, ChangeKind::create);
        });
        if (!change) return;
        client.change = std::move(*change);
        part_.clients.push_back(std::move(client));
    }

    /// The id of a client or role, which some server of ours has made.
    template <typename IdType>
    std::optional<IdType> take_own_id(json::Object& entry, const std::string& at) {
        const auto text = take_text(entry, "id", at);
        if (!text) return std::nullopt;
        auto id = IdType::parse(*text);
        if (id && id->uuid.bytes[6] >> 4 == 7) return id;
        leave_out(at + "/id", "is no UUID of version 7; a new id is made");
        return std::nullopt;
    }

    ClientSecret take_secret(json::Object& entry, const std::string& at) {
        const auto given = take_text(entry, "secret_hash", at);
        if (!given) return make_client_secret(random_);
        auto hash = hex_decode(*given);
        if (hash && hash->size() == 32) return {.text = {}, .hash = std::move(*hash)};
        leave_out(at + "/secret_hash", "must be a SHA-256 of 64 hexadecimal digits");
        return make_client_secret(random_);
    }

    void take_redirect_uris(json::Object& entry, const std::string& at, ImportedClient& client) {
        const auto value = take(entry, "redirect_uris");
        if (!value || value->is_null()) return;
        const json::Array* list = value->as_array();
        if (list == nullptr) return leave_out(at + "/redirect_uris", "must be a list");
        names_ += list->size();
        if (names_ > limits::import_names_max) return;
        for (std::size_t i = 0; i < list->size(); ++i) {
            const json::Value& uri = (*list)[i];
            auto change = parse_redirect_uri_change(
                uri.as_string() == nullptr ? uri : json::Value(json::Object{{"value", uri}}),
                ChangeKind::create);
            for (const FieldError& error : change.errors) {
                leave_out(fmt::format("{}/redirect_uris/{}", at, i), error.detail);
            }
            if (change.errors.empty()) client.redirect_uris.push_back({i, std::move(change)});
        }
    }

    void read_service_account(json::Object& entry, const Place& at) {
        ImportedServiceAccount account{.index = at.index, .client_id = {}, .roles = {}};
        auto client_id = take_text(entry, "client_id", at.pointer);
        if (!client_id && part_.partial) return leave_out(at.pointer, "client_id is required");
        if (!client_id) refuse(at.pointer + "/client_id", "is required");
        account.client_id = std::move(client_id).value_or("");
        account.roles = take_role_names(entry, at.pointer);
        for (const auto& [name, value] : entry) {
            leave_out(json::pointer_to(at.pointer, name), "is not known here");
        }
        part_.service_accounts.push_back(std::move(account));
    }

    void read_user(json::Object& entry, const Place& at) {
        ImportedUser user{.index = at.index, .change = {}, .origin = {}, .roles = {}};
        user.roles = take_role_names(entry, at.pointer);
        user.origin = take_origin(entry, at.pointer);
        auto change = parse(entry, at, "username", [](const json::Value& value) {
            return parse_user_change(value, ChangeKind::create);
        });
        if (!change) return;
        user.change = std::move(*change);
        part_.users.push_back(std::move(user));
    }

    UserOrigin take_origin(json::Object& entry, const std::string& at) {
        UserOrigin origin;
        if (const auto text = take_text(entry, "id", at)) {
            origin.id = UserId::parse(*text);
            if (origin.id && origin.id->is_nil()) origin.id.reset();
            if (!origin.id) leave_out(at + "/id", "is no UUID; a new id is made");
        }
        if (const auto text = take_text(entry, "created_at", at)) {
            origin.created_at = parse_rfc3339(*text);
            if (!origin.created_at) {
                leave_out(at + "/created_at", "must be a time such as 2019-03-01T12:00:00Z");
            }
        }
        const auto hash = take(entry, "password_hash");
        if (!hash || hash->is_null()) return origin;
        auto text = read_password_hash(*hash);
        if (!text) {
            leave_out(at + "/password_hash", std::move(text).error().message);
        } else {
            origin.password_hash = std::move(*text);
        }
        return origin;
    }

    /// "roles": names of the realm's; "client_roles": {client_id: names}.
    RoleNames take_role_names(json::Object& entry, const std::string& at) {
        RoleNames names;
        names.realm = take_texts(entry, "roles", at);
        auto of_clients = take(entry, "client_roles");
        if (!of_clients || of_clients->is_null()) return names;
        json::Object* clients = of_clients->as_object();
        if (clients == nullptr) {
            leave_out(at + "/client_roles", "must be an object: lists of names by client_id");
            return names;
        }
        for (auto& [client_id, value] : *clients) {
            json::Object one{{client_id, std::move(value)}};
            names.client.emplace_back(client_id, take_texts(one, client_id, at + "/client_roles"));
            names_ += 1;
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
        leave_out(fmt::format("{}/{}", at, name), "must be a string");
        return std::nullopt;
    }

    std::vector<std::string> take_texts(json::Object& entry, std::string_view name,
                                        const std::string& at) {
        std::vector<std::string> texts;
        const auto value = take(entry, name);
        if (!value || value->is_null()) return texts;
        const std::string pointer = json::pointer_to(at, name);
        const json::Array* list = value->as_array();
        if (list == nullptr) {
            leave_out(pointer, "must be a list of strings");
            return texts;
        }
        names_ += list->size();
        if (names_ > limits::import_names_max) return texts;
        for (std::size_t i = 0; i < list->size(); ++i) {
            const std::string* text = (*list)[i].as_string();
            if (text == nullptr) leave_out(fmt::format("{}/{}", pointer, i), "must be a string");
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

    bool has_left_out_too_much() const {
        return part_.left_out.size() > limits::import_left_out_max;
    }

    /// What costs only itself in a partial part. Keeps one more than an answer names, and no more:
    /// reading ends there.
    void leave_out(std::string pointer, std::string detail) {
        if (!part_.partial) return refuse(std::move(pointer), std::move(detail));
        if (has_left_out_too_much()) return;
        part_.left_out.push_back({std::move(pointer), std::move(detail)});
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

}  // namespace postrider::directory
