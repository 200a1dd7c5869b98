#include "cli/fake_api_test.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

TEST(cli, wrong_usage_is_one_sentence_and_two) {
    struct Row {
        std::vector<std::string> words;
        const char* says;
    };
    for (const auto& [words, says] : std::initializer_list<Row>{
             {{"srve"}, "do you mean serve"},
             {{"webhok", "list"}, "do you mean webhook"},
             {{"webhook", "lsit"}, "do you mean list"},
             {{"xyzzy"}, "\"xyzzy\" is no verb; see postrider --help"},
             {{"webhook", "listt"}, "do you mean list"},
             {{"list"}, "\"list\" needs to know of what, like postrider webhook list"},
             {{"--realm", "x"}, "--realm needs a verb"},
             {{"--colour", "publish"}, "--colour needs a verb"},
             {{"--realm", "x", "publish"}, "takes an EVENT"},
             {{"webhook", "create", "u", "--nme", "x"}, "take --nme; do you mean --name?"},
             {{"webhoks", "ls"}, "do you mean webhook?"},
             {{"webhook", "remov", "x"}, "do you mean delete?"},
             {{"webhook", "recovr", "x"}, "do you mean recover?"},
             {{"user", "lst"}, "do you mean list?"},
             {{"publsh"}, "do you mean publish?"},
             {{"sign"}, "sign needs --secret"},
             {{"sign", "--secret", "whpk_x"}, "does not sign"},
             {{"webhook", "list", "--watch", "--all"}, "leave --all out"},
             {{"webhook", "list", "--context", "prd"}, "there is no context \"prd\""},
             {{"login", "https://h", "--url", "https://h"}, "takes the URL once"},
             {{"login"}, "login needs an API key"},
             {{"webhook", "list", "--relam", "x"}, "do you mean --realm?"},
             {{"delivery", "list", "--state", "faild"}, "do you mean failed?"},
             {{"webhook", "list", "-o", "yaml"}, "must be one of: table wide json name"},
             {{"listen", "--forward-to", "localhost:8000"}, "--forward-to"},
             {{"webhook", "delete", some_id},
              "is not deleted: nobody can be asked here, so give --yes"},
             {{"realm", "delete", "acme"},
              "is not deleted: nobody can be asked here, so give --yes"},
             {{"publish"}, "takes an EVENT"},
             {{"publish", "a.b", "--batch", "f"}, "takes an EVENT"},
             {{"publish", "--batch", "f", "--data", "{}"}, "--data does not go with --batch"},
             {{"publish", "a.b", "--data", "{"}, "--data is no JSON"},
             {{"publish", "a.b", "--data", "[1]"}, "must be a JSON object"},
             {{"publish", "a.b", "--data", "@/nowhere"}, "\"/nowhere\" cannot be read"},
             {{"publish", "a.b", "--data", "@/"}, "\"/\" cannot be read: it is a folder"},
             {{"import", "/"}, "/: there is no file of a realm in this folder"},
             {{"publish", "a.b", "--colour"}, "does not take --colour"},
             {{"publish", "a.b", "c.d"}, "does not take c.d"},
             {{"webhook", "create"}, "needs URL"},
             {{"webhook", "edit", "x"}, "at least one thing"},
             {{"webhook", "create", "u", "-H", "nonsense"}, "--header"},
             {{"webhook", "recover", "x"}, "needs --since"},
             {{"webhook", "recover", "x", "--since", "noon"}, "--since \"noon\""},
             {{"delivery", "list", "--state", "lost"}, "must be one of: pending delivered"},
             {{"event", "list", "--since"}, "--since"},
             {{"event", "list", "--url", "x"}, "--url"},
             {{"realm", "list", "--request-timeout", "x"}, "--request-timeout"},
             {{"completion", "csh"}, "must be one of: bash zsh fish"},
             {{"verify"}, "needs --secret"},
             {{"verify", "--secret", "short"}, "--secret"},
             {{"listen", "--port", "70000"}, "--port"},
             {{"listen", "--path", "x"}, "--path"},
             {{"listen", "--status", "42"}, "--status"},
             {{"listen", "--delay", "2"}, "--delay"},
             {{"listen", "--address", "example.com"}, "--address"},
             {{"listen", "--count", "0"}, "--count"},
             {{"serve", "--listen", "x"}, "--listen \"x\" must be"},
             {{"serve", "stray"}, "stray"}}) {
        auto ended = run_with(words, {{"HOME", "/home/x"}});
        EXPECT_EQ(ended.code, exit_wrong_usage) << ended.error;
        EXPECT_EQ(ended.out, "");
        EXPECT_NE(ended.error.find(says), std::string::npos) << ended.error;
        EXPECT_EQ(std::ranges::count(ended.error, '\n'), 1) << ended.error;
        EXPECT_TRUE(ended.error.starts_with("postrider: ")) << ended.error;
    }
}

TEST(cli, every_verb_has_a_summary_an_example_and_help) {
    auto verbs = all_verbs({});
    auto help = run_with({"--help"});
    EXPECT_EQ(help.code, exit_ok);
    std::set<std::string> seen;
    for (const auto& verb : verbs) {
        auto words = verb.words();
        EXPECT_TRUE(seen.insert(words).second) << words;
        EXPECT_FALSE(verb.summary.empty()) << words;
        EXPECT_FALSE(verb.summary.ends_with('.')) << words;
        EXPECT_NE(verb.examples.find(words), std::string_view::npos) << words;
        EXPECT_NE(help.out.find("  " + words), std::string::npos) << words;
        std::set<std::string_view> names;
        for (const auto& argument : verb.arguments) {
            EXPECT_TRUE(names.insert(argument.name).second) << words << " " << argument.name;
            EXPECT_FALSE(argument.help.empty()) << words << " " << argument.name;
        }
        if (verb.needs == Verb::Needs::server) {
            for (const auto& argument : server_arguments()) {
                EXPECT_TRUE(names.insert(argument.name).second) << words << " " << argument.name;
            }
        }
        std::vector<std::string> ask;
        if (!verb.group.empty()) ask.emplace_back(verb.group);
        ask.emplace_back(verb.name);
        ask.emplace_back("--help");
        auto own = run_with(ask);
        EXPECT_EQ(own.code, exit_ok);
        EXPECT_NE(own.out.find("postrider " + words), std::string::npos) << own.out;
        std::istringstream lines(own.out + help.out);
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("  postrider ")) continue;  // examples are one line each
            EXPECT_LE(display_width(line), 80u) << line;
        }
    }
    EXPECT_NE(run_with({"help", "webhook", "create"}).out.find("--signing"), std::string::npos);
    EXPECT_NE(run_with({"webhook", "--help"}).out.find("rotate-secret"), std::string::npos);
    EXPECT_EQ(run_with({"webhook"}).code, exit_wrong_usage);
    EXPECT_EQ(run_with({}).code, exit_wrong_usage);
}

TEST(cli, the_manual_has_every_verb_and_every_option) {
    const std::string page = run_with({"__manual"}).out;
    EXPECT_NE(page.find(".SS \"postrider webhook create URL\""), std::string::npos);
    EXPECT_NE(page.find("\\fB\\-\\-event EVENT\\fR"), std::string::npos)
        << page.substr(page.find("webhook create"), 500);
    EXPECT_EQ(page.find("\n.\n"), std::string::npos);
    const std::string file = run_with({"__manual", "postrider.toml"}).out;
    for (const auto& option : config::options()) {
        EXPECT_NE(file.find("\\fB" + config::toml_key(option.name) + "\\fR"), std::string::npos)
            << option.name;
    }
}

TEST(cli, serve_and_maintenance_get_their_configuration) {
    Program program;
    program.version = "1.2.3";
    std::string served;
    program.serve = [&](const config::Config& config, const auto&) {
        served = config.data;
        return 7;
    };
    program.maintenance = {{"keys",
                            "rotate",
                            "seal with a new key",
                            "postrider keys rotate",
                            {{"--yes", "", "do not ask"}},
                            [&](const config::Config& config, const Given& given) {
                                return config.listen.port == 9 && given.has("--yes") ? 8 : 1;
                            }}};
    EXPECT_EQ(run_with({"serve", "--data", "/d"}, {}, "", program).code, 7);
    EXPECT_EQ(served, "/d");
    EXPECT_EQ(
        run_with({"keys", "rotate", "--yes", "--listen", "127.0.0.1:9"}, {}, "", program).code, 8);
    EXPECT_EQ(run_with({"--version"}, {}, "", program).out, "postrider 1.2.3\n");
}

TEST(cli, verbs_have_the_names_of_other_programs_too) {
    struct Row {
        std::vector<std::string> words;
        const char* asked;
    };
    const std::string realm = "/api/v1/realms/master";
    for (const auto& [words, asked] : std::initializer_list<Row>{
             {{"webhooks", "ls"}, "GET /webhooks"},
             {{"deliveries", "list"}, "GET /deliveries"},
             {{"webhook", "get", some_id}, "GET /webhooks/ID"},
             {{"webhook", "rm", "-y", some_id}, "DELETE /webhooks/ID"},
             {{"user", "remove", some_id, "--yes"}, "DELETE /users/ID"},
             {{"api-key", "rm", some_id, "-y"}, "DELETE /api-keys/ID"},
             {{"sessions", "delete", some_id, "--yes"}, "DELETE /sessions/ID"},
             {{"operation", "delete", some_id, "--yes"}, "DELETE /operations/ID"}}) {
        FakeApi api(json_answer(R"({"items":[],"next_cursor":null})"));
        auto ended = api.run(words);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        std::string expected = asked;
        expected.insert(expected.find('/'), realm);
        if (auto at = expected.find("ID"); at != std::string::npos)
            expected.replace(at, 2, some_id);
        EXPECT_NE(api.asked().back().find(expected), std::string::npos) << api.asked().back();
    }
}

TEST(cli, flags_of_the_server_go_anywhere) {
    for (const auto& words : std::initializer_list<std::vector<std::string>>{
             {"--realm", "acme", "--json", "webhook", "list"},
             {"webhook", "--realm=acme", "-o", "json", "list"},
             {"webhook", "list", "--realm", "acme", "--json"}}) {
        FakeApi api(json_answer(R"({"items":[],"next_cursor":null})"));
        auto ended = api.run(words);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        EXPECT_EQ(api.asked()[0], "GET /api/v1/realms/acme/webhooks");
        EXPECT_EQ(ended.out, "{\"items\":[],\"next_cursor\":null}\n");
    }
}

TEST(cli, help_is_as_wide_as_the_terminal) {
    for (std::size_t width : {40u, 60u, 80u, 100u}) {
        for (const auto& verb : all_verbs({})) {
            Typed terminal{.answers = {}, .width = width};
            std::vector<std::string> words;
            if (!verb.group.empty()) words.emplace_back(verb.group);
            words.emplace_back(verb.name);
            words.emplace_back("--help");
            auto ended = run_with(words, {}, "", {}, &terminal);
            std::istringstream lines(ended.out);
            for (std::string line; std::getline(lines, line);) {
                // A word is not broken, and a quoted one neither.
                const bool is_word = line.find_first_not_of(' ') != std::string::npos &&
                                     line.find_last_of(" '") <= 30;
                if (line.find('\'') != std::string::npos || is_word || line.ends_with('\\'))
                    continue;
                EXPECT_LE(display_width(line), width + 2) << line;
            }
        }
    }
}

}  // namespace
}  // namespace postrider::cli
