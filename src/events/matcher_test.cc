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
    Matcher matcher(7,
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
    EXPECT_TRUE(Matcher(1, {}, {}).match("user.created").empty());
}

TEST(Matcher, agrees_with_matches_for_every_type_and_pattern) {
    std::vector<std::string> patterns{"*",        "user.*",        "user.role.*",
                                      "client.*", "client.role.*", "nothing.*"};
    for (const EventType& type : built_in_types()) patterns.emplace_back(type.name);
    for (const std::string& pattern : patterns) {
        Matcher matcher(1, {{id(1), {pattern}}}, {});
        for (const EventType& type : built_in_types()) {
            EXPECT_EQ(matcher.match(type.name).size(), matches(pattern, type.name) ? 1u : 0u)
                << pattern << " " << type.name;
        }
    }
}

}  // namespace
}  // namespace postrider::events
