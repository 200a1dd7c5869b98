#include "config/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "config/flags.h"
#include "config/options.h"
#include "config/shown.h"
#include "config/toml_file.h"

namespace postrider::config {
namespace {

using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables) {
    return [variables = std::move(variables)](const char* name) -> const char* {
        auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    };
}

/// A file that is gone when the test ends.
class File {
 public:
    explicit File(const std::string& text) {
        int descriptor = ::mkstemp(path_.data());
        ::close(descriptor);
        std::ofstream(path_, std::ios::binary) << text;
    }
    ~File() { ::unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

 private:
    std::string path_ = testing::TempDir() + "postrider_config_XXXXXX";
};

const Variables home = {{"HOME", "/home/someone"}};

TEST(config, defaults) {
    auto config = load({}, environment(home));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->data, "/home/someone/.local/share/postrider");
    EXPECT_EQ(config->database_path, config->data + "/postrider.db");
    EXPECT_EQ(config->key_file, config->data + "/key");
    EXPECT_EQ(config->listen.to_string(), "127.0.0.1:8080");
    EXPECT_EQ(config->origin(8080), "http://127.0.0.1:8080");
    EXPECT_EQ(config->payload_bytes_max, 256u * 1024);
    Duration all{0};
    for (auto wait : config->retry_schedule) all += wait;
    EXPECT_EQ(all, 75h + 35min + 5s);
}

TEST(config, default_data_is_the_first_known_place) {
    EXPECT_EQ(default_data(environment({{"STATE_DIRECTORY", "/var/lib/postrider:/x"},
                                        {"XDG_DATA_HOME", "/xdg"},
                                        {"HOME", "/h"}})),
              "/var/lib/postrider");
    EXPECT_EQ(default_data(environment({{"XDG_DATA_HOME", "/xdg"}, {"HOME", "/h"}})),
              "/xdg/postrider");
    EXPECT_EQ(default_data(environment({{"XDG_DATA_HOME", "relative"}, {"HOME", "/"}})),
              "./postrider-data");
    EXPECT_EQ(default_data(environment({})), "./postrider-data");
}

TEST(config, flag_wins_over_environment_over_file) {
    File file("timeout = \"1s\"\npayload_bytes_max = 2048\nlog_level = 'debug'\n");
    auto config =
        load({{"config", file.path()}, {"timeout", "3s"}},
             environment({{"POSTRIDER_TIMEOUT", "2s"}, {"POSTRIDER_LOG_LEVEL", "error"}}));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(config->timeout, 3s);
    EXPECT_EQ(config->log_level, LogLevel::error);
    EXPECT_EQ(config->payload_bytes_max, 2048u);
}

TEST(config, lists_by_repetition_commas_and_toml) {
    auto config = load({{"allow-network", "10.0.0.0/8,fd00::/8"}, {"allow-network", "127.0.0.0/8"}},
                       environment({{"POSTRIDER_RETRY_SCHEDULE", "1s, 2m"}}));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->allow_networks,
              (std::vector<std::string>{"10.0.0.0/8", "fd00::/8", "127.0.0.0/8"}));
    EXPECT_EQ(config->retry_schedule, (std::vector<Duration>{1s, 2min}));
    File file("retry_schedule = []\nallow_network = [\n  '10.0.0.0/8', # the office\n]\n");
    config = load({}, environment({{"POSTRIDER_CONFIG", file.path()}}));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_TRUE(config->retry_schedule.empty());
    EXPECT_EQ(config->allow_networks, std::vector<std::string>{"10.0.0.0/8"});
}

TEST(config, refuses_values_with_one_sentence_that_names_the_option) {
    struct Row {
        const char* name;
        const char* value;
    };
    for (auto [name, value] : std::initializer_list<Row>{{"listen", "8080"},
                                                         {"listen", ":8080"},
                                                         {"listen", "example.com:80"},
                                                         {"listen", "127.0.0.1:70000"},
                                                         {"listen", "::1:80"},
                                                         {"listen", ""},
                                                         {"database", "mysql://h/d"},
                                                         {"database", "sqlite:"},
                                                         {"database", "/x.db"},
                                                         {"data", ""},
                                                         {"public-url", "hooks.example.com"},
                                                         {"public-url", "https://"},
                                                         {"public-url", "https://h/?q"},
                                                         {"dns-servers", "one.example"},
                                                         {"payload-bytes-max", "2MiB"},
                                                         {"payload-bytes-max", "512kb"},
                                                         {"payload-bytes-max", "1"},
                                                         {"disk-reserve", "1KiB"},
                                                         {"retry-schedule", "5s,1d1h"},
                                                         {"retry-schedule", "25h"},
                                                         {"retry-schedule", "0s"},
                                                         {"timeout", "31s"},
                                                         {"timeout", "15"},
                                                         {"log-level", "verbose"},
                                                         {"log-format", "xml"},
                                                         {"allow-http", "maybe"},
                                                         {"allow-network", "10.0.0.0/33"},
                                                         {"allow-network", "10.0.0.1/8,ten"}}) {
        auto config = load({{name, value}}, environment(home));
        ASSERT_FALSE(config) << name << " " << value;
        EXPECT_TRUE(config.error().message.starts_with(std::string("--") + name + " \"" + value))
            << config.error().message;
        EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
    }
    auto config = load({}, environment({{"POSTRIDER_TIMEOUT", "x"}}));
    ASSERT_FALSE(config);
    EXPECT_TRUE(config.error().message.starts_with("POSTRIDER_TIMEOUT")) << config.error().message;
}

TEST(config, non_loopback_needs_insecure_http) {
    auto config = load({{"listen", "0.0.0.0:8080"}}, environment(home));
    ASSERT_FALSE(config);
    EXPECT_NE(config.error().message.find("--insecure-http"), std::string::npos);
    EXPECT_TRUE(load({{"listen", "0.0.0.0:8080"}, {"insecure-http", "true"}}, environment(home)));
    EXPECT_TRUE(load({{"listen", "[::1]:0"}}, environment(home)));
    EXPECT_TRUE(load({{"listen", "127.8.0.1:0"}}, environment(home)));
    EXPECT_FALSE(load({{"listen", "[::]:0"}}, environment(home)));
}

TEST(config, secrets_come_from_the_environment) {
    std::string token(32, 't');
    auto config =
        load({}, environment({{"POSTRIDER_BOOTSTRAP_TOKEN", token}, {"POSTRIDER_KEY", "k"}}));
    ASSERT_TRUE(config);
    EXPECT_EQ(config->bootstrap_token, token);
    EXPECT_EQ(config->key, "k");
    EXPECT_EQ(config->key_file, "");
    EXPECT_EQ(to_toml(*config).find(token), std::string::npos);
    token.pop_back();
    config = load({}, environment({{"POSTRIDER_BOOTSTRAP_TOKEN", token}}));
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message.find(token), std::string::npos) << "a message shows no secret";
    EXPECT_FALSE(load({{"key-file", "f"}}, environment({{"POSTRIDER_KEY", "k"}})));
    EXPECT_FALSE(load({}, environment({{"POSTRIDER_BOOTSTRAP_TOKEN", std::string(40, ' ')}})));
}

TEST(config, file_errors_name_file_and_line) {
    struct Row {
        const char* text;
        const char* message;
    };
    for (auto [text, message] : std::initializer_list<Row>{
             {"\nlisten = 8080\n", ", line 2: listen \"8080\" must be ADDRESS:PORT"},
             {"# c\n\nlissen = \"x\"\n", ", line 3: lissen is no option"},
             {"allow-network = []\n", ", line 1: allow-network is written allow_network"},
             {"listen = ['a']\n", ", line 1: listen takes one value"},
             {"allow_http = \"true\"\n", ", line 1: allow_http must be true or false"},
             {"timeout = true\n", ", line 1: timeout is neither"},
             {"[serve]\nlisten = 'x'\n", ", line 1: [serve]: there are no tables"},
             {"listen = \n", ", line 1: "},
             {"timeout = '1s'\ntimeout = '2s'\n", ", line 2: "},
             {"timeout = 1.5\n", ", line 1: timeout must be a string"},
             {"config = 'other.toml'\n", ", line 1: config is no option"}}) {
        File file(text);
        auto config = load({{"config", file.path()}}, environment(home));
        ASSERT_FALSE(config) << text;
        EXPECT_TRUE(config.error().message.starts_with(file.path() + message))
            << config.error().message;
        EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
    }
    auto config = load({{"config", "/nowhere/x.toml"}}, environment(home));
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().message,
              "--config \"/nowhere/x.toml\" cannot be read: No such file or directory");
}

TEST(config, every_mistake_is_found_at_once) {
    File file("listen = \"8080\"\ntimeuot = '1s'\ntimeout = 1.5\n[tls]\n");
    const auto config = load(
        {{"config", file.path()}, {"role", "boss"}},
        environment({{"POSTRIDER_LOG_LEVEL", "loud"}, {"POSTRIDER_BOOTSTRAP_TOKEN", "short"}}));
    ASSERT_FALSE(config);
    EXPECT_EQ(
        config.error().message,
        file.path() + ", line 2: timeuot is no option of this server; do you mean timeout?\n" +
            file.path() +
            ", line 3: timeout must be a string, a whole number, true, false or a list\n" +
            file.path() + ", line 4: [tls]: there are no tables, options stand by themselves\n" +
            file.path() +
            ", line 1: listen \"8080\" must be ADDRESS:PORT, like 127.0.0.1:8080 or "
            "[::1]:8080\n"
            "--role \"boss\" must be all, api or deliver\n"
            "POSTRIDER_LOG_LEVEL \"loud\" must be debug, info, warning or error\n"
            "POSTRIDER_BOOTSTRAP_TOKEN must have at least 32 characters, and has 5");
}

TEST(config, each_value_says_where_it_came_from) {
    File file("timeout = '1s'\nlog_level = 'debug'\n");
    Origins origins;
    const auto config =
        load({{"config", file.path()}, {"timeout", "3s"}},
             environment({{"HOME", "/h"}, {"POSTRIDER_ALLOW_HTTP", "true"}}), origins);
    ASSERT_TRUE(config) << config.error().message;
    const std::string text = to_toml(*config, origins);
    for (const auto& [entry, from] : std::initializer_list<std::pair<std::string, std::string>>{
             {"timeout = \"3s\"", "--timeout"},
             {"log_level = \"debug\"", file.path() + ", line 2; SIGHUP changes it"},
             {"allow_http = true", "POSTRIDER_ALLOW_HTTP"},
             {"listen = \"127.0.0.1:8080\"", "default"},
             {"# tls_cert", "not set; SIGHUP changes it"}}) {
        const auto at = text.find("\n" + entry);
        ASSERT_NE(at, std::string::npos) << entry << " in\n" << text;
        const auto line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
        EXPECT_TRUE(line.ends_with("  # " + from)) << line;
    }
    File shown(text);
    const auto again = load({{"config", shown.path()}}, environment({}));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, *config);
}

TEST(config, the_example_names_every_option_and_is_valid_with_and_without_comments) {
    const std::string text = example_toml("/var/lib/postrider");
    File file(text);
    const auto config = load({{"config", file.path()}}, environment({}));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(*config, *load({{"data", "/var/lib/postrider"}}, environment({})));
    std::string all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#") && !line.starts_with("# ")) line.erase(0, 1);
        all += line + "\n";
    }
    for (const auto& option : options()) {
        EXPECT_NE(all.find("\n" + toml_key(option.name) + " = "), std::string::npos) << option.name;
    }
    File whole(all);
    const auto everything = load({{"config", whole.path()}}, environment({}));
    ASSERT_TRUE(everything) << everything.error().message;
    EXPECT_TRUE(everything->has_tls());
}

TEST(config, a_reload_changes_what_can_and_names_the_rest) {
    const auto was = load({{"tls-cert", "a"}, {"tls-key", "b"}, {"dns-servers", "127.0.0.1"}},
                          environment(home));
    const auto is = load({{"tls-cert", "c"},
                          {"tls-key", "b"},
                          {"public-url", "https://h.example"},
                          {"log-level", "debug"},
                          {"timeout", "2s"},
                          {"metrics-listen", "127.0.0.1:0"}},
                         environment(home));
    ASSERT_TRUE(was && is);
    Config running = *was;
    const auto result = reload(running, *is);
    EXPECT_EQ(result.changed,
              (std::vector<std::string>{"public_url", "tls_cert", "dns_servers", "log_level"}));
    EXPECT_EQ(running.public_url, "https://h.example");
    EXPECT_EQ(running.dns_servers, "") << "what is left out is as if it had never been there";
    EXPECT_EQ(result.at_next_start, (std::vector<std::string>{"metrics_listen", "timeout"}));
    EXPECT_EQ(running.tls_cert, "c");
    EXPECT_EQ(running.log_level, LogLevel::debug);
    EXPECT_EQ(running.timeout, was->timeout);
    const auto plain = load({}, environment(home));
    EXPECT_EQ(reload(running, *plain).at_next_start,
              (std::vector<std::string>{"tls_cert", "tls_key"}))
        << "plain http in place of TLS";
    EXPECT_TRUE(running.has_tls());
}

TEST(config, what_is_shown_reads_back_as_the_same) {
    Given given = {{"data", "/tmp/a \"b\"\\c"},
                   {"listen", "[::1]:0"},
                   {"role", "deliver"},
                   {"public-url", "https://h.example/p/"},
                   {"insecure-http", "true"},
                   {"tls-cert", "/cert.pem"},
                   {"tls-key", "/key.pem"},
                   {"trusted-proxy", "10.1.2.3"},
                   {"cors-origin", "https://app.example:8443"},
                   {"metrics-listen", "127.0.0.1:9090"},
                   {"allow-network", "10.0.0.0/8"},
                   {"allow-network", "fd00::/8"},
                   {"allow-http", "true"},
                   {"dns-servers", "127.0.0.1:53,[::1]:54"},
                   {"ca-file", "/ca.pem"},
                   {"egress-proxy", "http://proxy:3128"},
                   {"egress-proxy-credentials-file", "/proxy"},
                   {"key-file", "/key"},
                   {"payload-bytes-max", "1000000"},
                   {"disk-reserve", "30MiB"},
                   {"retry-schedule", "90s,1500ms"},
                   {"timeout", "1500ms"},
                   {"log-level", "debug"},
                   {"log-format", "json"},
                   {"database", "sqlite:x y.db"}};
    auto config = load(given, environment(home));
    ASSERT_TRUE(config) << config.error().message;
    EXPECT_EQ(given.size(), options().size() + 1) << "one row for each option";
    File file(to_toml(*config));
    auto again = load({{"config", file.path()}}, environment({}));
    ASSERT_TRUE(again) << again.error().message << "\n" << to_toml(*config);
    EXPECT_EQ(*again, *config);
    EXPECT_EQ(again->public_url, "https://h.example/p");
}

TEST(config, sizes) {
    EXPECT_EQ(parse_size("0"), 0u);
    EXPECT_EQ(parse_size("512KiB"), 512u * 1024);
    EXPECT_EQ(parse_size("2GiB"), 2ull << 30);
    for (const char* bad : {"", "KiB", "1KB", "1 MiB", "-1", "1.5MiB", "99999999999999999GiB"}) {
        EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
    }
    for (std::uint64_t bytes : {0ull, 1ull, 1024ull, 1536ull, 5ull << 20, 1ull << 40}) {
        EXPECT_EQ(parse_size(format_size(bytes)), bytes);
    }
}

TEST(flags, of_the_command_line) {
    CLI::App app;
    Flags flags(app);
    const char* arguments[] = {
        "x",          "--listen",     "127.0.0.1:1",           "--allow-network",
        "10.0.0.0/8", "--listen",     "127.0.0.1:2",           "--allow-network",
        "fd00::/8",   "--allow-http", "--insecure-http=false", "--config",
        "f"};
    app.parse(static_cast<int>(std::size(arguments)), arguments);
    EXPECT_EQ(flags.given(), (Given{{"config", "f"},
                                    {"listen", "127.0.0.1:2"},
                                    {"insecure-http", "false"},
                                    {"allow-network", "10.0.0.0/8"},
                                    {"allow-network", "fd00::/8"},
                                    {"allow-http", "true"}}));
}

TEST(Config, TheDatabaseIsShownWithoutItsPassword) {
    for (const auto& [url, shown] : std::initializer_list<std::pair<const char*, const char*>>{
             {"postgresql://ada:secret@db:5432/postrider", "postgresql://ada@db:5432/postrider"},
             {"postgres://ada@db/postrider", "postgres://ada@db/postrider"},
             {"postgresql:///postrider?host=/run&password=secret&x=1",
              "postgresql:///postrider?host=/run&&x=1"}}) {
        auto config = load({{"database", url}}, environment(home));
        ASSERT_TRUE(config) << url;
        EXPECT_EQ(config->database_url, url);
        EXPECT_NE(to_toml(*config).find(std::string("database = \"") + shown + "\""),
                  std::string::npos)
            << to_toml(*config);
    }
}

}  // namespace
}  // namespace postrider::config
