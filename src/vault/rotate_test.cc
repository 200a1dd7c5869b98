#include "vault/rotate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "store/sqlite_store.h"
#include "store/tables.h"
#include "store/wait.h"

namespace postrider::vault {
namespace {

using store::WebhookRow;

class StoredKeys : public testing::Test {
 protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/vault-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        source_ = {.text = "", .file = folder_ + "/key"};
        auto opened = store::open_sqlite({.path = folder_ + "/postrider.db"}, clock_, random_);
        ASSERT_TRUE(opened) << opened.error().message;
        store_ = std::move(*opened);
    }
    void TearDown() override {
        if (store_) store_->stop();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    static Place place_of(const WebhookRow& row, std::string_view column) {
        return {row.realm, row.id.uuid, column};
    }
    /// `count` webhooks whose columns are sealed by `vault`, texts made of their names.
    void insert_webhooks(const Vault& vault, int count) {
        auto written =
            store::write_now<bool>(*store_, [vault, count](store::Transaction& tx) -> Result<bool> {
                for (int i = 0; i < count; ++i) {
                    WebhookRow row;
                    row.realm = RealmId{tx.mint()};
                    row.id = tx.mint_id<WebhookId>();
                    row.name = "w" + std::to_string(i);
                    row.secret = vault.seal(place_of(row, columns::webhook_secret), row.name);
                    row.headers =
                        vault.seal(place_of(row, columns::webhook_headers), row.name + "h");
                    row.credential =
                        vault.seal(place_of(row, columns::webhook_credential), row.name + "c");
                    row.tls = vault.seal(place_of(row, columns::webhook_tls), row.name + "t");
                    row.created_at = row.updated_at = tx.now();
                    POSTRIDER_TRY(store::webhooks_table::insert(tx, row));
                }
                return true;
            });
        ASSERT_TRUE(written) << written.error().message;
    }
    std::vector<WebhookRow> webhooks() {
        return store::read_now<std::vector<WebhookRow>>(
                   *store_,
                   [](store::sql::Connection& sql) { return store::webhooks_table::all(sql); })
            .value();
    }
    void expect_all_open(const Vault& vault, std::size_t count) {
        const auto rows = webhooks();
        EXPECT_EQ(rows.size(), count);
        for (const auto& row : rows) {
            EXPECT_EQ(vault.open(place_of(row, columns::webhook_secret), row.secret).value(),
                      row.name);
            EXPECT_EQ(vault.open(place_of(row, columns::webhook_headers), row.headers).value(),
                      row.name + "h");
            EXPECT_EQ(
                vault.open(place_of(row, columns::webhook_credential), row.credential).value(),
                row.name + "c");
            EXPECT_EQ(vault.open(place_of(row, columns::webhook_tls), row.tls).value(),
                      row.name + "t");
            EXPECT_EQ(row.previous_secret, "");
        }
    }

    SystemClock clock_;
    SystemRandom random_;
    std::string folder_;
    KeySource source_;
    std::unique_ptr<store::Store> store_;
};

TEST_F(StoredKeys, first_start_makes_the_key_and_later_ones_find_it) {
    auto first = open_vault(*store_, source_, random_);
    ASSERT_TRUE(first) << first.error().message;
    auto second = open_vault(*store_, source_, random_);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(first->ring().keys(), second->ring().keys());
    // The same keys through the environment.
    auto third = open_vault(*store_, {.text = first->ring().to_text(), .file = ""}, random_);
    EXPECT_TRUE(third);
}

TEST_F(StoredKeys, wrong_and_missing_keys_are_one_sentence) {
    ASSERT_TRUE(open_vault(*store_, source_, random_));
    const auto key = KeyRing::generate(random_);
    auto wrong = open_vault(*store_, {.text = key.to_text(), .file = ""}, random_);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("POSTRIDER_KEY does not hold the key"), std::string::npos);
    std::filesystem::remove(source_.file);
    auto missing = open_vault(*store_, source_, random_);
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("is missing"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(source_.file)) << "a new key would hide the loss";
    ASSERT_TRUE(write_key_file(source_.file, key));
    auto other = open_vault(*store_, source_, random_);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find(source_.file), std::string::npos);
}

TEST_F(StoredKeys, rotation_seals_everything_with_a_new_key_and_drops_the_old) {
    const auto before = open_vault(*store_, source_, random_).value();
    insert_webhooks(before, 450);  // more than two steps
    auto report = rotate_keys(*store_, source_, random_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->values, 1800u);
    EXPECT_EQ(report->removed, 1u);
    EXPECT_FALSE(report->was_resumed);
    auto after = open_vault(*store_, source_, random_);
    ASSERT_TRUE(after) << after.error().message;
    ASSERT_EQ(after->ring().keys().size(), 1u);
    EXPECT_NE(after->ring().primary(), before.ring().primary());
    expect_all_open(*after, 450);
}

TEST_F(StoredKeys, rotation_goes_on_where_a_kill_left_it) {
    const auto before = open_vault(*store_, source_, random_).value();
    insert_webhooks(before, 3);
    // Killed after the key file, and after one of the steps: both keys there, some rows sealed
    // anew.
    const Vault both(before.ring().with_new_primary(random_));
    ASSERT_TRUE(write_key_file(source_.file, both.ring()));
    insert_webhooks(both, 2);
    ASSERT_TRUE(open_vault(*store_, source_, random_)) << "the server starts in between";
    auto report = rotate_keys(*store_, source_, random_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->was_resumed);
    EXPECT_EQ(report->values, 12u);
    EXPECT_EQ(report->primary, both.ring().primary().id);
    const auto after = open_vault(*store_, source_, random_);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->ring().keys().size(), 1u);
    expect_all_open(*after, 5);
}

TEST_F(StoredKeys, rotation_drops_no_key_while_a_value_does_not_open) {
    const auto before = open_vault(*store_, source_, random_).value();
    insert_webhooks(Vault(KeyRing::generate(random_)), 1);
    auto report = rotate_keys(*store_, source_, random_);
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::corrupt);
    const auto ring = read_key_file(source_.file).value().value();
    EXPECT_NE(ring.find(before.ring().primary().id), nullptr);
}

TEST_F(StoredKeys, rotation_with_the_environment_uses_the_keys_there) {
    const auto old_ring = KeyRing::generate(random_);
    ASSERT_TRUE(open_vault(*store_, {.text = old_ring.to_text(), .file = ""}, random_));
    insert_webhooks(Vault(old_ring), 1);
    EXPECT_FALSE(rotate_keys(*store_, {.text = old_ring.to_text(), .file = ""}, random_));
    const auto both = old_ring.with_new_primary(random_);
    auto report = rotate_keys(*store_, {.text = both.to_text(), .file = ""}, random_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->old_keys_remain);
    const KeySource only_new{.text = both.primary_only().to_text(), .file = ""};
    ASSERT_TRUE(open_vault(*store_, only_new, random_));
    expect_all_open(Vault(both.primary_only()), 1);
}

}  // namespace
}  // namespace postrider::vault
