#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "config/config.h"
#include "config/shown.h"

namespace postrider::cli {

/// A verb that the composition root supplies, on a stopped server's configuration: `keys rotate`,
/// `check-config`. It takes the options of `serve` and its own.
struct MaintenanceVerb {
    std::string_view group;  ///< empty: stands by itself
    std::string_view name;
    std::string_view summary;  ///< empty: not in the help
    std::string_view examples;
    std::vector<Argument> arguments;
    /// Gives the exit code; has said why it failed.
    std::function<int(const config::Config&, const Given&)> run;
};

/// What `serve` needs beside its configuration.
struct Serving {
    config::Origins origins;
    /// Reads the configuration as it is now, of the same flags and environment.
    std::function<Result<config::Config>(config::Origins&)> read_again;
};

struct Program {
    std::string version;
    std::function<int(const config::Config&, const Serving&)> serve;
    std::vector<MaintenanceVerb> maintenance;
};

/// The whole program: parses, runs one verb, gives the process' exit code.
int run(int argc, const char* const* argv, const Program& program);

}  // namespace postrider::cli
