#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "cli/context.h"
#include "cli/keycloak.h"
#include "cli/progress.h"

namespace postrider::cli {
namespace {

using Count = Argument::Count;
using keycloak::Realm;

constexpr std::size_t names_shown_max = 10;

/// What came of one kind of entry.
struct Tally {
    std::string_view kind;
    std::size_t created = 0;
    std::size_t existing = 0;
    std::size_t refused = 0;
};
struct Refused {
    std::string_view kind;
    std::string name;
    std::string reason;
};

std::string name_of(const json::Value& entry) {
    for (const char* member : {"username", "name", "client_id"}) {
        auto name = text_of(entry, member);
        if (!name.empty()) return name;
    }
    return "(without a name)";
}

/// Sends the parts of a realm. An entry that is refused is set aside, and its part sent again.
class Import {
 public:
    Import(Context& context, std::string realm, bool events)
        : context_(context), path_("/api/v1/realms/" + percent_encoded(realm)), events_(events) {}

    /// The exit code when it cannot go on.
    std::expected<void, ExitCode> run(Realm& realm) {
        const std::array<std::pair<std::string_view, json::Array*>, 4> kinds{
            {{"clients", &realm.clients},
             {"roles", &realm.roles},
             {"service_accounts", &realm.service_accounts},
             {"users", &realm.users}}};
        std::size_t total = 0;
        for (const auto& [kind, entries] : kinds) total += entries->size();
        Progress progress(context_, total);
        for (const auto& [kind, entries] : kinds) {
            tallies_.push_back({.kind = kind});
            for (json::Array& part : keycloak::parts_of(std::move(*entries))) {
                const std::size_t size = part.size();
                auto sent = send(kind, std::move(part), progress);
                if (!sent) return sent;
                progress.advance(kind, size);
            }
        }
        return {};
    }

    const std::vector<Tally>& tallies() const { return tallies_; }
    const std::vector<Refused>& refused() const { return refused_; }

 private:
    std::expected<void, ExitCode> send(std::string_view kind, json::Array part,
                                       Progress& progress) {
        while (!part.empty()) {
            json::Object body{{"events", events_}};
            body.emplace_back(kind, part);
            auto answer = context_.send("POST", path_ + "/import",
                                        json::serialize(json::Value(std::move(body))));
            if (answer && answer->status == 200) return count(answer->body);
            if (!answer || !set_aside(kind, part, *answer)) {
                progress.clear();
                return std::unexpected(stop(answer));
            }
        }
        return {};
    }

    std::expected<void, ExitCode> count(const std::string& body) {
        const auto value = json::parse(body);
        const auto number = [&](const char* member) -> std::size_t {
            const auto* found = value ? value->find(member) : nullptr;
            if (found == nullptr || found->as_int() == nullptr) return 0;
            return static_cast<std::size_t>(*found->as_int());
        };
        tallies_.back().created += number("created");
        tallies_.back().existing += number("existing");
        return {};
    }

    /// Takes the entries that the problem names out of the part. Whether there were any.
    bool set_aside(std::string_view kind, json::Array& part, const http::ClientResponse& answer) {
        const auto problem = json::parse(answer.body);
        if (!problem) return false;
        std::set<std::size_t, std::greater<>> named;
        const json::Value* errors = problem->find("errors");
        if (errors != nullptr && errors->as_array() != nullptr) {
            for (const json::Value& error : *errors->as_array()) {
                const auto index = index_in(kind, text_of(error, "pointer"), part.size());
                if (!index) continue;
                named.insert(*index);
                refuse(kind, part[*index],
                       fmt::format("{}: {}", text_of(error, "pointer"), text_of(error, "detail")));
            }
        }
        const bool is_about_entry = answer.status == 413 || answer.status == 422;
        if (named.empty() && part.size() == 1 && is_about_entry) {
            named.insert(0);
            refuse(kind, part[0], text_of(*problem, "detail"));
        }
        for (const std::size_t index : named) {
            part.erase(part.begin() + static_cast<std::ptrdiff_t>(index));
        }
        tallies_.back().refused += named.size();
        return !named.empty();
    }

    /// 3 of "#/users/3/email".
    static std::optional<std::size_t> index_in(std::string_view kind, std::string_view pointer,
                                               std::size_t size) {
        const auto prefix = fmt::format("#/{}/", kind);
        if (!pointer.starts_with(prefix)) return std::nullopt;
        pointer.remove_prefix(prefix.size());
        std::size_t index = 0;
        const auto [end, error] =
            std::from_chars(pointer.data(), pointer.data() + pointer.size(), index);
        if (error != std::errc() || index >= size) return std::nullopt;
        return index;
    }

    void refuse(std::string_view kind, const json::Value& entry, std::string reason) {
        // "#/users/3/email: …" says nothing to who wrote the file; "email: …" does.
        const auto prefix = fmt::format("#/{}/", kind);
        if (reason.starts_with(prefix)) {
            const auto slash = reason.find_first_of("/:", prefix.size());
            if (slash != std::string::npos) reason.erase(0, slash + 1);
        }
        if (reason.starts_with(' ')) reason.erase(0, 1);
        refused_.push_back({kind, name_of(entry), std::move(reason)});
    }

    ExitCode stop(const Result<http::ClientResponse>& answer) {
        ExitCode code = exit_failed;
        if (answer) {
            code = context_.refuse(*answer);
        } else {
            context_.complain(answer.error().message);
        }
        context_.complain("stopped; the same command goes on from here");
        return code;
    }

    Context& context_;
    const std::string path_;
    const bool events_;
    std::vector<Tally> tallies_;
    std::vector<Refused> refused_;
};

std::expected<Realm, ExitCode> read_files(Context& context, const Given& given) {
    Realm realm;
    for (const auto& file : given.list("FILE")) {
        auto text = read_argument(context, file == "-" ? file : "@" + file);
        if (!text) return std::unexpected(context.wrong(text.error().message));
        const auto value = json::parse(*text);
        if (!value) {
            return std::unexpected(
                context.wrong(fmt::format("{}: {}", file, value.error().message)));
        }
        const auto read = realm.read(*value);
        if (!read) {
            return std::unexpected(
                context.wrong(fmt::format("{}: {}", file, read.error().message)));
        }
    }
    return realm;
}

/// Makes the realm unless it is there.
std::expected<void, ExitCode> require_realm(Context& context, const std::string& name,
                                            const std::string& display_name) {
    const auto found = context.send("GET", "/api/v1/realms/" + percent_encoded(name));
    if (found && found->status == 200) return {};
    if (found && found->status != 404) return std::unexpected(context.refuse(*found));
    json::Object body{{"name", name}};
    if (!display_name.empty()) body.emplace_back("display_name", display_name);
    const auto made =
        context.ask("POST", "/api/v1/realms", json::serialize(json::Value(std::move(body))));
    if (made) return {};
    return std::unexpected(made.error());
}

void show_summary(Context& context, const std::string& name, const Import& import,
                  const Realm& realm) {
    context.say(fmt::format("Realm {}:", name));
    Table table({{"", Column::Fit::whole},
                 {"CREATED", Column::Fit::whole},
                 {"WERE THERE", Column::Fit::whole},
                 {"REFUSED", Column::Fit::whole}});
    for (const Tally& tally : import.tallies()) {
        std::string kind(tally.kind);
        std::ranges::replace(kind, '_', ' ');
        table.add(
            {{kind},
             {std::to_string(tally.created)},
             {std::to_string(tally.existing)},
             {std::to_string(tally.refused), tally.refused == 0 ? Style::plain : Style::bad}});
    }
    context.show(table);
    for (const Refused& refused : import.refused()) {
        context.complain(
            fmt::format("refused: {} {}: {}", refused.kind, refused.name, refused.reason));
    }
    for (const auto& [why, names] : realm.notes) {
        context.say("");
        context.say(fmt::format("{} — {}", names.size(), why));
        for (std::size_t i = 0; i < std::min(names.size(), names_shown_max); ++i) {
            context.say("  " + names[i]);
        }
        if (names.size() > names_shown_max) {
            context.say(
                fmt::format("  … and {} more: --json lists all", names.size() - names_shown_max));
        }
    }
}

void show_summary_json(Context& context, const std::string& name, const Import& import,
                       const Realm& realm) {
    json::Object counts;
    for (const Tally& tally : import.tallies()) {
        counts.emplace_back(tally.kind, json::Object{{"created", tally.created},
                                                     {"existing", tally.existing},
                                                     {"refused", tally.refused}});
    }
    json::Array refused;
    for (const Refused& each : import.refused()) {
        refused.emplace_back(
            json::Object{{"kind", each.kind}, {"name", each.name}, {"reason", each.reason}});
    }
    json::Array notes;
    for (const auto& [why, names] : realm.notes) {
        json::Array of;
        for (const auto& each : names) of.emplace_back(each);
        notes.emplace_back(json::Object{{"note", why}, {"of", std::move(of)}});
    }
    context.show_json(json::serialize(json::Object{{"realm", name},
                                                   {"counts", std::move(counts)},
                                                   {"refused", std::move(refused)},
                                                   {"notes", std::move(notes)}}));
}

int import_realm(Context& context, const Given& given) {
    auto realm = read_files(context, given);
    if (!realm) return realm.error();
    const bool is_named = given.has("--realm") || context.connection().realm != "master";
    const std::string name = is_named ? context.connection().realm : realm->name;
    if (!is_named && name == "master") {
        return context.wrong(
            "its realm is \"master\", which administers the others here: say --realm NAME, also "
            "when it is master that you mean");
    }
    if (auto there = require_realm(context, name, realm->display_name); !there) {
        return there.error();
    }
    Import import(context, name, !given.has("--no-events"));
    if (auto done = import.run(*realm); !done) return done.error();
    if (context.connection().json()) {
        show_summary_json(context, name, import, *realm);
    } else {
        show_summary(context, name, import, *realm);
    }
    return import.refused().empty() ? exit_ok : exit_failed;
}

}  // namespace

std::vector<Verb> import_verbs() {
    return {{.group = "",
             .name = "import",
             .summary = "take over a realm that Keycloak or `postrider export` wrote",
             .arguments = {{"FILE", "", "JSON; - is standard input", Count::repeatable},
                           {"--no-events", "", "fire no event for what is imported"}},
             .examples = "postrider import shop-realm.json\n"
                         "postrider import shop-realm.json shop-users-0.json --realm acme "
                         "--no-events",
             .run = import_realm}};
}

}  // namespace postrider::cli
