#include "cli/manual.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/help.h"
#include "config/config.h"

namespace postrider::cli {
namespace {

/// A backslash, a dash that stays one when it is copied, and what begins a request where a line
/// does.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            const bool begins_line = out.empty() || out.back() == '\n';
            if (begins_line && (c == '.' || c == '\'')) out += "\\&";
            out += c;
        }
    }
    return out;
}

std::string sentence(std::string_view text) {
    std::string out(text);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
    return out + '.';
}

void add_term(std::string& out, std::string_view term, std::string_view text) {
    out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(text));
}

/// As they are typed, one under the other.
void add_commands(std::string& out, std::string_view commands) {
    out += ".PP\n.nf\n" + escaped(commands) + "\n.fi\n";
}

void add_arguments(std::string& out, const std::vector<Argument>& arguments) {
    for (const auto& argument : arguments) {
        std::string term(argument.name);
        if (!argument.letter.empty()) term = std::string(argument.letter) + ", " + term;
        if (!argument.value.empty()) term += " " + std::string(argument.value);
        add_term(out, term, argument.help);
    }
}

void add_verb(std::string& out, const Verb& verb) {
    std::string usage = "postrider " + verb.words();
    for (const auto& argument : verb.arguments) {
        if (argument.is_flag()) continue;
        const bool is_required = argument.count == Argument::Count::required;
        usage += fmt::format(fmt::runtime(is_required ? " {}" : " [{}]"), argument.name);
    }
    out += fmt::format(".SS \"{}\"\n{}\n", escaped(usage), escaped(sentence(verb.summary)));
    add_arguments(out, verb.arguments);
    if (verb.needs == Verb::Needs::config) {
        out += ".PP\nIt takes the options of the configuration, see \\fBpostrider.toml\\fR(5).\n";
    }
    if (!verb.examples.empty()) add_commands(out, verb.examples);
}

void add_heading(std::string& out, std::string_view page, int section, std::string_view name,
                 std::string_view summary) {
    out += fmt::format(".TH {} {} \"\" Postrider \"Postrider\"\n.SH NAME\n{} \\- {}\n", page,
                       section, escaped(name), escaped(summary));
}

}  // namespace

std::string manual_page(const std::vector<Verb>& verbs) {
    std::string out;
    add_heading(out, "POSTRIDER", 1, "postrider", "webhook server, and its command line");
    out +=
        ".SH SYNOPSIS\n\\fBpostrider\\fR \\fIVERB\\fR [arguments]\n.SH DESCRIPTION\n"
        "An application publishes an event once, and every subscribed URL gets it, signed, until "
        "it is accepted. \\fBpostrider serve\\fR is the server; the other verbs talk to one, or "
        "need none. Flags go anywhere; where an id is asked for, a name does.\n.SH VERBS\n";
    for (const auto& verb : verbs) {
        if (!verb.summary.empty()) add_verb(out, verb);
    }
    out += ".SH \"FLAGS OF THE VERBS THAT TALK TO A SERVER\"\n";
    add_arguments(out, server_arguments());
    out += ".SH ENVIRONMENT\n" + escaped(environment_text()) + "\n.SH \"EXIT STATUS\"\n";
    for (const auto& [code, meaning] : exit_codes()) add_term(out, code, meaning);
    out += ".SH FILES\n";
    add_term(out, "/etc/postrider/postrider.toml", "The configuration of the packaged service.");
    add_term(out, "/var/lib/postrider",
             "Its store, the key that seals secrets in it, and the first API key.");
    out +=
        ".SH \"SEE ALSO\"\n\\fBpostrider.toml\\fR(5), \\fBsystemctl\\fR(1), "
        "\\fBjournalctl\\fR(1); the guides are served at /docs by every server.\n";
    return out;
}

std::string configuration_page() {
    std::string out;
    add_heading(out, "POSTRIDER.TOML", 5, "postrider.toml", "configuration of postrider serve");
    out +=
        ".SH DESCRIPTION\n"
        "Every option is a flag of \\fBpostrider serve\\fR, an environment variable and a key of "
        "this file; a flag wins over the variable, that over the file, the file over the default. "
        "There are no tables. \\fBpostrider check\\-config\\fR finds what is wrong in it, "
        "\\fBpostrider config\\fR prints what is in force, and "
        "\\fBpostrider config \\-\\-example\\fR a file to begin with.\n.SH OPTIONS\n";
    for (const auto& option : config::options()) {
        std::string text = sentence(option.help);
        text += fmt::format(" Flag --{}{}{}, variable {}.", option.name,
                            option.value.empty() ? "" : " ", option.value,
                            config::environment_name(option.name));
        add_term(out, config::toml_key(option.name), text);
    }
    out += ".SH \"SEE ALSO\"\n\\fBpostrider\\fR(1)\n";
    return out;
}

}  // namespace postrider::cli
