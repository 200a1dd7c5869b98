#include "cli/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <sstream>

#include "base/json_text.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

constexpr Duration interval = 2s;               ///< as watch(1); each costs the server one read
constexpr std::size_t lines_kept_max = 10'000;  ///< of a pipe; a page is 200
constexpr std::size_t rows_around = 3;          ///< of a terminal: the two above and the prompt

/// What a verb wrote.
struct Shown {
    int code = exit_ok;
    std::string out, error;
};

/// Turns a stream into a text as long as it lives.
class Capture {
 public:
    explicit Capture(std::ostream& stream) : stream_(stream), before_(stream.rdbuf()) {
        stream_.rdbuf(text_.rdbuf());
    }
    ~Capture() { stream_.rdbuf(before_); }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    std::string text() const { return text_.str(); }

 private:
    std::ostream& stream_;
    std::streambuf* before_;
    std::ostringstream text_;
};

Shown show(Context& context, const Verb& verb, const Given& given) {
    Capture out(context.terminal().out), error(context.terminal().error);
    const int code = verb.run(context, given);
    return {code, out.text(), error.text()};
}

bool is_list(const Verb& verb) {
    return std::ranges::any_of(verb.arguments, [](auto& each) { return each.name == "--limit"; });
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(std::move(line));
    return lines;
}

/// Without how its columns are aligned, which depends on the other rows.
std::string without_gaps(const std::string& line) {
    std::string out;
    for (const char c : line) {
        if (c != ' ' || !out.ends_with(' ')) out += c;
    }
    return out;
}

/// What of a list is to be written: each item that was not written like this before.
class Changes {
 public:
    /// Of a page as JSON, an item a line; of any other output its lines.
    std::vector<std::string> take(const std::string& text, Output output) {
        auto lines = output == Output::json ? items_of(text) : lines_of(text);
        const bool has_titles = output == Output::table || output == Output::wide;
        std::vector<std::string> fresh;
        // The newest come first in a list; what follows each other is written in that order.
        std::reverse(lines.begin() + (has_titles && !lines.empty() ? 1 : 0), lines.end());
        if (seen_.size() > lines_kept_max) seen_.clear();
        for (auto& line : lines) {
            if (seen_.insert(without_gaps(line)).second) fresh.push_back(std::move(line));
        }
        return fresh;
    }

 private:
    static std::vector<std::string> items_of(const std::string& text) {
        const auto members = json::split_object(text, limits::json_depth_max + 8);
        if (!members) return {};
        for (const auto& member : *members) {
            if (member.name != "items") continue;
            auto items = json::split_array(member.value, limits::json_depth_max + 8);
            return items ? *items : std::vector<std::string>{};
        }
        return {};
    }

    std::set<std::string> seen_;
};

/// On a terminal: the screen is one answer.
void redraw(Context& context, const Verb& verb, const std::string& text) {
    auto& out = context.terminal().out;
    out << "\x1b[H\x1b[2J"
        << paint(fmt::format("postrider {}, {} UTC; end with Ctrl-C", verb.words(),
                             format_rfc3339(context.now()).substr(11, 8)),
                 Style::dim, context.terminal().colours)
        << "\n\n"
        << text << std::flush;
}

}  // namespace

int watch(Context& context, const Verb& verb, const Given& typed) {
    Given given = typed;
    for (const char* flag : {"--all", "--cursor"}) {
        if (typed.has(flag)) {
            return context.wrong(fmt::format("--watch shows the newest: leave {} out", flag));
        }
    }
    const auto& terminal = context.terminal();
    const bool is_screen = terminal.is_terminal && !context.connection().json();
    if (is_list(verb) && is_screen && !typed.has("--limit")) {
        const auto rows = std::max(terminal.height, rows_around + 1) - rows_around;
        given.add("--limit", std::to_string(std::min<std::size_t>(rows, limits::page_size_max)));
    }
    if (!is_screen) context.write_dates();
    Changes changes;
    std::string last, complaint;
    for (bool is_first = true;; is_first = false) {
        const auto shown = show(context, verb, given);
        const bool failed = shown.code != exit_ok;
        // "there are no webhooks" and "there are more" are said of a list that is looked at once.
        if (failed && (is_first || shown.error != complaint)) {
            context.terminal().error << shown.error << std::flush;
        }
        if (failed && is_first) {
            context.terminal().out << shown.out;
            return shown.code;
        }
        complaint = failed ? shown.error : "";
        if (!failed && is_screen) {
            redraw(context, verb, shown.out.empty() ? shown.error : shown.out);
        }
        if (!failed && !is_screen && is_list(verb)) {
            for (const auto& line : changes.take(shown.out, context.connection().output)) {
                terminal.out << line << '\n';
            }
        } else if (!failed && !is_screen && shown.out != last) {
            terminal.out << shown.out;
        }
        if (!failed) last = shown.out;
        terminal.out << std::flush;
        if (!context.pause(interval)) return exit_ok;
    }
}

}  // namespace postrider::cli
