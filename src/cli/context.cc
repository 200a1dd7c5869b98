#include "cli/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <ostream>

#include "base/file.h"
#include "base/json_text.h"
#include "model/limits.h"
#include "net/ip_address.h"
#include "net/url.h"

namespace postrider::cli {
namespace {

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    return text;
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

/// A place in what was sent as people say it: "events/0/data" is "events, number 1, data".
std::string spoken(std::string_view place) {
    std::string out;
    while (!place.empty()) {
        auto end = std::min(place.find('/'), place.size());
        auto word = place.substr(0, end);
        place.remove_prefix(std::min(end + 1, place.size()));
        std::size_t number = 0;
        auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), number);
        bool is_number = error == std::errc{} && rest == word.data() + word.size();
        out += out.empty() ? "" : ", ";
        out += is_number ? fmt::format("number {}", number + 1) : std::string(word);
    }
    return out;
}

}  // namespace

Result<void> Context::connect(const Given& given) {
    auto variable = [&](const char* name) {
        const char* text = environment_(name);
        return std::string(text == nullptr ? "" : text);
    };
    auto either = [&](std::string_view flag, const char* name, std::string_view otherwise) {
        if (auto text = given.text(flag)) return *text;
        auto text = variable(name);
        return text.empty() ? std::string(otherwise) : text;
    };
    connection_.output = output_of(given);
    connection_.realm = either("--realm", "POSTRIDER_REALM", "master");
    connection_.client.base_url = either("--url", "POSTRIDER_URL", "http://127.0.0.1:8080");
    connection_.client.ca_file = given.text_or("--ca-file", "");
    connection_.client.token = either("--token", "POSTRIDER_TOKEN", "");
    auto url = net::parse_url(connection_.client.base_url);
    if (!url) return fail(ErrorCode::invalid_argument, "--url: " + url.error().message);
    if (auto timeout = given.text("--request-timeout")) {
        auto duration = parse_duration(*timeout);
        if (!duration || *duration <= 0s) {
            return fail(ErrorCode::invalid_argument,
                        "--request-timeout must be a duration, like 30s");
        }
        connection_.client.timeout = *duration;
    }
    if (!connection_.client.token.empty()) return {};
    if (!given.has("--data-dir") && !is_this_machine(*url)) {
        connection_.token_hint =
            "give an API key with --token or POSTRIDER_TOKEN; the first one is in the file "
            "admin-token of the server's data folder";
        return {};
    }
    auto path =
        either("--data-dir", "POSTRIDER_DATA", config::default_data(environment_)) + "/admin-token";
    const std::string held = read_file(path, limits::cli_input_bytes_max).value_or("");
    const std::string token = trimmed(held.substr(0, held.find('\n')));
    if (!token.empty()) connection_.client.token = token;
    connection_.token_hint = fmt::format(
        "the first API key is in the file admin-token of the server's data folder: give the folder "
        "with --data-dir or POSTRIDER_DATA, or a key with --token or POSTRIDER_TOKEN; {} {}",
        path, token.empty() ? "cannot be read" : "was tried");
    return {};
}

std::string Context::in_realm(std::string_view path) const {
    return fmt::format("/api/v1/realms/{}{}", percent_encoded(connection_.realm), path);
}

Result<http::ClientResponse> Context::send(std::string_view method, std::string_view path,
                                           std::string body, Headers headers) {
    http::Client client(connection_.client);
    auto response = client.send({.method = std::string(method),
                                 .path = std::string(path),
                                 .body = std::move(body),
                                 .headers = std::move(headers)});
    outcome_unknown_ = !response && (response.error().code == ErrorCode::deadline_exceeded ||
                                     response.error().code == ErrorCode::corrupt);
    return response;
}

Asked Context::ask(std::string_view method, std::string_view path, std::string body,
                   Headers headers) {
    auto response = send(method, path, std::move(body), std::move(headers));
    if (!response) {
        // Nobody is there, or it is not known what became of it: then the reason alone.
        bool is_gone = response.error().code == ErrorCode::unavailable;
        complain(is_gone ? fmt::format("{}; is `postrider serve` running there?",
                                       response.error().message)
                         : response.error().message);
        return std::unexpected(exit_failed);
    }
    if (response->status < 200 || response->status > 299) return std::unexpected(refuse(*response));
    Answer answer{response->status, std::move(response->body), {}};
    if (answer.body.empty()) return answer;
    auto value = json::parse(answer.body, limits::json_depth_max + 8);
    if (!value) {
        complain(fmt::format("{} answered what is no JSON: is it a Postrider server?",
                             connection_.client.base_url));
        return std::unexpected(exit_failed);
    }
    answer.value = std::move(*value);
    return answer;
}

ExitCode Context::refuse(const http::ClientResponse& response) {
    // A 5xx that is no problem document is a proxy's or a crash's (promise 1).
    const auto* type = response.header("content-type");
    bool problem = type != nullptr && type->starts_with("application/problem+json");
    outcome_unknown_ = response.status >= 500 && !problem;
    if (connection_.json() && !response.body.empty()) show_json(response.body);
    for (const auto& line : problem_lines(response.status, response.body)) complain(line);
    bool hint = response.status == 401 && !connection_.token_hint.empty();
    if (hint) complain(connection_.token_hint);
    return response.status == 404 ? exit_not_found : exit_failed;
}

void Context::show_json(std::string_view body) {
    if (terminal_.is_terminal) {
        terminal_.out << printable_lines(pretty_json(body)) << '\n';
    } else {
        terminal_.out << body << (body.ends_with('\n') ? "" : "\n");
    }
}

bool Context::show_raw(const Answer& answer) {
    if (connection_.output == Output::json) {
        show_json(answer.body);
        return true;
    }
    if (connection_.output != Output::name) return false;
    auto id = text_of(answer.value, "id");
    if (id.empty()) id = text_of(answer.value, "name");
    if (!id.empty()) say(id);
    return !id.empty();
}

void Context::show(const Table& table) {
    bool compact = terminal_.width > 0 && connection_.output != Output::wide;
    // Wide lines are as long as they must be: a terminal wraps them.
    terminal_.out << table.render(compact ? terminal_.width : 0, terminal_.colours,
                                  compact ? Table::Layout::compact : Table::Layout::wide);
}

void Context::show(const Card& card) { terminal_.out << card.render(terminal_.colours); }

void Context::say(std::string_view line) { terminal_.out << printable(line) << '\n'; }

void Context::complain(std::string_view line) {
    terminal_.out.flush();
    terminal_.error << "postrider: " << printable(line) << '\n';
}

std::optional<ExitCode> Context::confirm(const Given& given, std::string_view what,
                                         std::string_view consequence) {
    if (given.has("--yes")) return std::nullopt;
    if (!terminal_.prompt) {
        return wrong(
            fmt::format("{} is not deleted: nobody can be asked here, so give --yes", what));
    }
    if (!consequence.empty()) say(consequence);
    auto answer =
        terminal_.prompt(fmt::format("Delete {}? [y/N] ", printable(what)), Terminal::Echo::on);
    if (answer && (*answer == "y" || *answer == "Y" || *answer == "yes")) return std::nullopt;
    complain("nothing was deleted");
    return exit_failed;
}

ExitCode Context::wrong(std::string_view sentence) {
    complain(sentence);
    return exit_wrong_usage;
}

std::string Context::ago(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    return time ? relative(*time, now()) : std::string();
}

std::string Context::due(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    if (!time) return {};
    return *time <= now() ? "due" : relative(*time, now());
}

std::string Context::when(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    return time ? absolute_and_relative(*time, now()) : std::string();
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (unsigned char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += static_cast<char>(c);
        } else {
            fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned>(c));
        }
    }
    return out;
}

Query& Query::add(std::string_view name, const std::optional<std::string>& value) {
    if (!value) return *this;
    text_ += text_.empty() ? '?' : '&';
    text_ += name;
    text_ += '=';
    text_ += percent_encoded(*value);
    return *this;
}

std::string text_of(const json::Value& object, std::string_view member) {
    const auto* value = object.find(member);
    if (value == nullptr || value->is_null()) return {};
    if (const auto* text = value->as_string()) return *text;
    const auto* list = value->as_array();
    if (list == nullptr) return json::serialize(*value);
    std::string joined;
    for (const auto& each : *list) {
        if (const auto* text = each.as_string()) joined += (joined.empty() ? "" : ", ") + *text;
    }
    return joined;
}

std::expected<std::optional<std::string>, ExitCode> moment(Context& context, const Given& given,
                                                           std::string_view flag) {
    auto text = given.text(flag);
    if (!text) return std::nullopt;
    auto time = parse_when(*text, context.now());
    if (time) return format_rfc3339(*time);
    return std::unexpected(context.wrong(
        fmt::format("{} \"{}\" must be a time like 2026-11-23T18:00:00Z, or how long ago, like 2h",
                    flag, *text)));
}

namespace {

/// The stream's own read catches what its buffer throws.
Result<std::string> read_input(std::istream& in) {
    std::string text;
    std::array<char, 64 * 1024> part{};
    while (in) {
        in.read(part.data(), part.size());
        text.append(part.data(), static_cast<std::size_t>(in.gcount()));
        if (text.size() > limits::cli_input_bytes_max) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("the standard input has more than {} bytes",
                                    limits::cli_input_bytes_max));
        }
    }
    if (in.bad()) return fail(ErrorCode::invalid_argument, "the standard input cannot be read");
    return text;
}

}  // namespace

Result<std::string> read_argument(Context& context, std::string_view argument) {
    if (argument == "-") return read_input(context.terminal().in);
    if (!argument.starts_with('@')) return std::string(argument);
    return read_file(std::string(argument.substr(1)), limits::cli_input_bytes_max);
}

std::vector<std::string> problem_lines(int status, std::string_view body) {
    auto parsed = json::parse(body);
    std::string detail = parsed ? text_of(*parsed, "detail") : "";
    if (detail.empty() && parsed) detail = text_of(*parsed, "title");
    if (detail.empty()) return {fmt::format("the server answered {} without a reason", status)};
    std::string id = text_of(*parsed, "request_id");
    std::vector<std::string> lines;
    const auto* errors = parsed->find("errors");
    const auto* list = errors == nullptr ? nullptr : errors->as_array();
    if (list != nullptr) {
        for (const auto& error : *list) {
            auto pointer = text_of(error, "pointer");
            auto name =
                pointer.starts_with("#/") ? spoken(pointer.substr(2)) : text_of(error, "parameter");
            if (name.empty()) name = text_of(error, "header");
            auto what = text_of(error, "detail");
            lines.push_back(name.empty() ? what : name + ": " + what);
        }
    }
    if (lines.empty()) lines.push_back(detail);
    // Who runs the server finds the line of its log by it.
    if (status >= 500 && !id.empty()) lines.back() += fmt::format(" (request {})", id);
    return lines;
}

namespace {

/// One page's `items` as JSON texts, and the cursor of the next.
struct Page {
    std::vector<std::string> items;
    std::optional<std::string> next;
};

Result<Page> split_page(std::string_view body) {
    Page page;
    POSTRIDER_ASSIGN(auto members, json::split_object(body, limits::json_depth_max + 8));
    for (const auto& member : members) {
        if (member.name == "items") {
            POSTRIDER_ASSIGN(page.items,
                             json::split_array(member.value, limits::json_depth_max + 8));
        } else if (member.name == "next_cursor" && member.value != "null") {
            POSTRIDER_ASSIGN(page.next, json::decode_string(member.value));
        }
    }
    return page;
}

}  // namespace

int show_list(Context& context, const Given& given, const std::string& path, Query query,
              std::vector<Column> columns, const RowOf& row) {
    bool all = given.has("--all");
    bool names = context.connection().output == Output::name;
    query.add("limit", all && !given.has("--limit") ? std::to_string(limits::page_size_max)
                                                    : given.text("--limit"));
    auto cursor = given.text("--cursor");
    Table table(std::move(columns));
    std::string joined;
    for (;;) {
        auto answer = context.ask("GET", path + Query(query).add("cursor", cursor).text());
        if (!answer) return answer.error();
        auto page = split_page(answer->body);
        if (!page) {
            context.complain("the server answered what is no list");
            return exit_failed;
        }
        cursor = page->next;
        if (context.connection().json() && !all) {
            context.show_json(answer->body);
            return exit_ok;
        }
        for (const auto& item : page->items) {
            if (names) {
                auto value = json::parse(item, limits::json_depth_max + 8);
                if (value) context.show_raw({200, {}, std::move(*value)});
            } else if (context.connection().json()) {
                joined += (joined.empty() ? "" : ",") + item;
            } else if (auto value = json::parse(item, limits::json_depth_max + 8)) {
                table.add(row(*value, item));
            }
        }
        if (!all || !cursor) break;
    }
    if (context.connection().json()) {
        context.show_json("{\"items\":[" + joined + "],\"next_cursor\":null}");
        return exit_ok;
    }
    if (!names && table.empty()) {
        context.complain("there are none");
        return exit_ok;
    }
    if (!names) context.show(table);
    if (cursor) {
        context.terminal().out.flush();
        context.terminal().error << "there are more: --all, or --cursor " << printable(*cursor)
                                 << '\n';
    }
    return exit_ok;
}

}  // namespace postrider::cli
