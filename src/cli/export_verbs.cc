#include <fmt/format.h>

#include "cli/context.h"
#include "cli/passphrase.h"
#include "cli/private_file.h"
#include "cli/realm_export.h"

namespace postrider::cli {
namespace {

int export_realm(Context& context, const Given& given) {
    std::string passphrase;
    const bool has_secrets = given.has("--with-secrets");
    if (has_secrets) {
        auto read = read_passphrase(context, given);
        if (!read) return context.wrong(read.error().message);
        if (read->empty()) {
            return context.wrong(
                "--with-secrets seals them with a passphrase: say --passphrase-file FILE");
        }
        passphrase = std::move(*read);
    }
    RealmExport run(context,
                    has_secrets ? RealmExport::Secrets::sealed : RealmExport::Secrets::left_out,
                    std::move(passphrase));
    const auto realm = run.run();
    if (!realm) return realm.error();
    const auto text = json::serialize_pretty(*realm) + "\n";
    const auto path = given.text("--out");
    if (!path) {
        context.terminal().out << (context.terminal().is_terminal ? printable_lines(text) : text);
        // Beside the file on standard output there is no other place for it.
        for (const std::string& sentence : run.omissions()) context.complain(sentence);
        return exit_ok;
    }
    const auto written = write_private_file(*path, text, Existing::refused);
    if (!written) {
        context.complain(written.error().message);
        return exit_failed;
    }
    context.say(
        fmt::format("{} has the realm {}: settings, event types, webhooks, roles, clients "
                    "and users.",
                    *path, text_of(*realm, "realm")));
    for (const std::string& sentence : run.omissions()) context.say(sentence);
    return exit_ok;
}

}  // namespace

std::vector<Verb> export_verbs() {
    return {{.group = "",
             .name = "export",
             .summary = "write a realm as JSON: its users, roles, clients, settings and webhooks",
             .arguments = {{"--out", "FILE", "a new file (default: standard output)"},
                           {"--with-secrets", "",
                            "passwords and secrets too, sealed with a passphrase"},
                           passphrase_argument()},
             .examples = "postrider export --realm acme --out acme.json\n"
                         "postrider export --realm acme --out acme.json --with-secrets "
                         "--passphrase-file passphrase.txt",
             .run = export_realm}};
}

}  // namespace postrider::cli
