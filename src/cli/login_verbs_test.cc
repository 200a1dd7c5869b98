#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

constexpr const char* who =
    R"({"kind":"api_key","name":"ci","realm":"master","permissions":["publish_events"]})";

/// A home of its own.
class login : public testing::Test {
 protected:
    login() {
        EXPECT_NE(::mkdtemp(home_.data()), nullptr);
        variables_["HOME"] = home_;
        variables_["XDG_CONFIG_HOME"] = home_ + "/config";
    }
    Ended run(std::vector<std::string> words, const std::string& input = "", Variables more = {},
              Typed* typed = nullptr) {
        auto variables = variables_;
        for (auto& [name, value] : more) variables[name] = value;
        return run_with(std::move(words), variables, input, {}, typed);
    }
    std::string file() const { return home_ + "/config/postrider/contexts.json"; }
    ~login() override {
        for (const char* each :
             {"/config/postrider/contexts.json", "/config/postrider", "/config", ""}) {
            std::ignore = std::remove((home_ + each).c_str());
        }
    }

    std::string home_ = testing::TempDir() + "postrider_login_XXXXXX";
    Variables variables_;
};

TEST_F(login, a_key_is_kept_for_its_owner_alone) {
    FakeApi api(json_answer(who));
    auto ended = run({"login", api.url(), "--realm", "acme", "--name", "local"}, "prk_one\n");
    ASSERT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("API key \"ci\""), std::string::npos) << ended.out;
    EXPECT_EQ(ended.out.find("prk_one"), std::string::npos);
    EXPECT_EQ(api.asked().back(), "GET /api/v1/realms/acme/session");
    EXPECT_EQ(api.tokens().back(), "Bearer prk_one");
    struct stat about{};
    ASSERT_EQ(::stat(file().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600u);
    // From now on neither --url nor --token is needed.
    EXPECT_EQ(run({"webhook", "show", some_id}).code, exit_ok);
    EXPECT_EQ(api.asked().back(), std::string("GET /api/v1/realms/acme/webhooks/") + some_id);
    EXPECT_EQ(api.tokens().back(), "Bearer prk_one");
    ended = run({"context", "list", "--json"});
    EXPECT_EQ(ended.out.find("prk_one"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("\"current\":true"), std::string::npos) << ended.out;
    EXPECT_NE(run({"whoami"}).out.find("local"), std::string::npos);
    // Who can read it could be anybody.
    ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
    ended = run({"webhook", "show", some_id});
    EXPECT_EQ(ended.code, exit_wrong_usage);
    EXPECT_NE(ended.error.find("chmod 600"), std::string::npos) << ended.error;
}

TEST_F(login, a_key_that_is_refused_is_not_kept) {
    FakeApi api(problem(401, R"({"detail":"the token is unknown, expired or revoked"})"));
    auto ended = run({"login", api.url()}, "prk_wrong\n");
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("unknown, expired or revoked"), std::string::npos) << ended.error;
    EXPECT_FALSE(read_file(file(), 1 << 20));
    FakeApi good(json_answer(who));
    Typed typed{.answers = {"prk_typed"}};
    ended = run({"login", good.url()}, "", {}, &typed);
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(typed.echoes, std::vector{Terminal::Echo::off});
    EXPECT_EQ(good.tokens().back(), "Bearer prk_typed");
}

TEST_F(login, the_environment_wins_and_a_key_goes_to_its_own_server_alone) {
    FakeApi one(json_answer(who)), two(json_answer(who));
    ASSERT_EQ(run({"login", one.url(), "--name", "one"}, "prk_one\n").code, exit_ok);
    ASSERT_EQ(run({"login", two.url(), "--name", "two", "--realm", "acme"}, "prk_two\n").code,
              exit_ok);
    auto last = [](FakeApi& api) { return api.tokens().back() + " " + api.asked().back(); };
    const std::string master = "GET /api/v1/realms/master/session";
    EXPECT_EQ(run({"whoami", "--context", "one"}).code, exit_ok);
    EXPECT_EQ(last(one), "Bearer prk_one " + master);
    // The other server gets no key of this one.
    EXPECT_EQ(
        run({"whoami"}, "", {{"POSTRIDER_URL", one.url()}, {"POSTRIDER_DATA", "/nowhere"}}).code,
        exit_ok);
    EXPECT_EQ(last(one), " " + master);
    EXPECT_EQ(run({"whoami", "--url", one.url()}).code, exit_ok);
    EXPECT_EQ(last(one), " " + master);
    EXPECT_EQ(run({"whoami"}, "", {{"POSTRIDER_URL", two.url()}}).code, exit_ok);
    EXPECT_EQ(last(two), "Bearer prk_two GET /api/v1/realms/acme/session");
    EXPECT_EQ(run({"whoami"}, "", {{"POSTRIDER_TOKEN", "prk_env"}}).code, exit_ok);
    EXPECT_EQ(last(two), "Bearer prk_env GET /api/v1/realms/acme/session");
    EXPECT_EQ(run({"whoami", "--realm", "other"}).code, exit_ok);
    EXPECT_EQ(two.asked().back(), "GET /api/v1/realms/other/session");
    EXPECT_EQ(run({"whoami"}, "", {{"POSTRIDER_CONTEXT", "one"}}).code, exit_ok);
    EXPECT_EQ(last(one), "Bearer prk_one " + master);
    EXPECT_EQ(run({"context", "use", "one"}).code, exit_ok);
    EXPECT_EQ(run({"whoami"}).code, exit_ok);
    EXPECT_EQ(last(one), "Bearer prk_one " + master);
    auto ended = run({"context", "use", "tow"});
    EXPECT_EQ(ended.code, exit_not_found);
    EXPECT_NE(ended.error.find("do you mean \"two\"?"), std::string::npos) << ended.error;
    EXPECT_EQ(run({"logout"}).code, exit_ok);
    EXPECT_EQ(run({"context", "rm", "two"}).code, exit_ok);
    EXPECT_EQ(run({"logout"}).code, exit_not_found);
    EXPECT_EQ(run({"context", "list"}).error,
              "postrider: there are none: `postrider login URL` makes one\n");
}

}  // namespace
}  // namespace postrider::cli
