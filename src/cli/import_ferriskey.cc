#include "cli/import_ferriskey.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/ferriskey.h"
#include "cli/import_sender.h"
#include "cli/import_summary.h"
#include "cli/progress.h"
#include "cli/realm_extras.h"
#include "cli/realm_name.h"

namespace postrider::cli {
namespace {

using ferriskey::Database;
using ferriskey::Realm;
using keycloak::Entry;
using Kind = ImportSender::Kind;

/// One that administers the others, there as here.
constexpr std::string_view master = "master";

std::string list_of(const std::vector<std::string>& names) {
    return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

/// One run of the command.
class Import {
 public:
    Import(Context& context, const Given& given)
        : context_(context), given_(given), is_dry_(given.has("--dry-run")) {}

    int run() {
        if (auto read = read_all(); !read) return read.error();
        int code = exit_ok;
        for (Realm& realm : realms_) {
            const auto sent = take_over(realm);
            if (!sent) {
                context_.complain("stopped; the same command goes on from here");
                return sent.error();
            }
            code = std::max(code, *sent);
        }
        return code;
    }

 private:
    using Done = std::expected<void, ExitCode>;

    /// Everything that can be wrong is found before anything is written.
    Done read_all() {
        const auto url = given_.text("--from-ferriskey").value_or("");
        auto database = Database::open(url);
        if (!database) return fail_with(database.error());
        const auto names = database->realm_names();
        if (!names) return fail_with(names.error());
        if (auto chosen = choose(*names); !chosen) return chosen;
        for (const std::string& name : chosen_) {
            auto realm = database->read(name);
            if (!realm) return fail_with(realm.error());
            realms_.push_back(std::move(*realm));
        }
        return {};
    }

    Done fail_with(const Error& error) {
        // The driver speaks of the database that a server stores in.
        constexpr std::string_view flag = "--database", advice = "; create the database with";
        std::string sentence = error.message.substr(0, error.message.find(advice));
        if (const auto at = sentence.find(flag); at != std::string::npos) {
            sentence.replace(at, flag.size(), "--from-ferriskey");
        }
        if (sentence.ends_with('.')) sentence.pop_back();
        sentence += "; nothing was imported";
        if (error.code == ErrorCode::invalid_argument) {
            return std::unexpected(context_.wrong(sentence));
        }
        context_.complain(sentence);
        return std::unexpected(exit_failed);
    }

    Done choose(const std::vector<std::string>& names) {
        chosen_ = given_.list("FILE");
        for (const std::string& name : chosen_) {
            if (std::ranges::find(names, name) != names.end()) continue;
            return std::unexpected(context_.wrong(
                fmt::format("FerrisKey has no realm \"{}\"; it has {}; nothing was imported", name,
                            list_of(names))));
        }
        if (chosen_.empty()) {
            std::ranges::copy_if(names, std::back_inserter(chosen_),
                                 [](const std::string& name) { return name != master; });
        }
        if (chosen_.empty()) {
            return std::unexpected(context_.wrong(
                "FerrisKey has no realm but \"master\", which administers the others here: name "
                "it, "
                "with --realm NAME, to import it all the same; nothing was imported"));
        }
        if (given_.has("--realm") && chosen_.size() > 1) {
            return std::unexpected(context_.wrong(
                fmt::format("--realm gives one realm another name, and there are {}: name the one "
                            "that is meant; nothing was imported",
                            list_of(chosen_))));
        }
        for (const std::string& name : chosen_) {
            const auto here = name_here(name);
            if (can_be_realm_name(here) && (here != master || given_.has("--realm"))) continue;
            return std::unexpected(
                context_.wrong(fmt::format("\"{0}\" cannot be the name of this realm here: import "
                                           "it by itself and say --realm "
                                           "NAME, for example postrider import \"{0}\" "
                                           "--from-ferriskey … --realm {1}; nothing "
                                           "was imported",
                                           here, suggested_realm_name(here))));
        }
        return {};
    }

    std::string name_here(const std::string& name) const {
        return given_.has("--realm") ? context_.connection().realm : name;
    }

    std::expected<int, ExitCode> take_over(Realm& realm) {
        const auto name = name_here(realm.name);
        const auto path = "/api/v1/realms/" + percent_encoded(name);
        if (auto there = require_realm(name, path, realm); !there) {
            return std::unexpected(there.error());
        }
        const auto mode = is_dry_ && is_there_        ? ImportSender::Mode::compare
                          : is_dry_                   ? ImportSender::Mode::check
                          : given_.has("--no-events") ? ImportSender::Mode::write_without_events
                                                      : ImportSender::Mode::write;
        ImportSender sender(context_, is_there_ || !is_dry_ ? name : std::string(master), mode,
                            realm.report);
        if (!send_all(sender, realm)) return std::unexpected(sender.exit_code());
        ExtrasImport extras(context_, path, realm.report);
        const json::Value webhooks(
            json::Object{{"webhooks", json::Value(std::move(realm.webhooks))}});
        const json::Value secrets(
            json::Object{{"webhooks", json::Value(std::move(realm.webhook_secrets))}});
        if (is_dry_) {
            extras.report_only({}, webhooks);
        } else if (!extras.add_webhooks(webhooks, secrets)) {
            return std::unexpected(extras.exit_code());
        }
        show_import(context_, {.realm = name, .is_dry_run = is_dry_}, sender, realm.report);
        return sender.refused().empty() && extras.refused() == 0 ? exit_ok : exit_failed;
    }

    Done require_realm(const std::string& name, const std::string& path, Realm& realm) {
        const auto found = context_.send("GET", path);
        is_there_ = found && found->status == 200;
        if (is_there_) return {};
        if (found && found->status != 404) return std::unexpected(context_.refuse(*found));
        if (is_dry_) return {};
        const auto create = [&](json::Object body) {
            return context_.send("POST", "/api/v1/realms",
                                 json::serialize(json::Value(std::move(body))));
        };
        if (!realm.display_name.empty()) {
            const auto made =
                create({{"name", name}, {"display_name", json::Value(realm.display_name)}});
            if (!made || made->status != 422) return is_made(made);
            realm.report.left_out("the display name, which the server does not accept",
                                  keycloak::short_name(realm.display_name));
        }
        return is_made(create({{"name", name}}));
    }

    Done is_made(const Result<http::ClientResponse>& answer) {
        if (answer && answer->status == 201) return {};
        if (answer) return std::unexpected(context_.refuse(*answer));
        context_.complain(answer.error().message);
        return std::unexpected(exit_failed);
    }

    bool send_all(ImportSender& sender, Realm& realm) {
        Progress progress(context_, realm.clients.size() + realm.roles.size() +
                                        realm.service_accounts.size() + realm.users.size());
        return send(sender, Kind::clients, realm.clients, progress) &&
               send(sender, Kind::roles, realm.roles, progress) &&
               send(sender, Kind::service_accounts, realm.service_accounts, progress) &&
               send(sender, Kind::users, realm.users, progress);
    }

    static bool send(ImportSender& sender, Kind kind, std::vector<Entry>& entries,
                     Progress& progress) {
        keycloak::Parts parts(sending(sender, kind, progress));
        for (Entry& entry : entries) {
            if (!parts.add(std::move(entry))) return false;
        }
        return parts.finish();
    }

    Context& context_;
    const Given& given_;
    const bool is_dry_;
    bool is_there_ = false;            ///< the realm that is taken over now
    std::vector<std::string> chosen_;  ///< as they are called there
    std::vector<Realm> realms_;
};

}  // namespace

int import_from_ferriskey(Context& context, const Given& given) {
    return Import(context, given).run();
}

}  // namespace postrider::cli
