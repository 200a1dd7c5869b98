#include "feed/feed.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <thread>

#include "base/thread.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::feed {
namespace {

constexpr std::size_t bytes_max = 4 * 1024 * 1024;  // of a tail

const RealmId realm{*Uuid::parse("019300a1-0000-7000-8000-0000000000aa")};
const RealmId other{*Uuid::parse("019300a1-0000-7000-8000-0000000000bb")};

Entry entry(std::uint8_t number, std::string type = "order.paid", std::size_t bytes = 2) {
    Entry made;
    made.position.place.id.bytes[15] = number;
    made.position.seen_at = from_micros(1'000'000LL * number);
    made.type = std::move(type);
    made.json = std::string(bytes, static_cast<char>('0' + number % 10));
    return made;
}
Position behind(std::uint8_t number) { return entry(number).position; }

TEST(Position, is_what_it_was_and_of_its_realm_alone) {
    const Position position{{(std::int64_t{7} << 40) + 3, realm.uuid},
                            from_micros(1'700'000'000'123'456)};
    const auto text = encode(realm, position);
    const auto read = decode(realm, text);
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->is_of_realm);
    EXPECT_EQ(read->position.place, position.place);
    EXPECT_EQ(read->position.seen_at, position.seen_at);
    EXPECT_FALSE(decode(other, text)->is_of_realm);
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string wrong = text;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        if (wrong == text) continue;
        const auto found = decode(realm, wrong);
        EXPECT_FALSE(found && encode(realm, found->position) == wrong) << wrong;
    }
    EXPECT_FALSE(decode(realm, text.substr(1)));
    EXPECT_FALSE(decode(realm, ""));
}

Page page_of(const Tail& tail, const Position& after, const Wanted& wanted, Timestamp kept_since) {
    return outline(tail.behind(after.place, limits::feed_page_max), after, wanted, kept_since)
        .make({});
}

TEST(Tail, gives_what_is_behind_a_place_up_to_the_limit) {
    Tail tail;
    EXPECT_FALSE(tail.covers({}));
    tail.append(behind(1).place, {}, behind(1).place, bytes_max);
    std::vector<Entry> entries;
    for (std::uint8_t i = 2; i <= 6; ++i) entries.push_back(entry(i, i % 2 == 0 ? "a.b" : "c.d"));
    tail.append(behind(1).place, std::move(entries), behind(7).place, bytes_max);
    EXPECT_FALSE(tail.covers({}));
    ASSERT_TRUE(tail.covers(behind(1).place));
    const Page all = page_of(tail, behind(1), {{}, 10}, {});
    EXPECT_EQ(all.items(), "22,33,44,55,66");
    EXPECT_FALSE(all.has_more);
    EXPECT_EQ(all.end.place, behind(7).place);  // behind what is not shown, too
    const Page two = page_of(tail, behind(2), {{}, 2}, {});
    EXPECT_EQ(two.items(), "33,44");
    EXPECT_TRUE(two.has_more);
    EXPECT_EQ(two.end.place, behind(4).place);
    EXPECT_EQ(page_of(tail, behind(1), {{"a.*"}, 10}, {}).items(), "22,44,66");
    EXPECT_EQ(page_of(tail, behind(1), {{}, 10}, from_micros(5'000'000)).items(), "55,66");
    EXPECT_EQ(page_of(tail, behind(7), {{}, 10}, {}).count, 0U);
}

TEST(Tail, gives_no_more_than_what_one_read_looks_through) {
    Tail tail;
    std::vector<Entry> entries;
    for (std::uint8_t i = 2; i <= 6; ++i) entries.push_back(entry(i, "a.b"));
    tail.append(behind(1).place, std::move(entries), behind(7).place, bytes_max);
    const Stretch stretch = tail.behind(behind(1).place, 3);
    EXPECT_EQ(stretch.entries.size(), 3U);
    EXPECT_TRUE(stretch.goes_on);
    const Outline nothing = outline(stretch, behind(1), {{"c.d"}, 10}, {});
    EXPECT_TRUE(nothing.entries.empty());
    EXPECT_TRUE(nothing.has_more);
    EXPECT_EQ(nothing.end.place, behind(4).place);
}

TEST(Tail, has_no_gap) {
    Tail tail;
    tail.append(behind(1).place, {entry(2)}, behind(2).place, bytes_max);
    // What does not follow takes the place of what is there.
    tail.append(behind(5).place, {entry(6)}, behind(6).place, bytes_max);
    EXPECT_FALSE(tail.covers(behind(1).place));
    EXPECT_FALSE(tail.covers(behind(2).place));
    EXPECT_TRUE(tail.covers(behind(5).place));
    // The oldest go when there are too many, and it says so.
    const std::size_t third = bytes_max / 3 + 1;
    for (std::uint8_t i = 7; i <= 10; ++i) {
        tail.append(behind(i - 1).place, {entry(i, "a.b", third)}, behind(i).place, bytes_max);
    }
    EXPECT_LE(tail.bytes(), bytes_max);
    EXPECT_FALSE(tail.covers(behind(7).place));
    EXPECT_TRUE(tail.covers(behind(8).place));
    // A page ends with the event that brings it to its bytes.
    const Page page = page_of(tail, behind(8), {{}, 10}, {});
    EXPECT_EQ(page.count, 1U);
    EXPECT_TRUE(page.has_more);
}

/// A feed over a real store, whose events are written by hand.
class FeedTest : public testing::Test {
 protected:
    FeedTest() {
        for (const RealmId& id : {realm, other}) {
            write([&](store::Transaction& tx) {
                return store::realms_table::insert(tx, {.id = id,
                                                        .name = id.to_string(),
                                                        .display_name = "",
                                                        .settings = "{}",
                                                        .created_at = tx.now(),
                                                        .updated_at = tx.now()});
            });
        }
        loop_.post([this] {
            keeps_running_ = loop_.make_timer();
            keeps_running_->expire_at(store_.clock.monotonic() + 1h, [] {});
        });
        thread_ = start_thread("loop", [this] { loop_.run(); });
    }
    ~FeedTest() override {
        feed_.stop();
        loop_.stop();
        thread_.join();
        store_->stop();
    }
    template <typename F>
    void write(F closure) {
        auto done = store::write_now<bool>(*store_, [&](store::Transaction& tx) -> Result<bool> {
            POSTRIDER_TRY(closure(tx));
            return true;
        });
        ASSERT_TRUE(done) << done.error().message;
    }
    /// Writes one, and rings as the publisher does.
    void publish(const RealmId& of, const std::string& type = "order.paid",
                 const std::string& data = "{}") {
        write([&](store::Transaction& tx) -> Result<void> {
            tx.after_commit([this, of] { feed_.ring(of); });
            return store::events_table::insert(
                tx, {of, tx.mint_id<EventId>(), type, {}, tx.now(), EventOrigin::api, data});
        });
    }
    std::future<Result<Page>> ask(const Position& after, Duration wait,
                                  std::vector<std::string> patterns = {}, RealmId of = realm) {
        auto promise = std::make_shared<std::promise<Result<Page>>>();
        feed_.read({.store = {*store_, store::Turn::of(of)},
                    .realm = of,
                    .start = {.after = after, .patterns = std::move(patterns)},
                    .limit = 3,
                    .wait = wait,
                    .kept_since = kept_since_,
                    .who = {"key"}},
                   [promise](Result<Page> page) { promise->set_value(std::move(page)); });
        return promise->get_future();
    }
    Page get(const Position& after, Duration wait = {}, std::vector<std::string> patterns = {}) {
        auto page = ask(after, wait, std::move(patterns)).get();
        EXPECT_TRUE(page) << (page ? "" : page.error().message);
        return page ? *std::move(page) : Page{};
    }
    void wait_for_waiters(std::size_t count) {
        while (feed_.waiting() != count) std::this_thread::yield();
    }

    store::TemporaryStore store_;
    net::EventLoop loop_{store_.clock};
    std::unique_ptr<net::EventLoop::Timer> keeps_running_;
    store::EventNews news_;
    Feed feed_{*store_, news_, store_.clock, loop_};
    std::thread thread_;
    Timestamp kept_since_{};
    std::vector<std::shared_ptr<const std::string>> kept_;  // as connections keep them
};

TEST_F(FeedTest, pages_follow_each_other_without_a_gap) {
    for (int i = 0; i < 7; ++i) publish(realm, i % 2 == 0 ? "order.paid" : "user.created");
    publish(other);
    std::size_t count = 0;
    Position after;
    for (int i = 0; i < 3; ++i) {
        const Page page = get(after);
        count += page.count;
        EXPECT_GT(page.end.place, after.place);
        after = page.end;
        EXPECT_EQ(page.has_more, i < 2);
    }
    EXPECT_EQ(count, 7U);
    EXPECT_EQ(get(after).count, 0U);
    // Three are looked through, two of them are wanted.
    EXPECT_EQ(get({}, {}, {"order.*"}).count, 2U);
}

TEST_F(FeedTest, whoever_waits_is_answered_by_a_commit_in_its_realm) {
    auto paid = ask({}, 30s, {"order.paid"});
    auto any = ask({}, 30s);
    auto elsewhere = ask({}, 30s, {}, other);
    wait_for_waiters(3);
    publish(realm, "user.created");
    const auto first = any.get();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->count, 1U);
    wait_for_waiters(2);
    publish(realm, "order.paid");
    const auto second = paid.get();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->count, 1U);
    // From memory, too, where somebody waits: nothing is missed, nothing comes twice.
    EXPECT_EQ(get(first->end, 30s).count, 1U);
    EXPECT_EQ(get({}, 30s).count, 2U);
    EXPECT_EQ(elsewhere.wait_for(0s), std::future_status::timeout);
    publish(other);
    EXPECT_EQ(elsewhere.get()->count, 1U);
}

TEST_F(FeedTest, what_is_committed_while_nobody_waits_is_not_missed) {
    // All from memory but for the first: each asks behind what the one before was given.
    auto waiting = ask({}, 30s);
    wait_for_waiters(1);
    publish(realm);
    Position after = waiting.get()->end;
    for (int i = 0; i < 50; ++i) {
        if (i % 2 == 0) publish(realm);
        auto next = ask(after, 30s);
        if (i % 2 == 1) publish(realm);
        const auto page = next.get();
        ASSERT_TRUE(page);
        EXPECT_EQ(page->count, 1U);
        after = page->end;
    }
}

TEST_F(FeedTest, whoever_has_read_all_that_is_in_memory_waits_without_the_store) {
    auto waiting = ask({}, 30s);
    wait_for_waiters(1);
    publish(realm);
    const Position after = waiting.get()->end;
    store_->stop();
    auto next = ask(after, 1h);
    EXPECT_EQ(feed_.waiting(), 1U);
    feed_.stop();
    EXPECT_EQ(next.get()->count, 0U);
}

TEST_F(FeedTest, what_comes_while_somebody_is_behind_is_in_memory_for_them) {
    for (int i = 0; i < 7; ++i) publish(realm);
    Page page = get({}, 30s);
    ASSERT_TRUE(page.has_more);
    while (page.has_more) page = get(page.end);
    publish(realm);
    // A call that needed the store would be refused.
    store::TemporaryStore stopped;
    stopped->stop();
    std::promise<Result<Page>> next;
    feed_.read({.store = {*stopped, store::Turn::of(realm)},
                .realm = realm,
                .start = {.after = page.end, .patterns = {}},
                .limit = 3,
                .wait = 30s,
                .kept_since = {},
                .who = {"key"}},
               [&next](Result<Page> answer) { next.set_value(std::move(answer)); });
    const auto found = next.get_future().get();
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->count, 1U);
}

TEST_F(FeedTest, a_wait_ends_with_an_empty_page_that_is_up_to_date) {
    publish(realm);
    const Page page = get({});
    const Timestamp before = store_.clock.now();
    const Page empty = get(page.end, 50ms);
    EXPECT_EQ(empty.count, 0U);
    EXPECT_EQ(empty.end.place, page.end.place);
    EXPECT_GE(empty.end.seen_at, before);
    auto waiting = ask(page.end, 1h);
    wait_for_waiters(1);
    feed_.stop();
    EXPECT_EQ(waiting.get()->count, 0U);
    EXPECT_EQ(get(page.end, 1h).count, 0U);
}

TEST_F(FeedTest, a_position_that_is_too_old_is_gone_but_not_the_beginning) {
    publish(realm);
    const Page page = get({});
    kept_since_ = store_.clock.now() + 1h;
    const auto gone = ask(page.end, {}).get();
    ASSERT_FALSE(gone);
    EXPECT_STREQ(gone.error().problem, "position-gone");
    EXPECT_EQ(get({}).count, 0U);  // all of it is past its time
}

TEST_F(FeedTest, one_key_waits_in_half_of_the_places_at_most) {
    std::vector<std::future<Result<Page>>> waiting;
    for (std::size_t i = 0; i < limits::feed_waits_max / 2; ++i) waiting.push_back(ask({}, 1h));
    wait_for_waiters(limits::feed_waits_max / 2);
    const auto refused = ask({}, 1h).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::resource_exhausted);
    EXPECT_EQ(get({}).count, 0U);
    publish(realm);
    for (auto& each : waiting) EXPECT_EQ(each.get()->count, 1U);
}

TEST_F(FeedTest, those_who_wait_for_the_same_share_one_page) {
    std::vector<std::future<Result<Page>>> waiting;
    for (std::size_t i = 0; i < 100; ++i) {
        waiting.push_back(ask(
            {}, 1h, i % 2 == 0 ? std::vector<std::string>{"order.*"} : std::vector<std::string>{}));
    }
    wait_for_waiters(waiting.size());
    publish(realm);
    std::set<const std::string*> texts;
    for (auto& each : waiting) {
        auto page = each.get();
        ASSERT_TRUE(page);
        EXPECT_EQ(page->count, 1U);
        texts.insert(page->text.get());
        kept_.push_back(page->text);
    }
    EXPECT_EQ(texts.size(), 2U);
}

TEST_F(FeedTest, pages_have_a_budget_until_they_are_let_go) {
    publish(realm, "order.paid", R"({"text":")" + std::string(1'000'000, 'x') + "\"}");
    std::optional<Error> refused;
    while (!refused && kept_.size() < 100) {
        auto page = ask({}, {}).get();
        if (page) {
            kept_.push_back(page->text);
        } else {
            refused = page.error();
        }
    }
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::resource_exhausted);
    // One key has half of it.
    EXPECT_NEAR(static_cast<double>(kept_.size()), limits::feed_pages_bytes_max / 2e6, 2);
    // Who waits is told so too; a page that is small is not counted.
    auto waiting = ask({}, 1h, {"user.*"});
    wait_for_waiters(1);
    publish(realm, "user.created", R"({"text":")" + std::string(1'000'000, 'x') + "\"}");
    EXPECT_FALSE(waiting.get());
    publish(other);
    EXPECT_TRUE(ask({}, {}, {}, other).get());
    kept_.clear();
    EXPECT_TRUE(ask({}, {}).get());
}

TEST_F(FeedTest, whoever_commits_does_not_wait_for_the_pages_that_are_made) {
    auto promise = std::make_shared<std::promise<void>>();
    const auto go_on = promise->get_future().share();
    auto called = std::make_shared<std::promise<void>>();
    feed_.read({.store = {*store_, store::Turn::of(realm)},
                .realm = realm,
                .start = {},
                .limit = 3,
                .wait = 1h,
                .kept_since = {},
                .who = {"key"}},
               [go_on, called](const Result<Page>&) {
                   called->set_value();
                   go_on.wait();
               });
    wait_for_waiters(1);
    auto elsewhere = ask({}, 1h, {}, other);
    wait_for_waiters(2);
    publish(realm);
    called->get_future().wait();
    // The feed's thread is held up, and nobody who commits is.
    for (int i = 0; i < 10; ++i) publish(other);
    EXPECT_EQ(get({}, {}, {}).count, 1U);
    promise->set_value();
    EXPECT_GE(elsewhere.get()->count, 1U);
}

TEST_F(FeedTest, many_at_once_see_the_same_order) {
    constexpr int readers = 8, events = 300;
    std::vector<std::future<std::string>> seen;
    for (int i = 0; i < readers; ++i) {
        seen.push_back(std::async(std::launch::async, [this] {
            std::string all;
            std::size_t count = 0;
            for (Position after; count < events;) {
                const Page page = get(after, 30s);
                all += std::string(page.items()) + ",";
                count += page.count;
                after = page.end;
            }
            return all;
        }));
    }
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i) {
        writers.emplace_back([this] {
            for (int n = 0; n < events / 3; ++n) publish(realm);
        });
    }
    for (auto& writer : writers) writer.join();
    const auto first = seen[0].get();
    for (int i = 1; i < readers; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)].get(), first);
}

TEST(EventNews, tells_those_who_listen_and_nobody_else) {
    store::EventNews news;
    std::vector<std::vector<RealmId>> heard;
    news.on_heard([&](const std::vector<RealmId>& realms) { heard.push_back(realms); });
    Monotonic now{};
    news.listen(realm);
    EXPECT_TRUE(news.take(now).is_empty()) << "nobody is attached";
    int woken = 0;
    news.attach([&] { ++woken; });
    news.listen(realm);
    EXPECT_EQ(news.take(now).listening, std::vector{realm});
    EXPECT_TRUE(news.take(now).is_empty());
    EXPECT_EQ(news.take(now + limits::feed_listen_again).listening, std::vector{realm});
    // Another node listens: it is told once, at once, and then of every commit.
    news.committed(other);
    EXPECT_TRUE(news.take(now).is_empty());
    news.others_listen({other}, now);
    EXPECT_EQ(news.take(now).events, std::vector{other});
    news.committed(realm);
    news.committed(other);
    news.committed(other);
    auto told = news.take(now);
    EXPECT_EQ(told.events, std::vector{other});
    news.put_back(std::move(told));
    EXPECT_EQ(news.take(now).events, std::vector{other});
    news.committed(other);
    news.take(now + limits::feed_listen_lease);
    news.committed(other);
    EXPECT_TRUE(news.take(now + limits::feed_listen_lease).events.empty());
    EXPECT_EQ(woken, 4);
    // What it hears counts where somebody waits here.
    news.hear({other});
    news.hear({realm, other});
    news.hear_all();
    EXPECT_EQ(heard, (std::vector<std::vector<RealmId>>{{realm}, {}}));
    EXPECT_EQ(news.take(now + limits::feed_listen_lease).listening, std::vector{realm});
    news.stop_listening(realm);
    news.hear({realm});
    EXPECT_EQ(heard.size(), 2U);
}

}  // namespace
}  // namespace postrider::feed
