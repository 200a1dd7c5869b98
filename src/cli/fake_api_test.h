#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include "base/manual_clock_test.h"
#include "base/mutex.h"
#include "cli/help.h"
#include "cli/program.h"
#include "http/server.h"

/// What the tests of verbs share: a terminal that is typed at, and a server that answers as it is
/// told.
namespace postrider::cli {

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
    std::size_t pauses = 0;  ///< that it waits; then it is ended
};

/// Whether what is written goes to a terminal.
enum class Screen { none, one };

inline Ended run_with(std::vector<std::string> words, const Variables& variables = {},
                      const std::string& input = "", const Program& program = {},
                      Typed* typed = nullptr, Screen screen = Screen::one) {
    std::istringstream in(input);
    std::ostringstream out, error;
    ManualClock clock;
    SeededRandom random(1);
    Terminal terminal{.in = in, .out = out, .error = error};
    terminal.pause = [](Duration) { return false; };
    if (typed != nullptr) {
        terminal.is_terminal = screen == Screen::one;
        if (screen == Screen::one) terminal.width = typed->width;
        terminal.pause = [typed](Duration) { return typed->pauses-- > 0; };
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
                const bool is_first = asked_.size() <= first_.size();
                responder.send(is_first ? first_[asked_.size() - 1] : answer_);
            };
            routes.push_back(std::move(route));
        }
        server_ = http::make_server(real_clock_, {.address = "127.0.0.1", .port = 0},
                                    std::move(routes), nullptr);
        EXPECT_TRUE(server_->start());
    }
    ~FakeApi() { server_->stop(SystemClock{}.monotonic()); }
    void answer_first(http::Response first) { first_ = {std::move(first)}; }
    void answer_first(std::vector<http::Response> first) { first_ = std::move(first); }

    Ended run(std::vector<std::string> words, const std::string& input = "",
              Typed* typed = nullptr) {
        return run_with(std::move(words),
                        {{"POSTRIDER_URL", url()}, {"POSTRIDER_TOKEN", "prk_test"}}, input, {},
                        typed);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
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
    std::vector<http::Response> first_;
    Mutex mutex_;
    std::vector<std::string> asked_ GUARDED_BY(mutex_), bodies_ GUARDED_BY(mutex_),
        tokens_ GUARDED_BY(mutex_);
    const SystemClock real_clock_;
    std::unique_ptr<http::Server> server_;
};

inline http::Response json_answer(std::string body, int status = 200) {
    return {.status = status, .body = std::move(body), .headers = {}};
}

inline http::Response problem(int status, std::string body) {
    return {.status = status,
            .content_type = "application/problem+json",
            .body = std::move(body),
            .headers = {}};
}

inline constexpr const char* some_id = "01930000-0000-7000-8000-000000000001";

}  // namespace postrider::cli
