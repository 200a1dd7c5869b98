#include "webhooks/recoveries.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/json.h"
#include "store/id_range.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"
#include "webhooks/recover.h"

namespace postrider::webhooks {
namespace {

using store::Transaction;

const Actor actor{"api_key", "test", {}};

/// A connection on which a look at more than so many events of a realm takes too long.
class SlowConnection final : public store::sql::Connection {
 public:
    SlowConnection(Connection& real, const std::function<bool()>& is_slow)
        : real_(real), is_slow_(is_slow) {}
    Result<store::sql::Statement*> prepare(const store::sql::Query& query) override {
        if (query.text.contains("FROM events") && is_slow_()) {
            return std::unexpected(store::sql::read_too_long());
        }
        return real_.prepare(query);
    }
    Result<store::sql::Statement*> prepare_rows(const store::sql::Query& query) override {
        return real_.prepare_rows(query);
    }
    Result<void> execute(const char* script) override { return real_.execute(script); }
    std::int64_t changes() const override { return real_.changes(); }
    bool in_transaction() const override { return real_.in_transaction(); }
    Result<void> check_time() override { return real_.check_time(); }
    bool is_half_used() const override { return real_.is_half_used(); }

 private:
    Connection& real_;
    const std::function<bool()>& is_slow_;
};

/// A store whose lengthy reads have such a connection.
class SlowStore final : public store::Store {
 public:
    SlowStore(Store& real, std::function<bool()> is_slow)
        : real_(real), is_slow_(std::move(is_slow)) {}
    void write(const store::Turn& turn, store::WriteClass write_class, store::Closure closure,
               store::Done done) override {
        real_.write(turn, write_class, std::move(closure), std::move(done));
    }
    void publish(store::PublishWork work) override { real_.publish(std::move(work)); }
    void read(const store::Turn& turn, store::ReadClass read_class, Reader reader) override {
        if (read_class != store::ReadClass::lengthy) {
            return real_.read(turn, read_class, std::move(reader));
        }
        real_.read(turn, read_class,
                   [this, reader = std::move(reader)](Result<store::Snapshot*> snapshot) {
                       if (!snapshot) return reader(std::move(snapshot));
                       SlowSnapshot slow(**snapshot, is_slow_);
                       reader(&slow);
                   });
    }
    void set_publish_handler(store::PublishHandler handler) override {
        real_.set_publish_handler(std::move(handler));
    }
    store::CommitNumber last_commit() const override { return real_.last_commit(); }
    std::optional<Timestamp> last_run() const override { return real_.last_run(); }
    bool is_disk_full() const override { return real_.is_disk_full(); }
    std::size_t reads_waiting() const override { return real_.reads_waiting(); }
    void stop() override { real_.stop(); }

 private:
    class SlowSnapshot final : public store::Snapshot {
     public:
        SlowSnapshot(Snapshot& real, const std::function<bool()>& is_slow)
            : real_(real), sql_(real.sql(), is_slow) {}
        store::sql::Connection& sql() override { return sql_; }
        store::CommitNumber commit_number() const override { return real_.commit_number(); }
        bool runs_again() const override { return real_.runs_again(); }

     private:
        Snapshot& real_;
        SlowConnection sql_;
    };

    Store& real_;
    const std::function<bool()> is_slow_;
};

class RecoveriesTest : public testing::Test {
 protected:
    RecoveriesTest()
        : slow_store_(*store_,
                      [this] {
                          ++looks_;
                          return looks_ <= slow_looks_;
                      }),
          recoveries_(slow_store_, [](const RealmId&, const WebhookId&, store::CommitNumber) {}) {
        realm_ = new_realm("one");
        other_realm_ = new_realm("two");
    }
    ~RecoveriesTest() override { store_->stop(); }

    template <typename F>
    auto change(F closure) {
        using R = std::invoke_result_t<F, Transaction&>;
        auto done = store::write_now<typename R::value_type>(*store_, std::move(closure));
        EXPECT_TRUE(done) << (done ? "" : done.error().message);
        return std::move(*done);
    }
    RealmId new_realm(std::string name) {
        return change([name](Transaction& tx) { return store::insert_realm(tx, name); });
    }
    /// A recovery of a new webhook that lacks three events.
    OperationId started(const RealmId& realm) {
        return change([realm](Transaction& tx) -> Result<OperationId> {
            store::WebhookRow webhook;
            webhook.realm = realm;
            webhook.id = tx.mint_id<WebhookId>();
            webhook.name = webhook.id.to_string();
            webhook.url = "https://example.com/";
            webhook.header_names = "[]";
            webhook.events = R"(["order.paid"])";
            webhook.signing = "[]";
            webhook.created_at = webhook.updated_at = tx.now();
            POSTRIDER_TRY(store::webhooks_table::insert(tx, webhook));
            for (int i = 0; i < 3; ++i) {
                POSTRIDER_TRY(store::events_table::insert(
                    tx, {realm, tx.mint_id<EventId>(), "order.paid", ResourceId{tx.mint()},
                         tx.now(), EventOrigin::api, "{}"}));
            }
            POSTRIDER_ASSIGN(const auto row,
                             start_recovery(tx, realm, webhook.id, {Timestamp{}, {}}, actor));
            return row.id;
        });
    }
    /// The state and the detail of an operation, whatever else of it can be read.
    std::pair<std::string, std::string> state_of(const RealmId& realm, const OperationId& id) {
        static constexpr store::sql::Query query{
            "SELECT state, detail FROM operations WHERE realm_id = $1 AND id = $2"};
        auto found = store::read_now<std::pair<std::string, std::string>>(
            *store_,
            [&](store::sql::Connection& sql) -> Result<std::pair<std::string, std::string>> {
                std::pair<std::string, std::string> state;
                auto rows = sql.rows(query, realm, id);
                if (rows.next()) state = {rows.string(0), rows.string(1)};
                POSTRIDER_TRY(rows.finish());
                return state;
            });
        return found.value();
    }
    std::string ended(const RealmId& realm, const OperationId& id) {
        while (state_of(realm, id).first == "running") std::this_thread::yield();
        const auto [state, detail] = state_of(realm, id);
        return state == "failed" ? state + ": " + detail : state;
    }
    void spoil(const OperationId& id, const store::sql::Query& query) {
        change([&](Transaction& tx) { return tx.sql().run(query, id); });
    }

    store::TemporaryStore store_;
    std::atomic<int> looks_ = 0;
    std::atomic<int> slow_looks_ = 0;
    SlowStore slow_store_;
    Recoveries recoveries_;
    RealmId realm_;
    RealmId other_realm_;
};

constexpr store::sql::Query spoilt_params{
    "UPDATE operations SET params = 'nonsense' WHERE id = $1"};
constexpr store::sql::Query spoilt_position{"UPDATE operations SET position = '{}' WHERE id = $1"};
constexpr store::sql::Query spoilt_times{
    "UPDATE operations SET created_at = 9223372036854775807 WHERE id = $1"};
constexpr store::sql::Query spoilt_total{
    "UPDATE operations SET total = 9223372036854775807 WHERE id = $1"};

TEST_F(RecoveriesTest, one_that_cannot_be_read_fails_alone_and_says_why) {
    const std::pair<const store::sql::Query*, std::string> cases[] = {
        {&spoilt_params, "params"},
        {&spoilt_position, "position"},
        {&spoilt_times, "created_at"},
        {&spoilt_total, "total"},
    };
    for (const auto& [query, column] : cases) {
        const auto bad = started(realm_);
        spoil(bad, *query);
        const auto beside = started(realm_);
        const auto other = started(other_realm_);
        recoveries_.proceed();
        EXPECT_EQ(ended(other_realm_, other), "done") << column;
        EXPECT_EQ(ended(realm_, beside), "done") << column;
        const auto said = ended(realm_, bad);
        EXPECT_TRUE(said.starts_with("failed: ")) << said;
        EXPECT_TRUE(said.contains("a row of operations cannot be read: its column " + column))
            << said;
        EXPECT_TRUE(said.contains(bad.to_string())) << said;
    }
}

TEST_F(RecoveriesTest, one_whose_id_is_none_ends_too) {
    static constexpr store::sql::Query copy{"UPDATE operations SET id = x'00' WHERE id = $1"};
    static constexpr store::sql::Query running{
        "SELECT COUNT(*) FROM operations WHERE state = 'running'"};
    spoil(started(realm_), copy);
    const auto other = started(realm_);
    recoveries_.proceed();
    EXPECT_EQ(ended(realm_, other), "done");
    const auto count = [this] {
        return store::read_now<std::int64_t>(
                   *store_,
                   [](store::sql::Connection& sql) -> Result<std::int64_t> {
                       auto rows = sql.rows(running);
                       const auto found = rows.next() ? rows.integer(0) : 0;
                       POSTRIDER_TRY(rows.finish());
                       return found;
                   })
            .value();
    };
    while (count() > 0) std::this_thread::yield();
}

TEST_F(RecoveriesTest, a_look_that_takes_too_long_becomes_smaller) {
    const auto id = started(realm_);
    slow_looks_ = 5;
    recoveries_.proceed(realm_);
    EXPECT_EQ(ended(realm_, id), "done");
    EXPECT_GT(looks_, 5);
}

TEST_F(RecoveriesTest, one_that_takes_too_long_however_little_it_looks_at_fails) {
    const auto id = started(realm_);
    slow_looks_ = 1'000'000;
    recoveries_.proceed(realm_);
    EXPECT_EQ(ended(realm_, id),
              "failed: To look for what it has to do takes longer than a read may last, one event "
              "at a time. Make the webhook's filter simpler, then begin again.");
    // 1000, 500, 250, 125, 62, 31, 15, 7, 3 and 1.
    EXPECT_EQ(looks_, 10);
    slow_looks_ = 0;
    const auto next = started(realm_);
    recoveries_.proceed(realm_);
    EXPECT_EQ(ended(realm_, next), "done");
}

}  // namespace
}  // namespace postrider::webhooks
