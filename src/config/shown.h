#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

/// What an operator sees of the configuration, and what of it may change while the server runs.
namespace postrider::config {

/// Where each option was said, by its name: "--listen", "POSTRIDER_LISTEN",
/// "/etc/postrider.toml, line 3". An option at its default is not in it.
using Origins = std::map<std::string, std::string, std::less<>>;

/// load() that also fills `origins`.
Result<Config> load(const Given& flags, const Environment& environment, Origins& origins);

/// to_toml() with a comment to each option that says where its value came from and whether a
/// running server takes another one, those without a value among them.
std::string to_toml(const Config& config, const Origins& origins);
/// A file to begin with: every option with what it means, commented out, with its default or, where
/// it has none, an example. `data`: the folder that it names, which is not commented out.
std::string example_toml(const std::string& data);

/// What a reload came to, by the keys of the file.
struct Reload {
    std::vector<std::string> changed;
    std::vector<std::string> at_next_start;  ///< these differ, and need one
};
/// Gives `running` what of `fresh` a running server can take.
Reload reload(Config& running, const Config& fresh);

}  // namespace postrider::config
