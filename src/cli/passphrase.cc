#include "cli/passphrase.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "model/limits.h"

namespace postrider::cli {

Argument passphrase_argument() {
    return {"--passphrase-file", "FILE",
            "its first line seals passwords and secrets [POSTRIDER_PASSPHRASE]"};
}

Result<std::string> read_passphrase(const Context& context, const Given& given) {
    std::string passphrase;
    if (const auto path = given.text("--passphrase-file")) {
        constexpr std::size_t bytes_max = 4096;
        POSTRIDER_ASSIGN(passphrase, read_file(*path, bytes_max));
        passphrase.erase(std::min(passphrase.find_first_of("\r\n"), passphrase.size()));
    } else if (const char* given_by_environment = context.environment()("POSTRIDER_PASSPHRASE");
               given_by_environment != nullptr && *given_by_environment != '\0') {
        passphrase = given_by_environment;
    } else {
        return std::string();
    }
    if (passphrase.size() >= limits::export_passphrase_characters_min) return passphrase;
    return fail(ErrorCode::invalid_argument,
                fmt::format("the passphrase has {} characters: it needs at least {}",
                            passphrase.size(), limits::export_passphrase_characters_min));
}

}  // namespace postrider::cli
