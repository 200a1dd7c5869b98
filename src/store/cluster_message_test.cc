#include "store/cluster_message.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/limits.h"

namespace postrider::store {
namespace {

constexpr std::size_t NOTIFICATION_MAX = 8000;  // PostgreSQL's, in bytes

class ClusterMessage : public testing::Test {
 protected:
    Uuid id() { return minter_.mint(from_micros(1)); }
    template <typename T>
    static T sent(const T& told) {
        const auto parsed = parse_message(encode(told));
        EXPECT_TRUE(parsed && std::holds_alternative<T>(*parsed));
        return parsed ? std::get<T>(*parsed) : T{};
    }

 private:
    SeededRandom random_{7};
    UuidMinter minter_{random_};
};

TEST_F(ClusterMessage, DeliveriesArriveAsTold) {
    message::Deliveries told{id(), {}};
    for (std::size_t i = 0; i < limits::hints_per_notification_max; ++i) {
        told.webhooks.push_back(WebhookId{id()});
    }
    EXPECT_LT(encode(told).size(), NOTIFICATION_MAX);
    const auto read = sent(told);
    EXPECT_EQ(read.from, told.from);
    EXPECT_EQ(read.webhooks, told.webhooks);
}

TEST_F(ClusterMessage, RealmsArriveAsTold) {
    message::Listening told{id(), {}};
    for (std::size_t i = 0; i < limits::hints_per_notification_max; ++i) {
        told.realms.push_back(RealmId{id()});
    }
    EXPECT_LT(encode(told).size(), NOTIFICATION_MAX);
    EXPECT_EQ(sent(told).realms, told.realms);
    const message::Events events{told.from, told.realms};
    EXPECT_EQ(sent(events).from, told.from);
    EXPECT_EQ(sent(events).realms, told.realms);
}

TEST_F(ClusterMessage, ChangesArriveAsTold) {
    message::Changes told{id(), 18'446'744'073'709'551'615U, {}};
    for (std::size_t i = 0; i < limits::changes_per_notification_max; ++i) {
        told.what.push_back(
            {i % 2 == 0 ? Subject::webhook : Subject::api_key, RealmId{id()}, id()});
    }
    EXPECT_LT(encode(told).size(), NOTIFICATION_MAX);
    const auto read = sent(told);
    EXPECT_EQ(read.number, told.number);
    ASSERT_EQ(read.what.size(), told.what.size());
    for (std::size_t i = 0; i < told.what.size(); ++i) {
        EXPECT_EQ(read.what[i].subject, told.what[i].subject);
        EXPECT_EQ(read.what[i].realm, told.what[i].realm);
        EXPECT_EQ(read.what[i].id, told.what[i].id);
    }
}

TEST_F(ClusterMessage, TooManyChangesAreEverything) {
    message::Changes told{id(), 1, {}};
    for (std::size_t i = 0; i <= limits::changes_per_notification_max; ++i) {
        told.what.push_back({Subject::webhook, RealmId{id()}, id()});
    }
    const auto read = sent(told);
    ASSERT_EQ(read.what.size(), 1U);
    EXPECT_EQ(read.what[0].subject, Subject::everything);
}

TEST_F(ClusterMessage, AcknowledgementsAndLanesArriveAsTold) {
    const message::Acknowledged told{id(), id(), {1, 2, 4'000'000'000'000U}};
    const auto read = sent(told);
    EXPECT_EQ(read.origin, told.origin);
    EXPECT_EQ(read.by, told.by);
    EXPECT_EQ(read.numbers, told.numbers);
    const message::Lanes lanes{id()};
    EXPECT_EQ(sent(lanes).from, lanes.from);
}

/// Anybody who may connect to the database may NOTIFY.
TEST_F(ClusterMessage, WhatIsNotOursIsNotRead) {
    const auto node = encode(message::Lanes{id()}).substr(2);
    for (const auto& text : {std::string(), std::string("l"), "l " + node.substr(1), "x " + node,
                             "a " + node, "a " + node + " zz 1", " " + node}) {
        EXPECT_FALSE(parse_message(text)) << text;
    }
}

TEST_F(ClusterMessage, AChangeThatCannotBeReadIsEverything) {
    const auto node = encode(message::Lanes{id()}).substr(2);
    for (const auto& change :
         {std::string("w"), "w" + node, "w" + node + std::string(32, 'z'), "?" + node + node}) {
        const auto read = parse_message("c " + node + " 5 " + change);
        ASSERT_TRUE(read);
        const auto& told = std::get<message::Changes>(*read);
        ASSERT_EQ(told.what.size(), 1U);
        EXPECT_EQ(told.what[0].subject, Subject::everything);
    }
}

}  // namespace
}  // namespace postrider::store
