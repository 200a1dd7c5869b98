#include <algorithm>

#include "cli/fake_api_test.h"

namespace postrider::cli {
namespace {

std::string event(int number, std::string_view data = R"({"total":1.10})") {
    return fmt::format(
        R"({{"id":"01930000-0000-7000-8000-00000000000{0}","event":"order.paid","timestamp":"2026-11-23T18:12:03.123456Z",)"
        R"("resource_id":"01930000-0000-7000-8000-0000000000aa","data":{1},"accepted_at":"2026-11-23T18:12:03.124000Z",)"
        R"("origin":"api","position":"p{0}"}})",
        number, data);
}
http::Response page(std::string items, std::string position) {
    return json_answer(R"({"items":[)" + std::move(items) + R"(],"position":")" +
                       std::move(position) + R"(","has_more":false})");
}
constexpr const char* consumer =
    R"({"name":"mirror","events":["order.*"],"position":"p0","behind":0,"behind_since":null,)"
    R"("created_at":"2026-11-23T18:00:00Z","updated_at":"2026-11-23T18:00:00Z"})";

TEST(Tail, goes_on_behind_each_page) {
    FakeApi api(page(event(3), "p3"));
    api.answer_first({page("", "p0"), page(event(1) + "," + event(2), "p2")});
    const auto ended =
        api.run({"tail", "--event", "order.*", "--event", "user.created", "--count", "3"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_EQ(ended.out.substr(0, ended.out.find('\n')),
              "2026-11-23T18:12:03.124000Z  order.paid  01930000-0000-7000-8000-0000000000aa  "
              "{\"total\":1.10}");
    EXPECT_EQ(std::ranges::count(ended.out, '\n'), 3);
    const std::string head = "GET /api/v1/realms/master/feed after=";
    const std::string tail = " event=order.*,user.created";
    EXPECT_EQ(api.asked(), (std::vector<std::string>{head + "newest limit=500 wait=0s" + tail,
                                                     head + "p0 limit=500 wait=30s" + tail,
                                                     head + "p2 limit=500 wait=30s" + tail}));
}

TEST(Tail, writes_the_bytes_of_an_event_a_line) {
    FakeApi api(page(event(1, R"({"n":1e400})"), "p1"));
    const auto ended = api.run({"tail", "--after", "oldest", "--count", "1", "-o", "json"});
    EXPECT_EQ(ended.out, event(1, R"({"n":1e400})") + "\n");
    FakeApi names(page(event(2), "p2"));
    EXPECT_EQ(names.run({"tail", "--count", "1", "-o", "name"}).out,
              "01930000-0000-7000-8000-000000000002\n");
}

TEST(Tail, commits_what_a_consumer_was_given_and_no_more) {
    FakeApi api(json_answer(R"({"position":"p2"})"));
    api.answer_first({json_answer(consumer), page(event(1) + "," + event(2) + "," + event(3), "p3"),
                      json_answer(R"({"position":"p2"})")});
    const auto ended = api.run({"tail", "--consumer", "mirror", "--count", "2"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    const std::string path = "/api/v1/realms/master/consumers/mirror";
    EXPECT_EQ(api.asked(),
              (std::vector<std::string>{
                  "GET " + path,
                  "GET /api/v1/realms/master/feed after=p0 limit=500 wait=0s event=order.*",
                  "POST " + path + "/commit"}));
    EXPECT_EQ(api.bodies().back(), R"({"position":"p2"})");
}

TEST(Tail, makes_a_consumer_that_is_new) {
    FakeApi api(page(event(1), "p1"));
    api.answer_first({problem(404, "{}"), json_answer(consumer, 201)});
    EXPECT_EQ(api.run({"tail", "--consumer", "mirror", "--event", "order.*", "--after", "oldest",
                       "--count", "1"})
                  .code,
              exit_ok);
    EXPECT_EQ(api.bodies()[1], R"({"events":["order.*"],"position":"oldest"})");
}

TEST(Tail, says_what_to_do_about_a_position_that_is_gone) {
    FakeApi api(problem(
        410, R"({"type":"https://postrider.dev/problems/position-gone","title":"T","status":410,)"
             R"("detail":"Too old.","request_id":"r","oldest_position":"p"})"));
    const auto ended = api.run({"tail", "--after", "p1"});
    EXPECT_EQ(ended.code, exit_failed);
    EXPECT_NE(ended.error.find("--after oldest"), std::string::npos) << ended.error;
    EXPECT_EQ(api.run({"tail", "--count", "0"}).code, exit_wrong_usage);
}

/// A receiver on this machine that keeps what came.
class ForwardTest : public testing::Test {
 protected:
    ForwardTest() {
        http::Route route;
        route.method = "POST";
        route.path = "/webhook";
        route.operation = "any";
        route.body_bytes_max = 1 << 20;
        route.handler = [this](http::Request& request, const http::Responder& responder) {
            const MutexLock lock(mutex_);
            for (const char* name :
                 {"webhook-id", "webhook-timestamp", "webhook-signature", "x-own"}) {
                const auto* value = request.header(name);
                headers_.emplace_back(value == nullptr ? "" : *value);
            }
            bodies_.push_back(request.body);
            responder.send({.status = bodies_.size() == 2 ? 500 : 204,
                            .body = bodies_.size() == 2 ? "no" : ""});
        };
        server_ =
            http::make_server(real_clock_, {.address = "127.0.0.1", .port = 0}, {route}, nullptr);
        EXPECT_TRUE(server_->start());
    }
    ~ForwardTest() override { server_->stop(SystemClock{}.monotonic()); }
    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port()) + "/webhook";
    }

    Mutex mutex_;
    std::vector<std::string> headers_ GUARDED_BY(mutex_), bodies_ GUARDED_BY(mutex_);
    const SystemClock real_clock_;
    std::unique_ptr<http::Server> server_;
};

TEST_F(ForwardTest, signs_as_a_webhook_and_says_what_was_answered) {
    FakeApi api(page(event(1) + "," + event(2), "p2"));
    const auto ended =
        api.run({"forward", url(), "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "--header",
                 "X-Own: 1", "--after", "oldest", "--count", "2"});
    EXPECT_EQ(ended.code, exit_ok) << ended.error;
    EXPECT_NE(ended.out.find("order.paid  01930000-0000-7000-8000-000000000001  204 in "),
              std::string::npos)
        << ended.out;
    EXPECT_NE(ended.out.find("ms: a server would try again\n    no\n"), std::string::npos)
        << ended.out;
    const MutexLock lock(mutex_);
    ASSERT_EQ(bodies_.size(), 2U);
    EXPECT_EQ(bodies_[0],
              R"({"event":"order.paid","timestamp":"2026-11-23T18:12:03.123456Z",)"
              R"("resource_id":"01930000-0000-7000-8000-0000000000aa","data":{"total":1.10}})");
    EXPECT_EQ(headers_[0], "01930000-0000-7000-8000-000000000001");
    EXPECT_EQ(headers_[1], "1795457523");
    EXPECT_TRUE(headers_[2].starts_with("v1,")) << headers_[2];
    EXPECT_EQ(headers_[3], "1");
}

TEST_F(ForwardTest, makes_a_secret_and_says_it) {
    FakeApi api(page(event(1), "p1"));
    const auto ended = api.run({"forward", url(), "--count", "1", "--json"});
    EXPECT_NE(ended.error.find("signed with whsec_"), std::string::npos) << ended.error;
    EXPECT_NE(ended.out.find(R"("status":204,"accepted":true)"), std::string::npos) << ended.out;
    EXPECT_EQ(api.run({"forward", "localhost"}).code, exit_wrong_usage);
    EXPECT_EQ(api.run({"forward", url(), "--secret", "x"}).code, exit_wrong_usage);
}

TEST(Consumers, are_listed_set_and_deleted) {
    FakeApi api(json_answer(consumer));
    const auto shown = api.run({"consumer", "show", "mirror"});
    EXPECT_NE(shown.out.find("nothing"), std::string::npos) << shown.out;
    EXPECT_EQ(api.run({"consumer", "create", "mirror", "--event", "order.*,user.*", "--position",
                       "oldest"})
                  .code,
              exit_ok);
    EXPECT_EQ(api.bodies().back(), R"({"events":["order.*","user.*"],"position":"oldest"})");
    FakeApi list(json_answer(R"({"items":[)" + std::string(consumer) + R"(],"next_cursor":null})"));
    EXPECT_NE(list.run({"consumer", "list"}).out.find("mirror"), std::string::npos);
    FakeApi gone({.status = 204, .body = "", .headers = {}});
    EXPECT_EQ(gone.run({"consumer", "delete", "mirror", "--yes"}).code, exit_ok);
    EXPECT_EQ(gone.asked().back(), "DELETE /api/v1/realms/master/consumers/mirror");
}

}  // namespace
}  // namespace postrider::cli
