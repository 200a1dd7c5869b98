#pragma once

#include "config/config.h"

/// Verbs on the configuration, or on the data of a stopped server. Each gives the exit code and has
/// said why it failed.
namespace postrider::app {

/// Gives the store a new key and seals everything again.
int rotate_keys(const config::Config& config);

/// Prints the configuration in force as a TOML file, without secrets, after checking it.
/// Copies the store of `config` to a new file, verified; a server may run on it.
int backup(const config::Config& config, const std::string& destination);
/// Says whether a copy is whole, this version can read it and the configuration's key opens it.
int check_backup(const config::Config& config, const std::string& copy);
/// Moves everything from one store to another: sqlite:PATH or postgresql://….
int migrate(const config::Config& config, const std::string& from, const std::string& to);
int check_config(const config::Config& config);

/// Prints every route, `METHOD PATH operationId need` a line, of a real server on a folder of its
/// own that is removed again: the contract test holds them against api/openapi.yaml.
int print_routes();

}  // namespace postrider::app
