#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "app/serve.h"
#include "config/config.h"
#include "config/flags.h"

using namespace postrider;

int main(int argc, char** argv) {
    CLI::App program("Postrider, the webhook server");
    program.require_subcommand(1);
    CLI::App* serve = program.add_subcommand("serve", "run the server");
    config::Flags flags(*serve);
    CLI::App* routes = program.add_subcommand("routes", "")->group("");
    CLI11_PARSE(program, argc, argv);
    if (*routes) return app::print_routes();
    const auto config =
        config::load(flags.given(), [](const char* name) { return std::getenv(name); });
    if (!config) {
        std::fprintf(stderr, "postrider: %s\n", config.error().message.c_str());
        return 2;
    }
    return app::serve(*config);
}
