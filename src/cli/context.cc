#include "cli/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <ostream>
#include <thread>

#include "base/file.h"
#include "base/json_text.h"
#include "cli/confirm.h"
#include "cli/problem_words.h"
#include "model/limits.h"

namespace postrider::cli {

namespace {

constexpr std::size_t date_characters = 19;  ///< "2026-11-23T18:12:03"

}  // namespace

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
        complain(is_gone ? fmt::format("{}; is `postrider serve` running at {}?",
                                       response.error().message, connection_.client.base_url)
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
    if (response.status == 401) {
        complain(connection_.token_hint);
        return exit_failed;
    }
    for (const auto& line : problem_lines(response.status, response.body, verb_)) complain(line);
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
    return cli::confirm(*this, given,
                        {.verb = "Delete",
                         .past = "deleted",
                         .what = std::string(what),
                         .consequence = std::string(consequence)});
}

ExitCode Context::wrong(std::string_view sentence) {
    complain(sentence);
    return exit_wrong_usage;
}

bool Context::pause(Duration duration) {
    if (terminal_.pause) return terminal_.pause(duration);
    terminal_.out.flush();
    std::this_thread::sleep_for(duration);
    return true;
}

std::string Context::ago(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    if (time && writes_dates_) return format_rfc3339(*time).substr(0, date_characters);
    return time ? relative(*time, now()) : std::string();
}

std::string Context::due(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    if (!time) return {};
    if (writes_dates_) return format_rfc3339(*time).substr(0, date_characters);
    return *time <= now() ? "due" : relative(*time, now());
}

std::string Context::when(const json::Value& object, std::string_view member) const {
    auto time = parse_rfc3339(text_of(object, member));
    if (time && writes_dates_) return format_rfc3339(*time).substr(0, date_characters);
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

}  // namespace postrider::cli
