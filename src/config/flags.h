#pragma once

#include <memory>

#include "config/config.h"

namespace CLI {
class App;
}

namespace postrider::config {

/// The options as flags of a command: makes them when constructed, has what was typed after
/// parsing. Lifetime: as long as the command parses.
class Flags {
 public:
    explicit Flags(CLI::App& command);
    ~Flags();
    Given given() const;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::config
