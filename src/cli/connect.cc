// Which server a verb talks to, and with which key.
#include <fmt/format.h>

#include "base/file.h"
#include "cli/context.h"
#include "cli/saved_contexts.h"
#include "model/limits.h"
#include "net/ip_address.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

using TokenFrom = Connection::TokenFrom;

constexpr std::string_view default_url = "http://127.0.0.1:8080";

std::string first_line(const std::string& text) {
    auto line = text.substr(0, text.find('\n'));
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    return line;
}

/// Whether it is this machine: the first token of a server must not go anywhere else by itself.
bool is_this_machine(const net::Url& url) {
    if (url.host == "localhost" || url.host == "::1") return true;
    auto address = net::IpAddress::parse(url.host);
    return address && !address->is_v6 && address->bytes[0] == 127;
}

Output output_of(const Given& given) {
    if (given.has("--json")) return Output::json;
    auto format = given.text_or("--output", "table");
    return format == "json"   ? Output::json
           : format == "name" ? Output::name
           : format == "wide" ? Output::wide
                              : Output::table;
}

/// What was typed and what is in the environment.
class Said {
 public:
    Said(const Given& given, const config::Environment& environment)
        : given_(given), environment_(environment) {}

    std::string variable(const char* name) const {
        const char* text = environment_(name);
        return text == nullptr ? "" : text;
    }
    std::string flag(std::string_view name) const { return given_.text_or(name, ""); }
    /// The context that a flag names beats the variables; one that a variable names does not.
    bool names_context() const { return !flag("--context").empty(); }
    std::string context() const {
        return names_context() ? flag("--context") : variable("POSTRIDER_CONTEXT");
    }
    /// The flag, or the variable where no --context is typed.
    std::string either(std::string_view name, const char* variable_name) const {
        auto text = flag(name);
        return text.empty() && !names_context() ? variable(variable_name) : text;
    }
    std::string url() const { return either("--url", "POSTRIDER_URL"); }
    std::string token() const { return either("--token", "POSTRIDER_TOKEN"); }
    std::string data() const { return either("--data-dir", "POSTRIDER_DATA"); }

 private:
    const Given& given_;
    const config::Environment& environment_;
};

bool is_same_server(std::string_view a, std::string_view b) {
    const auto first = net::parse_url(a), second = net::parse_url(b);
    return first && second && *first == *second;
}

/// The saved server that is meant: the one that is named, or the current one when nothing else says
/// where to go. Errors: one sentence.
Result<std::optional<SavedContext>> saved_context(const Said& said,
                                                  const config::Environment& environment) {
    const bool is_named = !said.context().empty();
    const bool is_elsewhere = (!said.url().empty() && !said.token().empty()) ||
                              (said.url().empty() && !said.data().empty());
    if (!is_named && is_elsewhere) return std::nullopt;
    POSTRIDER_ASSIGN(const auto contexts, SavedContexts::load(environment));
    const auto* found = is_named ? contexts.find(said.context()) : contexts.current();
    if (is_named && found == nullptr) {
        return fail(ErrorCode::invalid_argument, contexts.unknown(said.context()));
    }
    if (found == nullptr) return std::nullopt;
    if (!said.url().empty() && !is_same_server(said.url(), found->url)) return std::nullopt;
    return *found;
}

}  // namespace

void Context::begin(const Verb& verb, const Given& given) {
    verb_ = &verb;
    connection_.output = output_of(given);
}

Result<void> Context::connect(const Given& given) {
    const Said said(given, environment_);
    POSTRIDER_ASSIGN(const auto saved, saved_context(said, environment_));
    auto first_of = [](std::initializer_list<std::string> texts) {
        for (const auto& text : texts) {
            if (!text.empty()) return text;
        }
        return std::string();
    };
    auto& client = connection_.client;
    connection_.context = saved ? saved->name : "";
    connection_.realm =
        first_of({said.either("--realm", "POSTRIDER_REALM"), saved ? saved->realm : "", "master"});
    client.base_url = first_of({said.url(), saved ? saved->url : "", std::string(default_url)});
    client.ca_file = first_of({said.flag("--ca-file"), saved ? saved->ca_file : ""});
    client.token = first_of({said.token(), saved ? saved->token : ""});
    const auto url = net::parse_url(client.base_url);
    if (!url) return fail(ErrorCode::invalid_argument, "--url: " + url.error().message);
    if (auto timeout = given.text("--request-timeout")) {
        auto duration = parse_duration(*timeout);
        if (!duration || *duration <= 0s) {
            return fail(ErrorCode::invalid_argument,
                        "--request-timeout must be a duration, like 30s");
        }
        client.timeout = *duration;
    }
    if (!client.token.empty()) {
        connection_.token_from = !said.flag("--token").empty() ? TokenFrom::flag
                                 : said.token().empty()        ? TokenFrom::context
                                                               : TokenFrom::environment;
    } else if (given.has("--data-dir") || is_this_machine(*url)) {
        take_first_token(first_of({said.data(), config::default_data(environment_)}));
        return {};
    }
    const auto whose = connection_.token_from == TokenFrom::flag          ? "--token"
                       : connection_.token_from == TokenFrom::environment ? "POSTRIDER_TOKEN"
                                                                          : "the context";
    connection_.token_hint =
        client.token.empty()
            ? "this needs an API key: `postrider login` keeps one, --token and POSTRIDER_TOKEN "
              "give "
              "one; the first one is in the file admin-token of the server's data folder"
            : fmt::format("the API key of {} is unknown, expired or revoked", whose);
    if (connection_.token_from == TokenFrom::context) {
        connection_.token_hint += fmt::format("; `postrider login {} --name {}` takes another one",
                                              client.base_url, connection_.context);
    }
    return {};
}

void Context::take_first_token(const std::string& folder) {
    const auto path = folder + "/admin-token";
    connection_.client.token =
        first_line(read_file(path, limits::cli_input_bytes_max).value_or(""));
    const bool is_there = !connection_.client.token.empty();
    if (is_there) connection_.token_from = TokenFrom::file;
    connection_.token_hint = fmt::format(
        "the first API key is in the file admin-token of the server's data folder: give the folder "
        "with --data-dir or POSTRIDER_DATA, or a key with --token or POSTRIDER_TOKEN; {} {}",
        path, is_there ? "was tried" : "cannot be read");
}

}  // namespace postrider::cli
