#include "cli/cli.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "base/mutex.h"
#include "cli/help.h"
#include "cli/program.h"
#include "http/server.h"

namespace postrider::cli {
namespace {

class FixedClock final : public Clock {
 public:
    Timestamp now() const override { return *parse_rfc3339("2026-11-23T18:12:03Z"); }
    Monotonic monotonic() const override { return {}; }
};

struct Ended {
    int code;
    std::string out, error;
};

using Variables = std::map<std::string, std::string>;

/// What somebody at a terminal types at each question, and whether it was shown.
struct Typed {
    std::vector<std::string> answers;
    std::vector<std::string> questions = {};
    std::vector<Terminal::Echo> echoes = {};
    std::size_t width = 80;
};

Ended run_with(std::vector<std::string> words, const Variables& variables = {},
               const std::string& input = "", const Program& program = {}, Typed* typed = nullptr) {
    std::istringstream in(input);
    std::ostringstream out, error;
    FixedClock clock;
    SeededRandom random(1);
    Terminal terminal{.in = in, .out = out, .error = error};
    if (typed != nullptr) {
        terminal.is_terminal = true;
        terminal.width = typed->width;
        terminal.prompt = [typed](std::string_view question,
                                  Terminal::Echo echo) -> std::optional<std::string> {
            typed->questions.emplace_back(question);
            typed->echoes.push_back(echo);
            if (typed->questions.size() > typed->answers.size()) return std::nullopt;
            return typed->answers[typed->questions.size() - 1];
        };
    }
    Context context(
        terminal,
        [&](const char* name) -> const char* {
            auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
        },
        clock, random);
    int code = run_words(context, program, std::move(words));
    return {code, out.str(), error.str()};
}

/// A server that answers everything with one thing and keeps what it was asked.
class FakeApi {
 public:
    explicit FakeApi(http::Response answer) : answer_(std::move(answer)) {
        std::vector<http::Route> routes;
        for (const char* method : {"GET", "POST", "PATCH", "PUT", "DELETE"}) {
            http::Route route;
            route.method = method;
            route.path = "/{path*}";
            route.operation = "any";
            route.body_bytes_max = std::string_view(method) == "GET" ? 0 : 1 << 20;
            route.handler = [this](http::Request& request, http::Responder responder) {
                std::string line = request.method + " " + request.path;
                for (const auto& [name, value] : request.query) line += " " + name + "=" + value;
                MutexLock lock(mutex_);
                asked_.push_back(line);
                bodies_.push_back(std::move(request.body));
                const auto* token = request.header("authorization");
                tokens_.push_back(token == nullptr ? "" : *token);
                responder.send(asked_.size() == 1 && first_ ? *first_ : answer_);
            };
            routes.push_back(std::move(route));
        }
        server_ =
            http::make_server({.address = "127.0.0.1", .port = 0}, std::move(routes), nullptr);
        EXPECT_TRUE(server_->start());
    }
    ~FakeApi() { server_->stop(SystemClock{}.monotonic()); }
    void answer_first(http::Response first) { first_ = std::move(first); }

    Ended run(std::vector<std::string> words, const std::string& input = "",
              Typed* typed = nullptr) {
        return run_with(std::move(words),
                        {{"POSTRIDER_URL", "http://127.0.0.1:" + std::to_string(server_->port())},
                         {"POSTRIDER_TOKEN", "prk_test"}},
                        input, {}, typed);
    }
    std::uint16_t port() const { return server_->port(); }
    std::vector<std::string> asked() {
        MutexLock lock(mutex_);
        return asked_;
    }
    std::vector<std::string> bodies() {
        MutexLock lock(mutex_);
        return bodies_;
    }
    std::vector<std::string> tokens() {
        MutexLock lock(mutex_);
        return tokens_;
    }

 private:
    http::Response answer_;
    std::optional<http::Response> first_;
    Mutex mutex_;
    std::vector<std::string> asked_ GUARDED_BY(mutex_), bodies_ GUARDED_BY(mutex_),
        tokens_ GUARDED_BY(mutex_);
    std::unique_ptr<http::Server> server_;
};

http::Response json_answer(std::string body, int status = 200) {
    return {.status = status, .body = std::move(body), .headers = {}};
}

http::Response problem(int status, std::string body) {
    return {.status = status,
            .content_type = "application/problem+json",
            .body = std::move(body),
            .headers = {}};
}

constexpr const char* some_id = "01930000-0000-7000-8000-000000000001";

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
             {{"webhook", "create", "u", "--nme", "x"}, "do you mean --name?"},
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

TEST(cli, serve_and_maintenance_get_their_configuration) {
    Program program;
    program.version = "1.2.3";
    std::string served;
    program.serve = [&](const config::Config& config) {
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

TEST(cli, publish_sends_the_publishers_bytes) {
    FakeApi api(json_answer(
        R"({"id":"e1","event":"order.paid","timestamp":"t","resource_id":"r","deliveries":1})",
        202));
    auto ended = api.run({"publish", "order.paid", "--resource-id", some_id, "--data", "-"},
                         "{ \"total\": 1.10,\n \"n\": 12345678901234567890123 }");
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out, "e1  order.paid  to 1 webhook\n");
    EXPECT_EQ(api.asked(), std::vector<std::string>{"POST /api/v1/realms/master/events"});
    EXPECT_EQ(api.tokens(), std::vector<std::string>{"Bearer prk_test"});
    EXPECT_EQ(api.bodies()[0], std::string(R"({"event":"order.paid","resource_id":")") + some_id +
                                   R"(","data":{"total":1.10,"n":12345678901234567890123}})");
}

TEST(cli, publish_takes_batches_in_three_forms) {
    for (const char* input :
         {"{\"event\": 1}\n\n{\"event\": 2}\r\n", "[{\"event\":1}, {\"event\":2}]",
          "{\"events\": [{\"event\":1},{\"event\":2}]}"}) {
        FakeApi api(json_answer(R"({"items":[]})", 202));
        auto ended = api.run({"publish", "--batch", "-", "--realm", "a b"}, input);
        EXPECT_EQ(ended.code, exit_ok) << ended.error;
        EXPECT_EQ(api.asked()[0], "POST /api/v1/realms/a%20b/events/batch");
        EXPECT_EQ(api.bodies()[0], R"({"events":[{"event":1},{"event":2}]})");
    }
    auto ended = run_with({"publish", "--batch", "-"}, {}, "{}\n{\n");
    EXPECT_EQ(ended.code, exit_wrong_usage);
    EXPECT_NE(ended.error.find("line 2"), std::string::npos) << ended.error;
}

TEST(cli, publish_says_when_the_outcome_is_unknown) {
    FakeApi api({.status = 502, .content_type = "text/html", .body = "<h1>", .headers = {}});
    auto ended = api.run({"publish", "a.b"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("--idempotency-key cli-"), std::string::npos) << ended.error;
    FakeApi refuses(problem(503, R"({"detail":"the server stops","request_id":"r9"})"));
    ended = refuses.run({"publish", "a.b"});
    EXPECT_EQ(ended.error, "postrider: the server stops (request r9)\n");
}

TEST(cli, problems_are_a_sentence_for_each_field) {
    FakeApi api(
        problem(422, R"({"title":"t","detail":"2 fields are wrong","request_id":"r1","errors":[
        {"pointer":"#/url","detail":"must be absolute"},{"pointer":"#/events/0","detail":"is unknown"}]})"));
    auto ended = api.run({"webhook", "create", "x"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_EQ(ended.error,
              "postrider: url: must be absolute\npostrider: events, number 1: is unknown\n");
    EXPECT_EQ(ended.out, "");
}

TEST(cli, not_found_is_three_and_nobody_there_one) {
    FakeApi api(problem(404, R"({"detail":"there is no such event"})"));
    auto ended = api.run({"event", "show", some_id});
    EXPECT_EQ(ended.code, exit_not_found);
    EXPECT_EQ(ended.error, "postrider: there is no such event\n");
    auto url = "http://127.0.0.1:" + std::to_string([] {
                   FakeApi gone(json_answer("{}"));
                   return gone.port();
               }());
    ended = run_with({"realm", "list", "--url", url, "--token", "t"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("cannot connect"), std::string::npos) << ended.error;
    EXPECT_NE(ended.error.find("is `postrider serve` running there?"), std::string::npos)
        << ended.error;
}

TEST(cli, the_token_file_goes_to_this_machine_only) {
    std::string folder = testing::TempDir() + "postrider_cli_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::ofstream(folder + "/admin-token") << "prk_file\n";
    FakeApi api(json_answer(R"({"items":[],"next_cursor":null})"));
    auto url = "http://127.0.0.1:" + std::to_string(api.port());
    EXPECT_EQ(run_with({"realm", "list", "--url", url}, {{"POSTRIDER_DATA", folder}}).code,
              exit_ok);
    EXPECT_EQ(api.tokens()[0], "Bearer prk_file");

    std::istringstream in;
    std::ostringstream out;
    FixedClock clock;
    SeededRandom random(1);
    Context elsewhere(
        {.in = in, .out = out, .error = out},
        [&](const char* name) {
            return name == std::string("POSTRIDER_DATA") ? folder.c_str() : nullptr;
        },
        clock, random);
    Given given;
    given.add("--url", "https://hooks.example.com");
    ASSERT_TRUE(elsewhere.connect(given));
    EXPECT_EQ(elsewhere.connection().client.token, "");
    given.add("--data-dir", folder);
    ASSERT_TRUE(elsewhere.connect(given));
    EXPECT_EQ(elsewhere.connection().client.token, "prk_file") << "when it is asked for by name";
    ::unlink((folder + "/admin-token").c_str());
    ::rmdir(folder.c_str());
}

TEST(cli, webhooks_are_found_by_name) {
    FakeApi api(json_answer("", 204));
    api.answer_first(json_answer(std::string(R"({"items":[{"id":"w0","name":"other"},{"id":")") +
                                 some_id + R"(","name":"shop"}],"next_cursor":null})"));
    auto ended = api.run({"webhook", "delete", "shop", "--yes"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(api.asked()[1], std::string("DELETE /api/v1/realms/master/webhooks/") + some_id);
    FakeApi two(json_answer(
        R"({"items":[{"id":"a","name":"x"},{"id":"b","name":"x"}],"next_cursor":null})"));
    EXPECT_NE(two.run({"webhook", "show", "x"}).error.find("more than one"), std::string::npos);
    EXPECT_EQ(two.run({"webhook", "show", "y"}).code, exit_not_found);
}

TEST(cli, verbs_have_the_names_of_other_programs_too) {
    struct Row {
        std::vector<std::string> words;
        const char* asked;
    };
    const std::string realm = "/api/v1/realms/master";
    for (const auto& [words, asked] :
         std::initializer_list<Row>{{{"webhooks", "ls"}, "GET /webhooks"},
                                    {{"deliveries", "list"}, "GET /deliveries"},
                                    {{"webhook", "get", some_id}, "GET /webhooks/ID"},
                                    {{"webhook", "rm", "-y", some_id}, "DELETE /webhooks/ID"},
                                    {{"user", "remove", some_id, "--yes"}, "DELETE /users/ID"},
                                    {{"api-key", "rm", some_id}, "DELETE /api-keys/ID"},
                                    {{"sessions", "delete", some_id}, "DELETE /sessions/ID"},
                                    {{"operation", "delete", some_id}, "DELETE /operations/ID"}}) {
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

TEST(cli, part_of_an_id_is_enough) {
    const std::string one = "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071";
    const std::string two = "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f9999";
    const std::string list = fmt::format(
        R"({{"items":[{{"id":"{}","name":"shop"}},{{"id":"{}","name":"billing"}}],"next_cursor":null}})",
        one, two);
    for (const char* typed :
         {"019ab1c2…6071", "019AB1C2..6071", "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f60"}) {
        FakeApi api(json_answer(R"({"id":"x"})"));
        api.answer_first(json_answer(list));
        EXPECT_EQ(api.run({"webhook", "show", typed}).code, exit_ok) << typed;
        EXPECT_EQ(api.asked()[1], "GET /api/v1/realms/master/webhooks/" + one);
    }
    FakeApi api(json_answer(list));
    auto ended = api.run({"webhook", "show", "019ab1c2"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("fits more than one webhook"), std::string::npos) << ended.error;
    ended = api.run({"webhook", "show", "biling"});
    EXPECT_EQ(ended.code, exit_not_found);
    EXPECT_NE(ended.error.find("do you mean \"billing\"?"), std::string::npos) << ended.error;
    EXPECT_EQ(api.run({"webhook", "show", "019"}).code, exit_not_found) << "three say too little";
    // The beginning of an event's id says when that was.
    EXPECT_EQ(api.run({"event", "show", "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6"}).code, exit_ok);
    EXPECT_EQ(api.asked()[api.asked().size() - 2],
              "GET /api/v1/realms/master/events limit=200 since=2025-11-23T17:28:08.270000Z "
              "until=2025-11-23T17:28:08.271000Z");
    api.run({"event", "explain"});
    EXPECT_EQ(api.asked()[api.asked().size() - 2], "GET /api/v1/realms/master/events limit=1");
    EXPECT_EQ(api.asked().back(), "GET /api/v1/realms/master/events/" + one + "/explain");
}

TEST(cli, deleting_asks_on_a_terminal) {
    for (const char* answer : {"y", "yes", "n", ""}) {
        FakeApi api(json_answer("", 204));
        Typed typed{.answers = {answer}};
        auto ended = api.run({"webhook", "delete", some_id}, "", &typed);
        bool yes = std::string_view(answer).starts_with('y');
        EXPECT_EQ(ended.code, yes ? exit_ok : exit_failed);
        EXPECT_EQ(api.asked().size(), yes ? 1u : 0u);
        EXPECT_EQ(typed.questions.size(), 1u);
    }
    FakeApi api(json_answer(R"({"name":"acme","items":[{"id":"1"}],"next_cursor":null})"));
    Typed wrong{.answers = {"acne"}};
    auto ended = api.run({"realm", "delete", "acme"}, "", &wrong);
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.out.find("1 webhook, 1 user, 1 role and 1 client"), std::string::npos)
        << ended.out;
    EXPECT_NE(api.asked().back().find("GET"), std::string::npos);
    Typed right{.answers = {"acme"}};
    EXPECT_EQ(api.run({"realm", "delete", "acme"}, "", &right).code, exit_ok);
    EXPECT_EQ(api.asked().back(), "DELETE /api/v1/realms/acme");
}

TEST(cli, a_password_is_asked_for_twice_and_not_shown) {
    FakeApi api(json_answer("", 204));
    Typed same{.answers = {"correct horse", "correct horse"}};
    EXPECT_EQ(api.run({"user", "password", some_id}, "", &same).code, exit_ok);
    EXPECT_EQ(api.bodies().back(), R"({"password":"correct horse"})");
    EXPECT_EQ(same.echoes, (std::vector{Terminal::Echo::off, Terminal::Echo::off}));
    Typed other{.answers = {"correct horse", "correct house"}};
    EXPECT_EQ(api.run({"user", "password", some_id}, "", &other).code, exit_failed);
    EXPECT_EQ(api.asked().size(), 1u);
    EXPECT_EQ(api.run({"user", "password", some_id}, "from a pipe\n").code, exit_ok);
    EXPECT_EQ(api.bodies().back(), R"({"password":"from a pipe"})");
}

TEST(cli, output_is_a_table_json_or_names) {
    const std::string list =
        R"({"items":[{"id":"019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071","webhook_id":"w","event":"order.paid",
        "state":"failed","attempts":3,"created_at":"2026-11-23T18:11:03Z","next_attempt_at":null,
        "last_outcome":{"reason":"refused_by_status","status":503}}],"next_cursor":null})";
    FakeApi api(json_answer(list));
    EXPECT_EQ(api.run({"delivery", "list", "-o", "name"}).out,
              "019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071\n");
    Typed terminal;
    auto narrow = api.run({"delivery", "list"}, "", &terminal);
    EXPECT_NE(narrow.out.find("019ab1c2…6071"), std::string::npos) << narrow.out;
    EXPECT_NE(narrow.out.find("503 refused"), std::string::npos) << narrow.out;
    EXPECT_EQ(narrow.out.find("TRIES"), std::string::npos) << narrow.out;
    std::istringstream lines(narrow.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80u) << line;
    auto wide = api.run({"delivery", "list", "-o", "wide"}, "", &terminal);
    EXPECT_NE(wide.out.find("019ab1c2-3d4e-7f50-8a1b-2c3d4e5f6071"), std::string::npos);
    EXPECT_NE(wide.out.find("TRIES"), std::string::npos) << wide.out;
    FakeApi one(json_answer(R"({"id":"w1","secret":"whsec_x","events":["*"],"url":"https://h/"})"));
    EXPECT_EQ(one.run({"webhook", "create", "https://h/", "-o", "name"}).out, "w1\n");
    EXPECT_EQ(one.run({"webhook", "secret", some_id}).out, "whsec_x\n");
}

TEST(cli, a_built_in_event_type_is_shown) {
    FakeApi api(json_answer(
        R"({"items":[{"name":"user.created","description":"A user is created.","built_in":true,"example":{"n":1.10}}]})"));
    auto ended = api.run({"event-type", "show", "user.created"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("\"n\": 1.10"), std::string::npos) << ended.out;
    EXPECT_EQ(api.asked().size(), 1u);
}

TEST(cli, webhook_edit_sends_only_what_was_given) {
    FakeApi api(json_answer(R"({"id":"w","url":"https://h/","events":["*"],"enabled":true})"));
    auto ended = api.run({"webhook", "edit", some_id, "--event", "a.b,c.*", "--event", "d.e", "-H",
                          "X-Key: v: w", "--remove-header", "X-Old", "--timeout", "default",
                          "--retry-schedule", "", "--to", "https://n/"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(
        api.bodies()[0],
        R"({"url":"https://n/","events":["a.b","c.*","d.e"],"headers":{"X-Key":"v: w","X-Old":null},)"
        R"("timeout":null,"retry_schedule":[]})");
}

TEST(cli, lists_follow_cursors_and_keep_the_apis_bytes) {
    FakeApi api(json_answer(R"({"items":[{"id":"2","data":{"n":1.10}}],"next_cursor":null})"));
    api.answer_first(json_answer(R"({"items":[{"id":"1","data":{}}],"next_cursor":"c&1"})"));
    auto ended = api.run({"event", "list", "--all", "--json", "--since", "1h", "--event", "a.b"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out,
              "{\"items\":[{\"id\":\"1\",\"data\":{}},{\"id\":\"2\",\"data\":{\"n\":1.10}}],"
              "\"next_cursor\":null}\n");
    EXPECT_EQ(
        api.asked()[1],
        "GET /api/v1/realms/master/events event=a.b since=2026-11-23T17:12:03.000000Z limit=200 "
        "cursor=c&1");
    FakeApi page(
        json_answer(R"({"items":[{"id":"1","name":"n","enabled":false,"disabled_reason":"gone",
        "events":["a.b","c.*"],"url":"https://h/","updated_at":"2026-11-23T18:10:03.000000Z"}],
        "next_cursor":"next"})"));
    ended = page.run({"webhook", "list", "--limit", "1"});
    EXPECT_EQ(ended.out,
              "ID  NAME  STATE           EVENTS    URL         CHANGED\n"
              "1   n     disabled: gone  a.b, c.*  https://h/  2m ago\n");
    EXPECT_EQ(ended.error, "there are more: --all, or --cursor next\n");
}

TEST(cli, delivery_show_is_a_readable_block_without_hostile_escapes) {
    FakeApi api(
        json_answer(R"({"id":"d","webhook_id":"w","event_id":"e","event":"a.b","resource_id":"r",
        "state":"failed","reason":"Attempt 1 failed","attempts":1,"created_at":"2026-11-23T18:11:03Z",
        "last_attempt_at":null,"next_attempt_at":null,"finished_at":null,"test":false,"attempts_log":[
        {"number":1,"started_at":"2026-11-23T18:11:03Z","outcome":{"kind":"response",
        "reason":"refused_by_status","detail":"answered 500"},"status":500,
        "request":{"url":"https://h/","headers":{"webhook-id":"e"}},"response":{"headers":[["x-a","1"]],
        "body":"oops \u001b[2J","truncated":true},"peer":"192.0.2.1:443",
        "timings":{"dns_ms":0,"connect_ms":0,"tls_ms":0,"first_byte_ms":2.5,"total_ms":3.04},
        "next_attempt_at":null}]})"));
    auto ended = api.run({"delivery", "show", some_id});
    EXPECT_EQ(ended.code, exit_ok);
    EXPECT_EQ(
        ended.out,
        "Delivery  d\nState     failed\nReason    Attempt 1 failed\nEvent     a.b  e\n"
        "Resource  r\nWebhook   w\nAttempts  1\nCreated   2026-11-23 18:11:03 UTC (1m ago)\n\n"
        "Attempt 1   2026-11-23 18:11:03 UTC (1m ago)\n"
        "  Outcome   refused_by_status 500: answered 500\n"
        "  Request   POST https://h/\n            webhook-id: e\n"
        "  Peer      192.0.2.1:443\n"
        "  Response  HTTP 500\n            x-a: 1\n"
        "  Body      oops \\u001b[2J\n            … (there was more)\n"
        "  Timings   first byte 2.5 ms, total 3.0 ms\n");
}

TEST(cli, webhook_test_fails_when_it_was_not_accepted) {
    FakeApi api(json_answer(R"({"id":"d","state":"failed","attempts_log":[]})"));
    EXPECT_EQ(api.run({"webhook", "test", some_id}).code, exit_failed);
    EXPECT_EQ(api.bodies()[0], "{}");
    FakeApi accepted(json_answer(R"({"id":"d","state":"delivered","attempts_log":[]})"));
    EXPECT_EQ(accepted.run({"webhook", "test", some_id}).code, exit_ok);
}

TEST(cli, verify_reads_a_request_or_headers_and_a_body) {
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const std::string id = "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek";
    const std::string timestamp = "webhook-timestamp: 1614265330";
    const std::string signature =
        "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const std::string body = R"({"test": 2432232314})";
    const std::string now = "2021-02-25T15:02:10Z";
    auto whole =
        "POST / HTTP/1.1\r\n" + id + "\r\n" + timestamp + "\r\n" + signature + "\r\n\r\n" + body;
    auto ended = run_with({"verify", "--secret", secret, "--now", now}, {}, whole);
    EXPECT_EQ(ended.code, exit_ok) << ended.out << ended.error;
    EXPECT_EQ(ended.out, "verified: msg_p5jXN8AQM9LWM0D4loKWxJek\n");
    ended = run_with(
        {"verify", "--secret", secret, "--now", now, "-H", id, "-H", timestamp, "-H", signature},
        {}, body);
    EXPECT_EQ(ended.code, exit_ok) << ended.out << ended.error;
    ended = run_with({"verify", "--secret", secret}, {}, whole);
    EXPECT_EQ(ended.code, exit_not_verified);
    EXPECT_NE(ended.out.find("NOT verified: the signature fits, but is"), std::string::npos)
        << ended.out;
    ended = run_with({"verify", "--secret", secret, "--now", now, "--json"}, {}, whole + "x");
    EXPECT_EQ(ended.code, exit_not_verified);
    EXPECT_TRUE(ended.out.starts_with(R"({"verified":false,"detail":")")) << ended.out;
}

TEST(cli, completion_knows_every_verb_flag_and_choice) {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        auto ended = run_with({"completion", shell});
        EXPECT_EQ(ended.code, exit_ok);
        for (const char* word : {"rotate-secret", "idempotency-key", "allow-network", "event-type",
                                 "bash zsh fish", "pending delivered failed cancelled"}) {
            EXPECT_NE(ended.out.find(word), std::string::npos) << shell << " " << word;
        }
    }
}

}  // namespace
}  // namespace postrider::cli
