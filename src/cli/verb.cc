#include "cli/verb.h"

namespace postrider::cli {

std::optional<std::string> Given::text(std::string_view name) const {
    auto found = values_.find(name);
    if (found == values_.end() || found->second.empty()) return std::nullopt;
    return found->second.back();
}

std::string Given::text_or(std::string_view name, std::string_view otherwise) const {
    auto given = text(name);
    return given ? *given : std::string(otherwise);
}

std::vector<std::string> Given::list(std::string_view name) const {
    auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>{} : found->second;
}

std::vector<std::string> Given::words(std::string_view name) const {
    std::vector<std::string> words;
    for (const auto& text : list(name)) {
        for (std::size_t begin = 0; begin <= text.size();) {
            auto end = std::min(text.find(',', begin), text.size());
            if (end > begin) words.push_back(text.substr(begin, end - begin));
            begin = end + 1;
        }
    }
    return words;
}

void Given::add(std::string_view name, std::string value) {
    values_[std::string(name)].push_back(std::move(value));
}

const std::vector<Argument>& server_arguments() {
    static const std::vector<Argument> arguments = {
        {"--url", "URL", "the server (default http://127.0.0.1:8080) [POSTRIDER_URL]"},
        {"--token", "TOKEN",
         "an API key [POSTRIDER_TOKEN]; else <data>/admin-token of a server on this machine"},
        {"--context", "CONTEXT",
         "a server that `postrider login` saved (default: the current one) [POSTRIDER_CONTEXT]"},
        {"--data-dir", "DIR", "the server's data folder, for its admin-token [POSTRIDER_DATA]"},
        {"--realm", "REALM", "name or id (default master) [POSTRIDER_REALM]"},
        {"--ca-file", "FILE", "PEM of the authorities to trust (default: the system's)"},
        {"--request-timeout", "DURATION", "of one request (default 30s)"},
        {"--output", "FORMAT",
         "table, wide (every column, whole ids), json or name (default table)",
         Argument::Count::optional, "table wide json name", "-o"},
        {"--json", "", "the same as -o json"},
    };
    return arguments;
}

std::vector<Argument> with_yes(std::vector<Argument> arguments) {
    arguments.push_back({.name = "--yes", .value = "", .help = "do not ask", .letter = "-y"});
    return arguments;
}

std::vector<Argument> with_watch(std::vector<Argument> arguments) {
    arguments.push_back({.name = "--watch",
                         .value = "",
                         .help = "show it again every 2 s; in a pipe only what changed",
                         .letter = "-w"});
    return arguments;
}

std::vector<Argument> with_paging(std::vector<Argument> arguments) {
    arguments.push_back({"--limit", "N", "items of a page, at most 200 (default 50)"});
    arguments.push_back({"--cursor", "CURSOR", "go on where a page ended"});
    arguments.push_back({"--all", "", "follow the pages to the end"});
    return with_watch(std::move(arguments));
}

}  // namespace postrider::cli
