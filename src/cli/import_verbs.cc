#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/file.h"
#include "base/random.h"
#include "cli/context.h"
#include "cli/import_ferriskey.h"
#include "cli/import_report.h"
#include "cli/import_sender.h"
#include "cli/import_summary.h"
#include "cli/keycloak.h"
#include "cli/passphrase.h"
#include "cli/progress.h"
#include "cli/realm_extras.h"
#include "cli/realm_files.h"
#include "cli/realm_name.h"
#include "cli/sealed_text.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;
using Kind = ImportSender::Kind;
using keycloak::Entry;
using keycloak::Realm;
using Done = std::expected<void, ExitCode>;

std::string path_of(std::string_view realm) { return "/api/v1/realms/" + percent_encoded(realm); }

/// One run of `postrider import`.
class Import {
 public:
    Import(Context& context, const Given& given)
        : context_(context), given_(given), is_dry_(given.has("--dry-run")) {}

    int run() {
        if (auto done = read(); !done) return done.error();
        if (auto there = require_realm(); !there) return there.error();
        const auto mode = is_dry_ && is_there_        ? ImportSender::Mode::compare
                          : is_dry_                   ? ImportSender::Mode::check
                          : given_.has("--no-events") ? ImportSender::Mode::write_without_events
                                                      : ImportSender::Mode::write;
        // What a dry run checks without a realm depends on none.
        ImportSender sender(context_, is_there_ || !is_dry_ ? name_ : "master", mode, report_);
        if (auto sent = send_all(sender); !sent) return sent.error();
        show_import(context_, {.realm = name_, .is_dry_run = is_dry_}, sender, report_);
        return sender.refused().empty() && extras_refused_ == 0 ? exit_ok : exit_failed;
    }

 private:
    /// Reads the files and settles what the realm is called here. Nothing is sent before that.
    Done read() {
        const bool is_named = given_.has("--realm") || context_.connection().realm != "master";
        std::optional<std::string> wanted;
        if (is_named) wanted = context_.connection().realm;
        auto found = read_realm_files(context_, given_.list("FILE"), wanted);
        if (!found) {
            return std::unexpected(
                context_.wrong(found.error().message + "; nothing was imported"));
        }
        files_ = std::move(found->files);
        for (const auto& other : found->others) {
            report_.remark("other realms of the files: import them by themselves", other);
        }
        for (const auto& file : found->skipped) {
            report_.remark("files of the folder that are no realm's", file);
        }
        const std::string& in_file = files_.front().realm;
        name_ = wanted.value_or(in_file);
        if (!is_named && name_ == "master") {
            return std::unexpected(context_.wrong(
                "its realm is \"master\", which administers the others here: say --realm NAME, "
                "also when it is master that you mean"));
        }
        if (!can_be_realm_name(name_)) {
            return std::unexpected(context_.wrong(
                fmt::format("\"{}\" cannot be the name of a realm here (a-z, 0-9 and -, at most {} "
                            "characters): "
                            "say --realm NAME, for example --realm {}; nothing was imported",
                            keycloak::short_name(name_), limits::realm_name_bytes_max,
                            suggested_realm_name(name_))));
        }
        if (name_ != in_file) {
            report_.remark("the realm has another name here", in_file + " is " + name_);
        }
        if (auto known = read_target(); !known) return known;
        realm_ = keycloak::read_realm(files_, known_roles_, report_);
        report_extras();
        return open_sealed();
    }

    /// Whether the realm is there, and its roles: a user of the file may have one of them.
    Done read_target() {
        const auto found = context_.send("GET", path_of(name_));
        if (!found || (found->status != 200 && found->status != 404)) {
            return std::unexpected(stop(found));
        }
        is_there_ = found->status == 200;
        if (!is_there_) return {};
        std::vector<std::pair<std::string, std::string>> clients;
        auto read = each_item("/clients", [&](const json::Value& client) {
            clients.emplace_back(text_of(client, "id"), text_of(client, "client_id"));
        });
        if (!read) return read;
        read = each_item("/roles", [&](const json::Value& role) {
            known_roles_.push_back({"", text_of(role, "name")});
        });
        for (const auto& [id, client_id] : clients) {
            if (!read) return read;
            read = each_item("/clients/" + id + "/roles", [&](const json::Value& role) {
                known_roles_.push_back({client_id, text_of(role, "name")});
            });
        }
        return read;
    }

    Done each_item(const std::string& list, const std::function<void(const json::Value&)>& use) {
        std::optional<std::string> cursor;
        do {
            const auto page =
                context_.send("GET", path_of(name_) + list +
                                         Query().add("limit", "200").add("cursor", cursor).text());
            if (!page || page->status != 200) return std::unexpected(stop(page));
            const auto value = json::parse(page->body).value_or(json::Value());
            const json::Value* items = value.find("items");
            if (items != nullptr && items->as_array() != nullptr) {
                for (const json::Value& item : *items->as_array()) use(item);
            }
            const auto next = text_of(value, "next_cursor");
            cursor = next.empty() ? std::nullopt : std::optional(next);
        } while (cursor);
        return {};
    }

    ExitCode stop(const Result<http::ClientResponse>& answer) {
        ExitCode code = exit_failed;
        if (answer) {
            code = context_.refuse(*answer);
        } else {
            context_.complain(answer.error().message);
        }
        return code;
    }

    /// Names what an export of a later version may have.
    void report_extras() {
        if (!realm_.extras) return;
        keycloak::Members extras(*realm_.extras);
        for (const char* known : {"version", "settings", "event_types", "webhooks",
                                  reset_webhook_setting.data(), "sealed"}) {
            extras.take(known);
        }
        extras.report_rest(report_, "postrider", "the file is of a later version");
    }

    /// Opens what an export sealed with a passphrase.
    Done open_sealed() {
        const json::Value* sealed = realm_.extras ? realm_.extras->find("sealed") : nullptr;
        if (sealed == nullptr || sealed->is_null()) return {};
        if (given_.has("--without-secrets")) {
            report_.left_out("passwords and secrets that are sealed in the file",
                             "--without-secrets was given");
            return {};
        }
        auto passphrase = read_passphrase(context_, given_);
        if (!passphrase) {
            return std::unexpected(context_.wrong(passphrase.error().message));
        }
        if (passphrase->empty()) {
            return std::unexpected(context_.wrong(
                "it has passwords and secrets that are sealed with a passphrase: say "
                "--passphrase-file FILE to bring them too, or --without-secrets; nothing was "
                "imported"));
        }
        const auto text = open_text(*passphrase, realm_.name, *sealed);
        if (!text) {
            return std::unexpected(context_.wrong(text.error().message + "; nothing was imported"));
        }
        opened_ = json::parse(*text).value_or(json::Value());
        read_hashes("users", user_hashes_);
        read_hashes("clients", client_hashes_);
        return {};
    }

    void read_hashes(const char* kind, std::map<std::string, std::string>& to) {
        const json::Value* found = opened_.find(kind);
        if (found == nullptr || found->as_object() == nullptr) return;
        for (const auto& [name, hash] : *found->as_object()) {
            if (hash.as_string() != nullptr) to.emplace(name, *hash.as_string());
        }
    }

    /// Makes the realm unless it is there, and gives it the settings of the file.
    Done require_realm() {
        if (is_dry_) return {};
        if (!is_there_) {
            json::Object body{{"name", name_}};
            if (!realm_.display_name.empty()) {
                body.emplace_back("display_name", realm_.display_name);
            }
            auto made = context_.send("POST", "/api/v1/realms",
                                      json::serialize(json::Value(std::move(body))));
            if (made && made->status == 422 && !realm_.display_name.empty()) {
                report_.take_back(1);
                report_.left_out("the display name, which the server does not accept",
                                 keycloak::short_name(realm_.display_name));
                made = context_.send("POST", "/api/v1/realms",
                                     json::serialize(json::Value(json::Object{{"name", name_}})));
            }
            if (!made || made->status != 201) return std::unexpected(stop(made));
        } else if (!realm_.display_name.empty()) {
            report_.remark("the realm was there before, and keeps its display name", name_);
        }
        return {};
    }

    json::Object settings() const {
        json::Object all = realm_.settings;
        const json::Value* ours = realm_.extras ? realm_.extras->find("settings") : nullptr;
        if (ours == nullptr || ours->as_object() == nullptr) return all;
        all = *ours->as_object();
        return all;
    }

    Done send_all(ImportSender& sender) {
        ExtrasImport extras(context_, path_of(name_), report_);
        const json::Value more = realm_.extras.value_or(json::Value());
        if (is_dry_) {
            extras.report_only(settings(), more);
        } else if (!extras.apply_settings(settings()) || !extras.add_event_types(more)) {
            return std::unexpected(extras.exit_code());
        }
        const std::size_t total = count_users() + realm_.clients.size() + realm_.roles.size();
        Progress progress(context_, total);
        if (!send_entries(sender, Kind::clients, std::move(realm_.clients), progress) ||
            !send_entries(sender, Kind::roles, std::move(realm_.roles), progress) ||
            !send_users(sender, progress)) {
            return std::unexpected(sender.exit_code());
        }
        // Last, so that nobody is sent a webhook for each user who moves in.
        if (!is_dry_ && !extras.add_webhooks(more, opened_)) {
            return std::unexpected(extras.exit_code());
        }
        extras_refused_ = extras.refused();
        return {};
    }

    std::size_t count_users() const {
        std::size_t count = 0;
        for (const RealmFile& file : files_) {
            const auto users = users_of(file);
            if (users && users->kind() == json::Outline::Kind::array) count += users->size();
        }
        return count;
    }

    /// The last member of that name counts.
    static std::optional<json::Outline> users_of(const RealmFile& file) {
        for (std::size_t i = file.members.size(); i-- > 0;) {
            if (file.members.name(i) != "users") continue;
            auto users = json::Outline::of(file.members.value(i), limits::json_depth_max);
            if (users) return std::move(*users);
        }
        return std::nullopt;
    }

    bool send_entries(ImportSender& sender, Kind kind, std::vector<Entry> entries,
                      Progress& progress) {
        keycloak::Parts parts(sending(sender, kind, progress));
        for (Entry& entry : entries) {
            if (kind == Kind::clients) add_hash(entry, client_hashes_, "secret_hash");
            if (!parts.add(std::move(entry))) return false;
        }
        return parts.finish();
    }

    /// One file after the other, each forgotten when its users are sent.
    bool send_users(ImportSender& sender, Progress& progress) {
        std::vector<Entry> accounts;
        keycloak::Parts parts(sending(sender, Kind::users, progress));
        for (RealmFile& file : files_) {
            const auto users = users_of(file);
            file.members = {};
            if (!users) continue;
            if (users->kind() != json::Outline::Kind::array) {
                if (users->size() > 0) report_.left_out("users that are no list", file.file);
                continue;
            }
            for (std::size_t i = 0; i < users->size(); ++i) {
                auto user = keycloak::read_user(users->value(i), i, realm_, report_);
                if (user.kind == keycloak::ReadUser::Kind::service_account) {
                    accounts.push_back(std::move(user.entry));
                } else if (user.kind == keycloak::ReadUser::Kind::user) {
                    if (!user.entry.password) add_hash(user.entry, user_hashes_, "password_hash");
                    if (!parts.add(std::move(user.entry))) return false;
                }
            }
        }
        return parts.finish() &&
               send_entries(sender, Kind::service_accounts, std::move(accounts), progress);
    }

    void add_hash(Entry& entry, const std::map<std::string, std::string>& hashes,
                  const char* member) {
        const auto found = hashes.find(entry.key());
        if (found == hashes.end()) return;
        entry.body.emplace_back(member, found->second);
        ++entry.values;
        report_.taken_over();
    }

    Context& context_;
    const Given& given_;
    const bool is_dry_;
    ImportReport report_;
    std::vector<RealmFile> files_;
    std::string name_;  ///< here
    bool is_there_ = false;
    std::vector<keycloak::RoleRef> known_roles_;
    Realm realm_;
    json::Value opened_;  ///< what was sealed
    std::map<std::string, std::string> user_hashes_;
    std::map<std::string, std::string> client_hashes_;
    std::size_t extras_refused_ = 0;
};

int import_realm(Context& context, const Given& given) {
    if (given.has("--from-ferriskey")) return import_from_ferriskey(context, given);
    if (given.list("FILE").empty()) {
        return context.wrong("name a file of the realm, or --from-ferriskey URL");
    }
    return Import(context, given).run();
}

}  // namespace

std::vector<Verb> import_verbs() {
    return {{.group = "",
             .name = "import",
             .summary = "take over a realm from Keycloak, FerrisKey or `postrider export`",
             .arguments = {{"FILE", "",
                            "JSON, or a folder of it; - is standard input; a realm's name with "
                            "--from-ferriskey",
                            Count::repeatable},
                           {"--from-ferriskey", "URL",
                            "read FerrisKey's database: postgresql://reader@host/ferriskey"},
                           {"--dry-run", "", "say what would come of it, and write nothing"},
                           {"--no-events", "", "fire no event for what is imported"},
                           passphrase_argument(),
                           {"--without-secrets", "", "leave out what is sealed in the file"}},
             .examples = "postrider import shop-realm.json --dry-run\n"
                         "postrider import shop-realm.json\n"
                         "postrider import shop-realm.json shop-users-0.json --realm acme "
                         "--no-events\n"
                         "postrider import export-folder --realm shop\n"
                         "postrider import --from-ferriskey postgresql://reader@host/ferriskey",
             .run = import_realm}};
}

}  // namespace postrider::cli
