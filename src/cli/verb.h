#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::cli {

class Context;

/// A flag ("--limit") or what stands by itself ("EVENT").
struct Argument {
    std::string_view name;
    std::string_view
        value;  ///< what follows a flag: "N"; empty: nothing does, or it stands by itself
    std::string_view help;
    enum class Count { optional, required, repeatable } count = Count::optional;
    /// The only values that there are, separated by spaces; empty: any.
    std::string_view choices = {};
    /// The short form: "-H" of "--header"; empty: none.
    std::string_view letter = {};

    bool is_flag() const { return name.starts_with('-'); }
    bool is_switch() const { return is_flag() && value.empty(); }
};

/// What was typed after a verb, by the argument's name.
class Given {
 public:
    bool has(std::string_view name) const { return values_.contains(name); }
    /// The last one; nullopt when it was not given.
    std::optional<std::string> text(std::string_view name) const;
    std::string text_or(std::string_view name, std::string_view otherwise) const;
    /// Every one, in order.
    std::vector<std::string> list(std::string_view name) const;
    /// Every one, split at commas too.
    std::vector<std::string> words(std::string_view name) const;
    void add(std::string_view name, std::string value);

 private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// One verb: how it is called, what help says of it, what it does.
struct Verb {
    std::string_view group;  ///< "webhook"; empty for a verb that stands by itself
    std::string_view name;
    std::string_view summary;  ///< one line, no full stop; empty: not in the help
    std::vector<Argument> arguments;
    std::string_view examples;  ///< lines, each a command
    enum class Needs {
        nothing,
        server,  ///< takes --url, --token, --realm, --json … too
        config,  ///< takes the options of `serve`
    } needs = Needs::server;
    bool is_live = false;  ///< on a terminal it goes on as with --watch, unless --once is given
    std::function<int(Context&, const Given&)> run;

    std::string words() const {
        return group.empty() ? std::string(name) : std::string(group) + " " + std::string(name);
    }
};

/// The arguments of every verb that talks to a server.
const std::vector<Argument>& server_arguments();
/// --yes, for what deletes.
std::vector<Argument> with_yes(std::vector<Argument> arguments);
/// --watch, for what changes.
std::vector<Argument> with_watch(std::vector<Argument> arguments);
/// Where and how lists are paged: --limit, --cursor, --all; and --watch.
std::vector<Argument> with_paging(std::vector<Argument> arguments);

// The parts of the table, one for each file of verbs.
std::vector<Verb> publish_verbs();
std::vector<Verb> webhook_verbs();
std::vector<Verb> event_verbs();
std::vector<Verb> delivery_verbs();
std::vector<Verb> realm_verbs();
std::vector<Verb> user_verbs();
std::vector<Verb> role_verbs();
std::vector<Verb> client_verbs();
std::vector<Verb> access_verbs();
std::vector<Verb> import_verbs();
std::vector<Verb> export_verbs();
std::vector<Verb> login_verbs();
std::vector<Verb> sign_verbs();
std::vector<Verb> tool_verbs();

}  // namespace postrider::cli
