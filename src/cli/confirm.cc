#include "cli/confirm.h"

#include <fmt/format.h>

#include "cli/text.h"

namespace postrider::cli {

std::optional<ExitCode> confirm(Context& context, const Given& given, const Deed& deed) {
    if (given.has("--yes")) return std::nullopt;
    const auto& prompt = context.terminal().prompt;
    if (!prompt) {
        return context.wrong(fmt::format("{} is not {}: nobody can be asked here, so give --yes",
                                         deed.what, deed.past));
    }
    if (!deed.consequence.empty()) context.say(deed.consequence);
    const auto answer =
        prompt(fmt::format("{} {}? [y/N] ", deed.verb, printable(deed.what)), Terminal::Echo::on);
    if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return std::nullopt;
    context.complain(fmt::format("nothing was {}", deed.past));
    return exit_failed;
}

}  // namespace postrider::cli
