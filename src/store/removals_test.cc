#include "store/removals.h"

#include <gtest/gtest.h>

#include "model/turn_limits.h"
#include "store/import_tables.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::store {
namespace {

constexpr std::size_t many = 2 * limits::removed_at_once + 100;

class RemovalsTest : public testing::Test {
 protected:
    template <typename F>
    auto change(F closure) {
        using R = std::invoke_result_t<F, Transaction&>;
        return *write_now<typename R::value_type>(*store, std::move(closure));
    }
    std::int64_t count(const char* what) {
        return change([what](Transaction& tx) -> Result<std::int64_t> {
            static constexpr sql::Query roles{"SELECT COUNT(*) FROM user_roles"};
            static constexpr sql::Query tokens{"SELECT COUNT(*) FROM oauth_tokens"};
            auto rows = tx.sql().rows(what == std::string("roles") ? roles : tokens);
            const auto found = rows.next() ? rows.integer(0) : -1;
            POSTRIDER_TRY(rows.finish());
            return found;
        });
    }
    RoleId make_role(Transaction& tx, std::optional<ClientId> client) const {
        RoleRow row{.realm = realm,
                    .id = tx.mint_id<RoleId>(),
                    .client = client,
                    .name = "r" + tx.mint().to_string(),
                    .description = {},
                    .permissions = R"(["view_events"])",
                    .created_at = tx.now(),
                    .updated_at = tx.now()};
        EXPECT_TRUE(roles_table::insert(tx, row));
        return row.id;
    }
    Result<void> assign(Transaction& tx, const RoleId& role) const {
        std::vector<UserRoleRow> rows;
        for (const UserId& user : users) rows.push_back({realm, user, role});
        return import_tables::insert_roles(tx, rows);
    }
    RemovalsTest() {
        change([this](Transaction& tx) -> Result<bool> {
            realm = tx.mint_id<RealmId>();
            for (std::size_t i = 0; i < many; ++i) users.push_back(tx.mint_id<UserId>());
            return true;
        });
    }
    ~RemovalsTest() override { store->stop(); }

    TemporaryStore store;
    RealmId realm;
    std::vector<UserId> users;
};

TEST_F(RemovalsTest, a_role_of_many_is_nobodys_at_once_and_taken_from_them_step_by_step) {
    const RoleId role = change([this](Transaction& tx) -> Result<RoleId> {
        const RoleId made = make_role(tx, {});
        POSTRIDER_TRY(assign(tx, made));
        POSTRIDER_TRY(roles_table::remove(tx, realm, made));
        for (const UserId& user : {users.front(), users.back()}) {
            POSTRIDER_ASSIGN(const auto left, user_roles_table::permissions(tx.sql(), realm, user));
            EXPECT_TRUE(left.empty());
        }
        return made;
    });
    EXPECT_EQ(count("roles"), static_cast<std::int64_t>(many - limits::removed_at_once));
    const auto is_left_over = [&] {
        return change(
            [&](Transaction& tx) { return removals::is_left_over(tx.sql(), realm, role); });
    };
    EXPECT_TRUE(is_left_over());
    std::size_t steps = 0;
    while (change([](Transaction& tx) { return removals::sweep_roles(tx, 400); }) > 0) ++steps;
    EXPECT_EQ(steps, 2U);
    EXPECT_EQ(count("roles"), 0);
    EXPECT_FALSE(is_left_over());
}

TEST_F(RemovalsTest, a_role_of_few_leaves_nothing_over) {
    change([this](Transaction& tx) -> Result<bool> {
        users.resize(3);
        const RoleId role = make_role(tx, {});
        POSTRIDER_TRY(assign(tx, role));
        POSTRIDER_TRY(roles_table::remove(tx, realm, role));
        POSTRIDER_ASSIGN(const bool left, removals::is_left_over(tx.sql(), realm, role));
        EXPECT_FALSE(left);
        return true;
    });
    EXPECT_EQ(count("roles"), 0);
}

TEST_F(RemovalsTest, a_clients_tokens_and_roles_are_void_at_once_however_many) {
    struct Made {
        ClientRow client;
        std::vector<std::string> hashes;
    };
    const auto make = [this](Transaction& tx, ClientId id) -> Result<Made> {
        Made made{.client = {.realm = realm,
                             .id = id,
                             .client_id = "shop",
                             .name = {},
                             .description = {},
                             .type = "confidential",
                             .secret_hash = std::string(32, 's'),
                             .created_at = tx.now(),
                             .updated_at = tx.now()},
                  .hashes = {}};
        POSTRIDER_TRY(clients_table::insert(tx, made.client));
        for (std::size_t i = 0; i < many; ++i) {
            made.hashes.push_back(std::string(16, 'h') + std::string(tx.mint().view()));
            POSTRIDER_TRY(oauth_tokens_table::insert(tx, {.realm = realm,
                                                          .id = tx.mint_id<OauthTokenId>(),
                                                          .client = id,
                                                          .hash = made.hashes.back(),
                                                          .scope = {},
                                                          .created_at = tx.now(),
                                                          .expires_at = tx.now() + 1h}));
        }
        return made;
    };
    const auto are_in_force = [](Transaction& tx, const Made& made) {
        std::size_t found = 0;
        for (const std::string& hash : made.hashes) {
            if (*oauth_tokens_table::find_by_hash(tx.sql(), hash)) ++found;
        }
        return found;
    };
    change([&](Transaction& tx) -> Result<bool> {
        const auto id = tx.mint_id<ClientId>();
        POSTRIDER_ASSIGN(const auto made, make(tx, id));
        EXPECT_EQ(are_in_force(tx, made), many);
        POSTRIDER_TRY(oauth_tokens_table::remove_of_client(tx, realm, id));
        EXPECT_EQ(are_in_force(tx, made), 0U);
        // A new one is in force again.
        const std::string hash(32, 'n');
        POSTRIDER_TRY(oauth_tokens_table::insert(tx, {.realm = realm,
                                                      .id = tx.mint_id<OauthTokenId>(),
                                                      .client = id,
                                                      .hash = hash,
                                                      .scope = {},
                                                      .created_at = tx.now(),
                                                      .expires_at = tx.now() + 1h}));
        POSTRIDER_ASSIGN(const auto found, oauth_tokens_table::find_by_hash(tx.sql(), hash));
        EXPECT_TRUE(found);
        const RoleId role = make_role(tx, id);
        POSTRIDER_TRY(assign(tx, role));
        POSTRIDER_TRY(clients_table::remove(tx, realm, id));
        POSTRIDER_ASSIGN(const bool left, removals::is_left_over(tx.sql(), realm, role));
        EXPECT_TRUE(left);
        return true;
    });
    EXPECT_EQ(count("roles"), static_cast<std::int64_t>(many - limits::removed_at_once));
    EXPECT_GT(count("tokens"), 0);
}

TEST_F(RemovalsTest, users_go_as_a_set_and_it_is_known_who_was_there) {
    change([this](Transaction& tx) -> Result<bool> {
        std::vector<UserRow> rows;
        for (std::size_t i = 0; i < 3; ++i) {
            rows.push_back({.realm = realm,
                            .id = users[i],
                            .username = "u" + std::to_string(i),
                            .email = {},
                            .first_name = {},
                            .last_name = {},
                            .attributes = "{}",
                            .created_at = tx.now(),
                            .updated_at = tx.now()});
        }
        POSTRIDER_TRY(import_tables::insert_users(tx, rows));
        const std::vector<UserId> asked{users[0], users[3], users[2]};
        std::vector<bool> removed;
        POSTRIDER_TRY(removals::remove_users(tx, realm, asked, removed));
        EXPECT_EQ(removed, (std::vector<bool>{true, false, true}));
        POSTRIDER_ASSIGN(const auto left, users_table::find(tx.sql(), realm, users[1]));
        EXPECT_TRUE(left);
        POSTRIDER_ASSIGN(const auto gone, users_table::find(tx.sql(), realm, users[2]));
        EXPECT_FALSE(gone);
        return true;
    });
}

}  // namespace
}  // namespace postrider::store
