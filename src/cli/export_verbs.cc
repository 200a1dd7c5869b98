#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "cli/context.h"
#include "cli/passphrase.h"
#include "cli/realm_export.h"

namespace postrider::cli {
namespace {

/// For its owner alone: it is full of people's names. Errors: one sentence.
Result<void> write_file(const std::string& path, std::string_view text) {
    const auto failed = [&] {
        return fail(ErrorCode::unavailable,
                    fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
    };
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return failed();
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0) {
            const auto result = failed();
            ::close(file);
            return result;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::close(file) != 0) return failed();
    return {};
}

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
    const auto written = write_file(*path, text);
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
