#include "vault/vault.h"

#include <gtest/gtest.h>

namespace postrider::vault {
namespace {

Uuid uuid(std::uint8_t last) {
    Uuid value;
    value.bytes[15] = last;
    return value;
}
const Place place{RealmId{uuid(1)}, uuid(2), columns::webhook_secret};

TEST(Vault, opens_what_it_sealed) {
    SystemRandom random;
    const Vault vault(KeyRing::generate(random));
    for (const std::string& text : {std::string(), std::string("x"), std::string(20'000, 'y')}) {
        const auto sealed = vault.seal(place, text);
        EXPECT_EQ(vault.open(place, sealed).value(), text);
        EXPECT_NE(vault.seal(place, text), sealed) << "a nonce must not come twice";
        EXPECT_TRUE(vault.is_sealed_by_primary(sealed));
        EXPECT_EQ(key_id_of(sealed), vault.ring().primary().id);
    }
}

TEST(Vault, opens_nothing_in_another_place) {
    SystemRandom random;
    const Vault vault(KeyRing::generate(random));
    const auto sealed = vault.seal(place, "secret");
    const Place others[] = {{RealmId{uuid(9)}, place.row, place.column},
                            {place.realm, uuid(9), place.column},
                            {place.realm, place.row, columns::webhook_previous_secret},
                            {RealmId{place.row}, place.realm.uuid, place.column}};
    for (const auto& other : others) {
        auto opened = vault.open(other, sealed);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    }
}

TEST(Vault, opens_nothing_that_was_changed) {
    SystemRandom random;
    const Vault vault(KeyRing::generate(random));
    const auto sealed = vault.seal(place, "secret");
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(vault.open(place, changed)) << i;
        EXPECT_FALSE(vault.open(place, sealed.substr(0, i))) << i;
    }
}

TEST(Vault, opens_with_every_key_and_seals_with_the_first) {
    SystemRandom random;
    const auto old_ring = KeyRing::generate(random);
    const Vault old_vault(old_ring);
    const Vault both(old_ring.with_new_primary(random));
    const auto by_old = old_vault.seal(place, "secret");
    EXPECT_EQ(both.open(place, by_old).value(), "secret");
    EXPECT_FALSE(both.is_sealed_by_primary(by_old));
    const auto by_new = both.seal(place, "secret");
    EXPECT_TRUE(both.is_sealed_by_primary(by_new));
    EXPECT_FALSE(old_vault.open(place, by_new));
    const Vault only_new(both.ring().primary_only());
    EXPECT_EQ(only_new.open(place, by_new).value(), "secret");
    EXPECT_FALSE(only_new.open(place, by_old));
}

}  // namespace
}  // namespace postrider::vault
