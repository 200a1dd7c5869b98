#pragma once

#include <algorithm>
#include <expected>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verb.h"
#include "config/config.h"
#include "http/client.h"

namespace postrider::cli {

/// Where a verb reads and writes.
struct Terminal {
    std::istream& in;
    std::ostream& out;
    std::ostream& error;
    bool is_terminal = false;  ///< of out
    std::size_t width = 0;     ///< columns; 0: no limit
    Colours colours = Colours::off;
    enum class Echo { on, off };
    /// Asks on the terminal and gives the line that was typed, nullopt at its end. Empty: nobody
    /// can be asked, standard input is no terminal.
    std::function<std::optional<std::string>(std::string_view prompt, Echo echo)> prompt = {};
    std::size_t height = 24;  ///< rows of out
    /// Waits so long; false: stop. Empty: sleeps.
    std::function<bool(Duration)> pause = {};
};

/// What is written of an answer.
enum class Output {
    table,  ///< for people; on a terminal ids are shortened
    wide,   ///< for people: every column, whole ids
    json,   ///< the API's bytes
    name,   ///< an id or a name a line, as other verbs take it
};

/// The server that verbs talk to.
struct Connection {
    http::ClientOptions client;
    std::string realm = "master";
    Output output = Output::table;
    bool json() const { return output == Output::json; }
    enum class TokenFrom {
        nowhere,
        flag,
        environment,
        context,
        file
    } token_from = TokenFrom::nowhere;
    std::string token_hint;  ///< what is said when the server does not take the token, or needs one
    std::string context;     ///< the saved one that this is, if it is one
};

/// A 2xx.
struct Answer {
    int status = 0;
    std::string body;
    json::Value value;  ///< of the body; null when there is none
};
/// An answer, or the exit code after the reason was written to Terminal::error.
using Asked = std::expected<Answer, ExitCode>;

/// What a verb works with. Thread-safety: one thread.
class Context {
 public:
    Context(Terminal terminal, config::Environment environment, const Clock& clock, Random& random)
        : terminal_(terminal),
          environment_(std::move(environment)),
          clock_(clock),
          random_(random) {}

    /// Reads --url, --token, … and their variables, and what `postrider login` saved. A flag wins
    /// over the environment, that over the current context; a context's key goes to its own server
    /// alone. Errors: one sentence, wrong usage.
    Result<void> connect(const Given& given);
    /// Before a verb runs: messages name its flags, --json and --output count. Lifetime: it
    /// outlives the context's use.
    void begin(const Verb& verb, const Given& given);

    Terminal& terminal() { return terminal_; }
    const Connection& connection() const { return connection_; }
    const config::Environment& environment() const { return environment_; }
    const Clock& clock() const { return clock_; }
    Timestamp now() const { return clock_.now(); }
    Random& random() { return random_; }

    using Headers = std::vector<std::pair<std::string, std::string>>;
    /// `path` from the root, percent-encoded.
    Asked ask(std::string_view method, std::string_view path, std::string body = {},
              Headers headers = {});
    /// The same, whatever its status, and without a word. Errors: one sentence.
    Result<http::ClientResponse> send(std::string_view method, std::string_view path,
                                      std::string body = {}, Headers headers = {});
    /// Says why an answer that is no 2xx was one.
    ExitCode refuse(const http::ClientResponse& response);
    /// Whether what was last asked may have been done although there is no answer that says so.
    bool outcome_unknown() const { return outcome_unknown_; }
    /// Waits for an answer at least so long from now on.
    void be_patient(Duration timeout) {
        connection_.client.timeout = std::max(connection_.client.timeout, timeout);
    }
    /// Waits for an answer no longer than so from now on.
    void be_quick(Duration timeout) { connection_.client.timeout = timeout; }
    /// "/api/v1/realms/master" + path.
    std::string in_realm(std::string_view path) const;

    /// Writes the API's JSON: as it came, or indented on a terminal.
    void show_json(std::string_view body);
    /// Writes an answer as JSON or as a name and returns true, when that is asked for.
    bool show_raw(const Answer& answer);
    void show(const Table& table);
    void show(const Card& card);
    void say(std::string_view line);       ///< to out, made printable
    void complain(std::string_view line);  ///< to error, with the program's name, made printable
    /// Asks whether to delete `what`, a "webhook \"shop\"", unless --yes is given; on a terminal
    /// `consequence` is said before. nullopt: yes. Else the exit code, after saying that it was not
    /// deleted; without a terminal and --yes that is wrong usage.
    std::optional<ExitCode> confirm(const Given& given, std::string_view what,
                                    std::string_view consequence = {});
    /// Says what is wrong with the arguments.
    ExitCode wrong(std::string_view sentence);

    /// Waits so long; returns false when there is to be no more of it.
    bool pause(Duration duration);
    /// Times are written as dates from now on, so that what did not change reads the same later.
    void write_dates() { writes_dates_ = true; }

    /// "3m ago" of a member that is a time; "" when it is null.
    std::string ago(const json::Value& object, std::string_view member) const;
    /// When something is to happen: "in 2h", or "due" when that time has come.
    std::string due(const json::Value& object, std::string_view member) const;
    /// With the date too.
    std::string when(const json::Value& object, std::string_view member) const;

 private:
    /// Takes the first API key of a server on this machine, if it can be read.
    void take_first_token(const std::string& folder);

    Terminal terminal_;
    config::Environment environment_;
    const Clock& clock_;
    Random& random_;
    Connection connection_;
    const Verb* verb_ = nullptr;
    bool outcome_unknown_ = false;
    bool writes_dates_ = false;
};

/// Percent-encodes everything that is not unreserved (RFC 3986).
std::string percent_encoded(std::string_view text);

/// "?a=b&c=d" of what is given; "" of nothing.
class Query {
 public:
    Query& add(std::string_view name, const std::optional<std::string>& value);
    std::string text() const { return text_; }

 private:
    std::string text_;
};

/// A string member; a number or boolean as text; a list of strings joined; "" for null or none.
std::string text_of(const json::Value& object, std::string_view member);

/// A moment as typed, as the API takes it; the exit code after saying what is wrong.
std::expected<std::optional<std::string>, ExitCode> moment(Context& context, const Given& given,
                                                           std::string_view flag);

/// What an argument names: "@file" or "-" (standard input) are read, anything else is itself.
/// Errors: invalid_argument, one sentence.
Result<std::string> read_argument(Context& context, std::string_view argument);

/// The pages of a list: one, or all with --all; as JSON or as a table of `row` for each item.
/// `text` is the item's own bytes.
using RowOf = std::function<std::vector<Cell>(const json::Value& item, std::string_view text)>;
int show_list(Context& context, const Given& given, const std::string& path, Query query,
              std::vector<Column> columns, const RowOf& row);

}  // namespace postrider::cli
