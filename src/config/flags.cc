#include "config/flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <deque>

namespace postrider::config {

struct Flags::Impl {
    struct Flag {
        std::string name;
        std::vector<std::string> texts;
        bool on = false;
        bool repeatable = false;
        CLI::Option* option = nullptr;
    };
    std::deque<Flag> flags;  ///< the library keeps references to its elements

    void add(CLI::App& command, const OptionSpec& spec) {
        auto& flag = flags.emplace_back();
        flag.name = spec.name;
        flag.repeatable = spec.repeatable;
        std::string names = "--" + flag.name;
        std::string help = fmt::format("{} [{}]", spec.help, environment_name(spec.name));
        if (spec.value.empty()) {
            flag.option = command.add_flag(names, flag.on, help);
            return;
        }
        flag.option = command.add_option(names, flag.texts, help);
        flag.option->type_name(std::string(spec.value))->allow_extra_args(false);
    }
};

Flags::Flags(CLI::App& command) : impl_(std::make_unique<Impl>()) {
    impl_->add(command,
               {"config", "FILE", false,
                "TOML file with these options as keys, like allow_network = [\"10.0.0.0/8\"]"});
    for (const auto& spec : options()) impl_->add(command, spec);
}

Flags::~Flags() = default;

Given Flags::given() const {
    Given given;
    for (const auto& flag : impl_->flags) {
        if (flag.option->count() == 0) continue;
        if (flag.option->get_expected_max() == 0) {
            given.emplace_back(flag.name, flag.on ? "true" : "false");
        }
        // Said twice: the last one counts, as for a shell alias with a flag after it.
        auto first =
            flag.repeatable || flag.texts.empty() ? flag.texts.begin() : flag.texts.end() - 1;
        for (; first != flag.texts.end(); ++first) given.emplace_back(flag.name, *first);
    }
    return given;
}

}  // namespace postrider::config
