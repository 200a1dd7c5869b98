#include <cstdio>
#include <exception>

#include "app/maintenance.h"
#include "app/serve.h"
#include "app/version.h"
#include "cli/cli.h"

using namespace postrider;

int main(int argc, char** argv) {
    cli::Program program;
    program.version = app::version_text();
    program.serve = app::serve;
    program.maintenance = {
        {.group = "keys",
         .name = "rotate",
         .summary = "give the store a new key and seal every secret again; stop the server first",
         .examples = "postrider keys rotate --data /var/lib/postrider",
         .arguments = {},
         .run = [](const auto& config, const auto&) { return app::rotate_keys(config); }},
        {.group = "",
         .name = "backup",
         .summary = "copy the store to a new file, verified; the server may go on meanwhile",
         .examples = "postrider backup /backup/postrider-2026-11-24.db --data /var/lib/postrider",
         .arguments = {{"FILE", "", "the copy: a new file", cli::Argument::Count::required},
                       {"--check", "",
                        "copy nothing: say whether FILE is whole, what is in it, and whether the "
                        "key opens it"}},
         .run =
             [](const auto& config, const auto& given) {
                 return given.has("--check") ? app::check_backup(config, *given.text("FILE"))
                                             : app::backup(config, *given.text("FILE"));
             }},
        {.group = "",
         .name = "migrate",
         .summary = "move everything to another database, verified; stop the server first",
         .examples = "postrider migrate --to postgresql://postrider@db/postrider",
         .arguments = {{"--from", "URL", "sqlite:PATH or postgresql://… (default: --database)"},
                       {"--to", "URL", "a new, empty database", cli::Argument::Count::required}},
         .run =
             [](const auto& config, const auto& given) {
                 return app::migrate(config, given.text_or("--from", ""), *given.text("--to"));
             }},
        {.group = "",
         .name = "check-config",
         .summary = "check the configuration, find every mistake, and print what is in force",
         .examples = "postrider check-config --config /etc/postrider.toml",
         .arguments = {},
         .run = [](const auto& config, const auto&) { return app::check_config(config); }},
        {.group = "",
         .name = "routes",
         .summary = "",
         .examples = "",
         .arguments = {},
         .run = [](const auto&, const auto&) { return app::print_routes(); }},
    };
    // The last resort of the commands; the server's threads have their own (base/crash_mark.h).
    try {
        return cli::run(argc, argv, program);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "postrider: it cannot go on: %s\n", error.what());
        return 1;
    }
}
