#include "access/bootstrap.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/crypto.h"
#include "store/tables.h"
#include "store/temporary_store_test.h"
#include "store/wait.h"

namespace postrider::access {
namespace {

const RealmId master{*Uuid::parse("01936d3a-5f0e-7c4b-9a51-3f2b8c7d6e5f")};
const std::string given = "0123456789abcdef0123456789abcdef";

class Bootstrap : public testing::Test {
 protected:
    Result<BootstrapResult> start(std::string token = {}) {
        keys_ = std::make_unique<ApiKeys>();
        return bootstrap(*store_, *keys_,
                         {.token = std::move(token), .token_file = file(), .master = master},
                         store_.random);
    }
    std::string file() const { return store_.folder() + "/admin-token"; }
    std::string file_token() const {
        std::ifstream stream(file());
        std::string token;
        std::getline(stream, token);
        return token;
    }
    Result<SharedPrincipal> authenticate(const std::string& token) {
        const std::string header = "Bearer " + token;
        return keys_->authenticate(&header, store_.clock.now());
    }
    std::size_t stored_keys() {
        using Rows = std::vector<store::ApiKeyRow>;
        return store::read_now<Rows>(*store_, store::api_keys_table::all)->size();
    }

    store::TemporaryStore store_;
    std::unique_ptr<ApiKeys> keys_;
};

TEST_F(Bootstrap, the_first_start_makes_a_key_with_every_permission) {
    EXPECT_EQ(*start(), BootstrapResult::generated);
    const std::string token = file_token();
    EXPECT_TRUE(token.starts_with("prk_"));
    EXPECT_EQ(token.size(), 4u + 43u);
    struct stat status{};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);

    const auto principal = authenticate(token);
    ASSERT_TRUE(principal) << principal.error().message;
    EXPECT_EQ((*principal)->name, "bootstrap");
    EXPECT_EQ((*principal)->permissions, PermissionSet::all());
    EXPECT_TRUE((*principal)->of_master);
    EXPECT_TRUE((*principal)->acts_in(RealmId{}));
}

TEST_F(Bootstrap, the_key_itself_is_not_stored) {
    ASSERT_TRUE(start());
    const std::string token = file_token();
    for (const char* suffix : {"", "-wal"}) {
        std::ifstream stream(store_.folder() + "/test.db" + suffix, std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
        EXPECT_EQ(bytes.find(token), std::string::npos);
    }
}

TEST_F(Bootstrap, later_starts_keep_the_key) {
    ASSERT_TRUE(start());
    const std::string token = file_token();
    store_.reopen();
    EXPECT_EQ(*start(), BootstrapResult::kept);
    EXPECT_EQ(file_token(), token);
    EXPECT_TRUE(authenticate(token));
    EXPECT_EQ(stored_keys(), 1u);

    std::filesystem::remove(file());  // taken away to a safe place: still valid, not made anew
    EXPECT_EQ(*start(), BootstrapResult::kept);
    EXPECT_TRUE(authenticate(token));
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(Bootstrap, a_given_token_replaces_the_one_before) {
    EXPECT_EQ(*start(given), BootstrapResult::given);
    EXPECT_TRUE(authenticate(given));
    EXPECT_FALSE(std::filesystem::exists(file()));
    const std::string other = "another-token-of-thirty-two-chars";
    EXPECT_EQ(*start(other), BootstrapResult::given);
    EXPECT_TRUE(authenticate(other));
    EXPECT_FALSE(authenticate(given));
    EXPECT_EQ(stored_keys(), 1u);
}

TEST_F(Bootstrap, a_short_token_is_refused) {
    const auto result = start(given.substr(1));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(result.error().message.find(given.substr(1)), std::string::npos);
    EXPECT_EQ(stored_keys(), 0u);
}

struct HeaderRow {
    const char* header;  ///< nullptr: none
    bool accepted;
    const char* challenge;
};

TEST_F(Bootstrap, authorization_headers) {
    ASSERT_TRUE(start(given));
    const std::string good = "Bearer " + given;
    const std::string lower = "bearer  " + given + " ";
    const std::string longer = good + "x";
    const HeaderRow rows[] = {
        {good.c_str(), true, nullptr},
        {lower.c_str(), true, nullptr},
        {longer.c_str(), false, "Bearer realm=\"postrider\", error=\"invalid_token\""},
        {nullptr, false, "Bearer realm=\"postrider\""},
        {"", false, "Bearer realm=\"postrider\", error=\"invalid_request\""},
        {"Bearer", false, "Bearer realm=\"postrider\", error=\"invalid_request\""},
        {"Bearer ", false, "Bearer realm=\"postrider\", error=\"invalid_request\""},
        {"Basic dXNlcg==", false, "Bearer realm=\"postrider\", error=\"invalid_request\""},
    };
    for (const HeaderRow& row : rows) {
        const std::string value = row.header == nullptr ? "" : row.header;
        const std::string* header = row.header == nullptr ? nullptr : &value;
        const auto principal = keys_->authenticate(header, store_.clock.now());
        EXPECT_EQ(principal.has_value(), row.accepted) << value;
        if (row.accepted) continue;
        EXPECT_EQ(principal.error().code, ErrorCode::unauthenticated);
        EXPECT_EQ(authenticate_challenge(header), row.challenge);
    }
}

TEST_F(Bootstrap, an_expired_key_is_no_key) {
    const Timestamp expiry = store_.clock.now() + 1h;
    ApiKeys keys;
    keys.put({.realm = master,
              .id = ApiKeyId{master.uuid},
              .name = "short",
              .hash = sha256(given),
              .permissions = R"(["view_events","of_a_newer_binary"])",
              .created_at = {},
              .expires_at = expiry,
              .last_used_at = {}},
             RealmId{});
    const std::string header = "Bearer " + given;
    const auto before = keys.authenticate(&header, expiry - 1us);
    ASSERT_TRUE(before);
    EXPECT_EQ((*before)->permissions, PermissionSet{Permission::view_events});
    EXPECT_FALSE((*before)->acts_in(RealmId{}));
    const auto denied = (*before)->require(Permission::manage_webhooks);
    EXPECT_EQ(denied.error().code, ErrorCode::permission_denied);
    EXPECT_NE(denied.error().message.find("manage_webhooks"), std::string::npos);
    EXPECT_FALSE(keys.authenticate(&header, expiry));
}

}  // namespace
}  // namespace postrider::access
