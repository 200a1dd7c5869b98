#include "directory/directory.h"

#include <gtest/gtest.h>

#include <future>

#include "directory/realm.h"
#include "events/publisher.h"
#include "net/egress_policy.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"
#include "vault/vault.h"
#include "webhooks/webhooks.h"

namespace postrider::directory {
namespace {

class NoSink final : public events::DeliverySink {
 public:
    void offer(events::Offer) override {}
};

class NoTargets final : public webhooks::TargetSink {
 public:
    void target_changed(webhooks::SharedTarget) override {}
    void target_rebuilt(webhooks::SharedTarget) override {}
    void target_removed(const WebhookId&) override {}
};

class DirectoryTest : public testing::Test {
 protected:
    DirectoryTest() { EXPECT_TRUE(directory_.start()); }

    store::RealmStore in(const RealmId& realm) { return {*store_, store::Turn::of(realm)}; }
    Result<store::RealmRow> create(NewRealm realm) {
        std::promise<Result<store::RealmRow>> done;
        directory_.create_realm(
            in(directory_.realms().master()), actor_, std::move(realm),
            [&](Result<store::RealmRow> row) { done.set_value(std::move(row)); });
        return done.get_future().get();
    }
    Result<store::RealmRow> update(RealmId id, RealmChange change,
                                   const VersionCondition& version = {}) {
        std::promise<Result<store::RealmRow>> done;
        directory_.update_realm(
            in(id), actor_, id, std::move(change), version,
            [&](Result<store::RealmRow> row) { done.set_value(std::move(row)); });
        return done.get_future().get();
    }
    std::vector<store::EventRow> events_of(const RealmId& realm) {
        using Rows = std::vector<store::EventRow>;
        return *store::read_now<Rows>(*store_, [realm](store::sql::Connection& sql) {
            return store::events_table::list(sql, realm, {}, std::nullopt, 100);
        });
    }

    const Actor actor_ = Actor::system("test");
    store::TemporaryStore store_;
    NoSink sink_;
    events::Publisher publisher_{sink_};
    vault::Vault vault_{vault::KeyRing::generate(store_.random)};
    NoTargets targets_;
    events::FanOut fan_out_{*store_, sink_};
    webhooks::Cancellations cancellations_{*store_, fan_out_};
    webhooks::TargetRebuilds rebuilds_{*store_};
    webhooks::Webhooks webhooks_{
        vault_,
        publisher_,
        cancellations_,
        rebuilds_,
        targets_,
        store_.random,
        {.timeout = 15s, .retry_schedule = {}, .policy = std::make_shared<net::EgressPolicy>()}};
    access::PasswordHasher hasher_;
    const DirectoryOptions options_{
        .settings = {.timeout = 15s, .retry_schedule = {}, .allowed_networks = {}},
        .realm_deleted = {}};
    access::ApiKeys keys_;
    Directory directory_{*store_, publisher_, webhooks_, vault_, hasher_, keys_, options_};
};

TEST_F(DirectoryTest, master_is_there_from_the_start_and_stays_the_same) {
    const auto master = directory_.realms().find("master");
    ASSERT_TRUE(master);
    EXPECT_EQ(directory_.realms().find(master->id.to_string())->name, "master");
    Directory again{*store_, publisher_, webhooks_, vault_, hasher_, keys_, options_};
    ASSERT_TRUE(again.start());
    EXPECT_EQ(again.realms().master(), master->id);
    EXPECT_FALSE(directory_.realms().find("elsewhere"));
}

TEST_F(DirectoryTest, a_created_realm_is_found_and_fires_in_both_realms) {
    const auto row = create({.name = "acme", .display_name = "Acme & Söhne"});
    ASSERT_TRUE(row) << row.error().message;
    EXPECT_EQ(directory_.realms().find("acme")->id, row->id);
    const auto own = events_of(row->id);
    const auto copy = events_of(directory_.realms().master());
    ASSERT_EQ(own.size(), 1u);
    ASSERT_EQ(copy.size(), 1u);
    EXPECT_EQ(own[0].type, "realm.created");
    EXPECT_EQ(own[0].resource_id.uuid, row->id.uuid);
    EXPECT_EQ(own[0].id, copy[0].id);
    EXPECT_EQ(own[0].data, copy[0].data);
    EXPECT_EQ(own[0].timestamp, copy[0].timestamp);
    const std::string data = realm_event_data(*row);
    EXPECT_TRUE(own[0].data.starts_with(data.substr(0, data.size() - 1) + R"(,"actor":{)"));
}

TEST_F(DirectoryTest, a_taken_name_is_a_conflict_that_names_the_field) {
    ASSERT_TRUE(create({.name = "acme", .display_name = ""}));
    for (const char* name : {"acme", "master"}) {
        const auto again = create({.name = name, .display_name = ""});
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, ErrorCode::conflict);
        ASSERT_EQ(again.error().fields.size(), 1u);
        EXPECT_EQ(again.error().fields[0].pointer, "#/name");
    }
    EXPECT_EQ(events_of(directory_.realms().master()).size(), 1u);
}

TEST_F(DirectoryTest, names_are_checked) {
    for (const char* name :
         {"", "Acme", "a b", "ä", "a_b", "01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f"}) {
        const auto refused = create({.name = name, .display_name = ""});
        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    }
    EXPECT_FALSE(create({.name = std::string(64, 'a'), .display_name = ""}));
    EXPECT_TRUE(create({.name = std::string(63, 'a'), .display_name = ""}));
    std::string wide;
    for (int i = 0; i < 200; ++i) wide += "ö";
    EXPECT_TRUE(create({.name = "wide", .display_name = wide}));
    EXPECT_FALSE(create({.name = "wider", .display_name = wide + "x"}));
}

TEST_F(DirectoryTest, an_update_fires_once_and_only_when_it_changes_something) {
    const auto row = create({.name = "acme", .display_name = "Acme"});
    const auto changed =
        update(row->id, {.display_name = "Acme Ltd"}, VersionCondition::one_of({1}));
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->version, 2);
    const auto same = update(row->id, {.display_name = "Acme Ltd"});
    EXPECT_EQ(same->version, 2);
    const auto own = events_of(row->id);
    ASSERT_EQ(own.size(), 2u);
    EXPECT_EQ(own[0].type, "realm.updated");
    EXPECT_NE(own[0].data.find(R"("changed":["display_name"])"), std::string::npos);
    EXPECT_EQ(events_of(directory_.realms().master()).size(), 2u);
    EXPECT_EQ(
        update(row->id, {.display_name = "Other"}, VersionCondition::one_of({1})).error().code,
        ErrorCode::failed_precondition);
    EXPECT_EQ(update(RealmId{}, {.display_name = "Other"}).error().code, ErrorCode::not_found);
}

TEST_F(DirectoryTest, a_change_of_master_fires_there_once) {
    const RealmId master = directory_.realms().master();
    ASSERT_TRUE(update(master, {.display_name = "The one"}));
    EXPECT_EQ(events_of(master).size(), 1u);
}

}  // namespace
}  // namespace postrider::directory
