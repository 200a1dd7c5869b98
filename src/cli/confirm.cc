#include "cli/confirm.h"

#include <fmt/format.h>

#include "cli/text.h"

namespace postrider::cli {

bool says_yes(Context& context, const std::string& question) {
    const auto answer = context.terminal().prompt(question + " [y/N] ", Terminal::Echo::on);
    return answer && (*answer == "y" || *answer == "Y" || *answer == "yes");
}

std::optional<ExitCode> confirm(Context& context, const Given& given, const Deed& deed) {
    if (given.has("--yes")) return std::nullopt;
    if (!context.terminal().prompt) {
        return context.wrong(fmt::format("{} is not {}: nobody can be asked here, so give --yes",
                                         deed.what, deed.past));
    }
    if (!deed.consequence.empty()) context.say(deed.consequence);
    if (says_yes(context, fmt::format("{} {}?", deed.verb, printable(deed.what)))) {
        return std::nullopt;
    }
    context.complain(fmt::format("nothing was {}", deed.past));
    return exit_failed;
}

}  // namespace postrider::cli
