#include "net/resolver.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "model/limits.h"
#include "net/event_loop.h"
#include "net/fake_dns_test.h"
#include "net/hosts_file.h"

namespace postrider::net {
namespace {

using Behaviour = FakeDns::Answer::Behaviour;

RealmId realm(std::uint8_t number) {
    RealmId id;
    id.uuid.bytes[0] = number;
    return id;
}

class ResolverTest : public testing::Test {
 protected:
    void SetUp() override {
        hosts_path_ = testing::TempDir() + "postrider_hosts_" + std::to_string(getpid());
        std::ofstream(hosts_path_) << "# a comment\n"
                                      "192.0.2.77\tReceiver.Lan  alias # more\n"
                                      "2001:db8::77 receiver.lan\n"
                                      "not-an-address broken.lan\n";
        start({dns_.servers(), hosts_path_});
    }
    void TearDown() override {
        finish();
        unlink(hosts_path_.c_str());
    }

    template <typename Task>
    auto on_loop(Task task) {
        std::packaged_task<decltype(task())()> packaged(std::move(task));
        auto result = packaged.get_future();
        loop_->post([&] { packaged(); });
        return result.get();
    }

    void start(ResolverOptions options) {
        loop_ = std::make_unique<EventLoop>(clock_);
        resolver_ = make_resolver(*loop_, std::move(options));
        thread_ = std::thread([this] { loop_->run(); });
    }
    void finish() {
        if (!thread_.joinable()) return;
        on_loop([&] { resolver_.reset(); });
        loop_->stop();
        thread_.join();
    }

    std::future<Lookup> ask(const std::string& host, Duration timeout = 10s,
                            RealmId of = realm(1)) {
        auto promise = std::make_shared<std::promise<Lookup>>();
        loop_->post([this, host, timeout, of, promise] {
            resolver_->resolve(of, host, std::chrono::steady_clock::now() + timeout,
                               [promise](Lookup lookup) { promise->set_value(std::move(lookup)); });
        });
        return promise->get_future();
    }

    static std::vector<std::string> text(const Lookup& lookup) {
        std::vector<std::string> result;
        for (const auto& address : lookup.addresses) result.push_back(address.to_string());
        return result;
    }

    using Texts = std::vector<std::string>;
    FakeDns dns_;
    std::string hosts_path_;
    const SystemClock clock_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<Resolver> resolver_;
    std::thread thread_;
};

TEST_F(ResolverTest, AnswersBothFamilies) {
    dns_.set("both.example", {{"192.0.2.1", "2001:db8::1", "192.0.2.2"}, 30});
    const auto lookup = ask("both.example").get();
    EXPECT_EQ(lookup.status, LookupStatus::ok) << lookup.detail;
    auto addresses = text(lookup);
    ASSERT_EQ(addresses.size(), 3u);
    // Which family comes first depends on this machine's routes; within one the server's order
    // holds.
    std::erase(addresses, "2001:db8::1");
    EXPECT_EQ(addresses, (Texts{"192.0.2.1", "192.0.2.2"}));
    dns_.set("six.example", {{"2001:db8::6"}, 30});
    EXPECT_EQ(text(ask("six.example").get()), Texts{"2001:db8::6"});
}

TEST_F(ResolverTest, NamesWithoutAnAnswerFailWithTheReason) {
    auto lookup = ask("missing.example").get();
    EXPECT_EQ(lookup.status, LookupStatus::failed);
    EXPECT_EQ(lookup.detail, "missing.example does not exist");
    dns_.set("empty.example", {{}, 30});
    lookup = ask("empty.example").get();
    EXPECT_EQ(lookup.status, LookupStatus::failed);
    EXPECT_EQ(lookup.detail, "empty.example has no address");
    dns_.set("refused.example", {{}, 0, 5});
    lookup = ask("refused.example").get();
    EXPECT_EQ(lookup.status, LookupStatus::failed);
    EXPECT_NE(lookup.detail.find("could not be resolved"), std::string::npos) << lookup.detail;
}

TEST_F(ResolverTest, KeepsAnswersForTheirTimeAndAtLeastASecond) {
    dns_.set("kept.example", {{"192.0.2.1"}, 30});
    dns_.set("brief.example", {{"192.0.2.2"}, 0});
    ask("kept.example").get();
    ask("brief.example").get();
    dns_.set("kept.example", {{"192.0.2.3"}, 30});
    EXPECT_EQ(text(ask("kept.example").get()), Texts{"192.0.2.1"});
    EXPECT_EQ(text(ask("brief.example").get()), Texts{"192.0.2.2"});
    EXPECT_EQ(dns_.queries_for("kept.example"), 2);  // A and AAAA, once
    EXPECT_EQ(dns_.queries_for("brief.example"), 2);
    // Time passes by waiting for the loop's own timer, not by sleeping.
    std::promise<void> later;
    std::unique_ptr<EventLoop::Timer> timer;
    on_loop([&] {
        timer = loop_->make_timer();
        timer->expire_at(std::chrono::steady_clock::now() + limits::lookup_ttl_min + 50ms,
                         [&] { later.set_value(); });
    });
    later.get_future().get();
    on_loop([&] { timer.reset(); });
    ask("kept.example").get();
    ask("brief.example").get();
    EXPECT_EQ(dns_.queries_for("kept.example"), 2);
    EXPECT_EQ(dns_.queries_for("brief.example"), 4);
}

TEST_F(ResolverTest, OtherServersAreAskedWhileTheFormerOnesStillWork) {
    FakeDns others;
    dns_.set("moved.example", {{"192.0.2.1"}, 30});
    others.set("moved.example", {{"192.0.2.2"}, 30});
    EXPECT_EQ(text(ask("moved.example").get()), Texts{"192.0.2.1"});
    dns_.set("held.example", {{"192.0.2.1"}, 30, 0, Behaviour::hold});
    others.set("held.example", {{"192.0.2.2"}, 30});
    auto before = ask("held.example");
    dns_.wait_for_queries("held.example", 2);
    on_loop([&] { set_servers(*resolver_, others.servers()); });
    EXPECT_EQ(text(ask("moved.example").get()), Texts{"192.0.2.2"}) << "forgotten";
    EXPECT_EQ(text(ask("held.example").get()), Texts{"192.0.2.2"}) << "not joined";
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), 1u);
    dns_.set("held.example", {{"192.0.2.1"}, 30});
    dns_.release();
    EXPECT_EQ(text(before.get()), Texts{"192.0.2.1"})
        << "who asked before gets what they were told";
    EXPECT_EQ(text(ask("held.example").get()), Texts{"192.0.2.2"}) << "and nobody else";
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), 0u);
    on_loop([&] { set_servers(*resolver_, "no server at all"); });
    EXPECT_EQ(ask("other.example").get().status, LookupStatus::failed);
    on_loop([&] { set_servers(*resolver_, others.servers()); });
    EXPECT_EQ(text(ask("held.example").get()), Texts{"192.0.2.2"});
}

TEST_F(ResolverTest, EndsWithQueriesAtServersThatAreNoLongerAsked) {
    FakeDns others;
    dns_.set("held.example", {{"192.0.2.1"}, 30, 0, Behaviour::hold});
    auto waits = ask("held.example");
    dns_.wait_for_queries("held.example", 2);
    on_loop([&] { set_servers(*resolver_, others.servers()); });
    finish();
    EXPECT_EQ(waits.get().status, LookupStatus::failed);
    dns_.release();
}

TEST_F(ResolverTest, FailuresAreKeptToo) {
    ask("missing.example").get();
    dns_.set("missing.example", {{"192.0.2.1"}, 30});
    EXPECT_EQ(ask("missing.example").get().status, LookupStatus::failed);
    EXPECT_LE(dns_.queries_for("missing.example"), 2);
}

TEST_F(ResolverTest, OneNameAtOneTimeIsOneQuery) {
    dns_.set("held.example", {{"192.0.2.1"}, 30, 0, Behaviour::hold});
    std::vector<std::future<Lookup>> waiting;
    for (int i = 0; i < 20; ++i) waiting.push_back(ask("held.example"));
    dns_.wait_for_queries("held.example", 2);
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), 1u);
    dns_.set("held.example", {{"192.0.2.1"}, 30});
    dns_.release();
    for (auto& lookup : waiting) EXPECT_EQ(text(lookup.get()), Texts{"192.0.2.1"});
    EXPECT_EQ(dns_.queries_for("held.example"), 2);
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), 0u);
}

TEST_F(ResolverTest, ACallersDeadlineIsItsOwnAndTheQueryGoesOn) {
    dns_.set("slow.example", {{"192.0.2.1"}, 30, 0, Behaviour::hold});
    auto patient = ask("slow.example");
    auto hasty = ask("slow.example", 20ms);
    const auto lookup = hasty.get();
    EXPECT_EQ(lookup.status, LookupStatus::timeout);
    EXPECT_NE(lookup.detail.find("slow.example"), std::string::npos);
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), 1u);
    dns_.wait_for_queries("slow.example", 2);
    dns_.set("slow.example", {{"192.0.2.1"}, 30});
    dns_.release();
    EXPECT_EQ(text(patient.get()), Texts{"192.0.2.1"});
}

TEST_F(ResolverTest, ALateAnswerServesTheNextCaller) {
    dns_.set("late.example", {{"192.0.2.1"}, 30, 0, Behaviour::hold});
    EXPECT_EQ(ask("late.example", 20ms).get().status, LookupStatus::timeout);
    dns_.wait_for_queries("late.example", 2);
    dns_.set("late.example", {{"192.0.2.1"}, 30});
    auto joined = ask("late.example");
    dns_.release();
    EXPECT_EQ(text(joined.get()), Texts{"192.0.2.1"});
}

TEST_F(ResolverTest, AFamilyThatIsNeverAnsweredHoldsUpOnlyBriefly) {
    dns_.set("half.example", {{"192.0.2.1"}, 30, 0, Behaviour::silent_for_v6});
    const auto lookup = ask("half.example", limits::lookup_try_timeout).get();
    EXPECT_EQ(text(lookup), Texts{"192.0.2.1"});
}

TEST_F(ResolverTest, BoundsLookupsPerRealmAndInAll) {
    dns_.set("other.example", {{"192.0.2.1"}, 30});
    const auto fill = [&](RealmId of, std::size_t count, const std::string& prefix) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto name = prefix + std::to_string(i) + ".example";
            dns_.set(name, {{}, 0, 0, Behaviour::silent});
            ask(name, 60s, of);
        }
    };
    fill(realm(1), limits::lookups_in_flight_per_realm_max, "a");
    EXPECT_EQ(ask("other.example", 5s, realm(1)).get().status, LookupStatus::busy);
    EXPECT_EQ(ask("a0.example", 20ms, realm(1)).get().status, LookupStatus::timeout);  // joins
    EXPECT_EQ(ask("other.example", 5s, realm(2)).get().status, LookupStatus::ok);
    EXPECT_EQ(ask("other.example", 5s, realm(1)).get().status, LookupStatus::ok);  // kept

    std::size_t left = limits::lookups_in_flight_max - limits::lookups_in_flight_per_realm_max;
    fill(realm(2), left / 2, "b");
    fill(realm(3), left - left / 2, "c");
    EXPECT_EQ(on_loop([&] { return resolver_->in_flight(); }), limits::lookups_in_flight_max);
    EXPECT_EQ(ask("new.example", 5s, realm(4)).get().status, LookupStatus::busy);
}

TEST_F(ResolverTest, KnowsSomeNamesWithoutAsking) {
    EXPECT_EQ(text(ask("localhost").get()), (Texts{"127.0.0.1", "::1"}));
    EXPECT_EQ(text(ask("a.localhost").get()), (Texts{"127.0.0.1", "::1"}));
    EXPECT_EQ(text(ask("192.0.2.5").get()), Texts{"192.0.2.5"});
    EXPECT_EQ(text(ask("2001:db8::5").get()), Texts{"2001:db8::5"});
    EXPECT_EQ(text(ask("receiver.lan").get()), (Texts{"192.0.2.77", "2001:db8::77"}));
    EXPECT_EQ(text(ask("alias").get()), Texts{"192.0.2.77"});
    for (const auto* name : {"localhost", "a.localhost", "receiver.lan", "alias"}) {
        EXPECT_EQ(dns_.queries_for(name), 0) << name;
    }
    EXPECT_EQ(ask("broken.lan").get().status, LookupStatus::failed);
}

TEST_F(ResolverTest, TheHostsFileIsReadAgainWhenItChanges) {
    HostsFile hosts(hosts_path_);
    EXPECT_EQ(hosts.find("receiver.lan").size(), 2u);
    std::ofstream(hosts_path_) << "192.0.2.78 receiver.lan receiver.lan other.lan\n";
    EXPECT_EQ(hosts.find("receiver.lan").size(), 1u);
    EXPECT_EQ(hosts.find("receiver.lan").front().to_string(), "192.0.2.78");
    EXPECT_TRUE(hosts.find("alias").empty());
    unlink(hosts_path_.c_str());
    EXPECT_TRUE(hosts.find("receiver.lan").empty());
}

TEST_F(ResolverTest, StoppingEndsEveryLookup) {
    dns_.set("silent.example", {{}, 0, 0, Behaviour::silent});
    auto waiting = ask("silent.example");
    dns_.wait_for_queries("silent.example", 1);
    on_loop([&] { resolver_->stop(); });
    EXPECT_EQ(waiting.get().status, LookupStatus::failed);
    EXPECT_EQ(ask("localhost").get().status, LookupStatus::failed);
}

TEST_F(ResolverTest, UnusableServersAreSaid) {
    finish();
    start({"not a server list", hosts_path_});
    const auto lookup = ask("any.example").get();
    EXPECT_EQ(lookup.status, LookupStatus::failed);
    EXPECT_NE(lookup.detail.find("not a server list"), std::string::npos) << lookup.detail;
    EXPECT_EQ(ask("localhost").get().status, LookupStatus::ok);
}

}  // namespace
}  // namespace postrider::net
