#include "events/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "events/catalogue.h"

namespace postrider::events {
namespace {

WebhookId id(std::uint8_t n) {
    WebhookId id;
    id.uuid.bytes[15] = n;
    return id;
}

TEST(Matcher, takes_exact_names_prefixes_and_everything_each_webhook_once) {
    Matcher matcher(7, {},
                    {{id(3), {"*"}},
                     {id(1), {"user.*", "user.created", "user.role.*", "user.*"}},
                     {id(2), {"user.created"}},
                     {id(4), {"order.paid"}},
                     {id(5), {"user.role.*"}}},
                    {"order.shipped", "order.paid"});
    using Ids = std::vector<WebhookId>;
    EXPECT_EQ(matcher.config_version(), 7);
    EXPECT_EQ(matcher.match("user.created"), (Ids{id(1), id(2), id(3)}));
    EXPECT_EQ(matcher.match("user.role.assigned"), (Ids{id(1), id(3), id(5)}));
    EXPECT_EQ(matcher.match("order.paid"), (Ids{id(3), id(4)}));
    EXPECT_EQ(matcher.match("order.shipped"), (Ids{id(3)}));
    EXPECT_TRUE(matcher.knows("order.paid"));
    EXPECT_TRUE(matcher.knows("user.created"));
    EXPECT_FALSE(matcher.knows("order.sent"));
    EXPECT_TRUE(Matcher(1, {}, {}, {}).match("user.created").empty());
}

TEST(Matcher, agrees_with_matches_for_every_type_and_pattern) {
    std::vector<std::string> patterns{"*",        "user.*",        "user.role.*",
                                      "client.*", "client.role.*", "nothing.*"};
    for (const EventType& type : built_in_types()) patterns.emplace_back(type.name);
    for (const std::string& pattern : patterns) {
        Matcher matcher(1, {}, {{id(1), {pattern}}}, {});
        for (const EventType& type : built_in_types()) {
            EXPECT_EQ(matcher.match(type.name).size(), matches(pattern, type.name) ? 1u : 0u)
                << pattern << " " << type.name;
        }
    }
}

TEST(Matcher, after_changes_it_is_as_if_it_had_been_made_of_all) {
    const std::vector<std::string> patterns{"*", "user.*", "user.created", "order.paid"};
    std::vector<Matcher::Subscription> all;
    for (std::uint8_t n = 0; n < 16; ++n) {
        std::vector<std::string> some;
        for (std::size_t bit = 0; bit < patterns.size(); ++bit) {
            if ((n >> bit) & 1U) some.push_back(patterns[bit]);
        }
        all.push_back({id(n), some});
    }
    Matcher changing(1, {}, all, {"order.paid"});
    for (std::uint8_t step = 0; step < 64; ++step) {
        // Some webhooks are new, some go, and some subscribe to something else.
        const std::uint8_t which = static_cast<std::uint8_t>(step * 7U % 24U);
        Matcher::Subscription change{id(which), {}};
        if (step % 3 != 0) change.patterns = {patterns[step % 4U], patterns[(step + 1U) % 4U]};
        std::erase_if(all, [&](const auto& one) { return one.webhook == change.webhook; });
        all.push_back(change);
        changing = changing.with(step + 2, id(step).uuid, {change});
        const Matcher fresh(step + 2, {}, all, {"order.paid"});
        EXPECT_EQ(changing.config_version(), step + 2);
        EXPECT_EQ(changing.newest(), id(step).uuid);
        for (const char* type : {"user.created", "user.deleted", "order.paid", "role.created"}) {
            EXPECT_EQ(changing.match(type), fresh.match(type)) << type << " " << int{step};
        }
        EXPECT_TRUE(changing.knows("order.paid"));
    }
}

}  // namespace
}  // namespace postrider::events
