#include "events/matcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "events/catalogue.h"
#include "model/event.h"

namespace postrider::events {
namespace {

WebhookId id(std::uint8_t n) {
    WebhookId id;
    id.uuid.bytes[15] = n;
    return id;
}

/// Whatever it costs.
std::vector<WebhookId> match(const Matcher& matcher, std::string_view type,
                             const std::function<std::string()>& body) {
    Filter::Work unbounded;
    return matcher.match(type, body, unbounded);
}

std::string none() {
    ADD_FAILURE() << "no filter is to be held against the event";
    return "{}";
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
    EXPECT_EQ(match(matcher, "user.created", none), (Ids{id(1), id(2), id(3)}));
    EXPECT_EQ(match(matcher, "user.role.assigned", none), (Ids{id(1), id(3), id(5)}));
    EXPECT_EQ(match(matcher, "order.paid", none), (Ids{id(3), id(4)}));
    EXPECT_EQ(match(matcher, "order.shipped", none), (Ids{id(3)}));
    EXPECT_TRUE(matcher.knows("order.paid"));
    EXPECT_TRUE(matcher.knows("user.created"));
    EXPECT_FALSE(matcher.knows("order.sent"));
    EXPECT_TRUE(match(Matcher(1, {}, {}, {}), "user.created", none).empty());
    EXPECT_TRUE(matcher.is_by_type("user.created"));
}

TEST(Matcher, agrees_with_matches_for_every_type_and_pattern) {
    std::vector<std::string> patterns{"*",        "user.*",        "user.role.*",
                                      "client.*", "client.role.*", "nothing.*"};
    for (const EventType& type : built_in_types()) patterns.emplace_back(type.name);
    for (const std::string& pattern : patterns) {
        Matcher matcher(1, {}, {{id(1), {pattern}}}, {});
        for (const EventType& type : built_in_types()) {
            EXPECT_EQ(match(matcher, type.name, none).size(), matches(pattern, type.name) ? 1u : 0u)
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
            EXPECT_EQ(match(changing, type, none), match(fresh, type, none))
                << type << " " << int{step};
        }
        EXPECT_TRUE(changing.knows("order.paid"));
    }
}

/// Webhooks with filters that can be looked up and with others, in more places than are looked at.
class FilteredMatcher : public testing::Test {
 protected:
    std::string below(std::uint64_t bound) { return std::to_string(random_.next() % bound); }
    std::string value() {
        switch (random_.next() % 6) {
            case 0:
                return "\"v" + below(4) + "\"";
            case 1:
                return below(4) + (random_.next() % 2 == 0 ? ".0" : "");
            case 2:
                return random_.next() % 2 == 0 ? "true" : "null";
            case 3:
                return "[" + below(4) + ",\"v" + below(4) + "\"]";
            case 4:
                return R"({"n":)" + below(3) + "}";
            default:
                return below(3) + "e1";
        }
    }
    std::string filter() {
        const auto name = "m" + below(50);
        switch (random_.next() % 6) {
            case 0:
                return R"({"data":{")" + name + R"(":{"n":)" + below(3) + "}}}";
            case 1:
                return R"({"data":{")" + name + R"(":{"$neq":)" + value() + "}}}";
            case 2:
                return R"({"$or":[{"data":{")" + name + R"(":{"$eq":)" + value() + "}}}]}";
            case 3:
                return R"({"data":{")" + name + R"(":{"$in":[)" + value() + "," + value() + "]}}}";
            default:
                return R"({"data":{")" + name + R"(":{"$eq":)" + value() + "}}}";
        }
    }
    Matcher::Subscription subscription(std::size_t n) {
        WebhookId webhook;
        webhook.uuid.bytes[14] = static_cast<std::uint8_t>(n / 256);
        webhook.uuid.bytes[15] = static_cast<std::uint8_t>(n % 256);
        Matcher::Subscription each{webhook, {n % 3 == 0 ? "order.*" : "order.paid"}};
        if (n % 10 != 0) {
            each.filter = std::make_shared<const Filter>(Filter::parse(filter()).value());
        }
        return each;
    }
    /// Returns how many match. Whoever is found is whoever each filter alone lets through.
    std::size_t expect_agreement(const Matcher& matcher,
                                 const std::vector<Matcher::Subscription>& subscriptions,
                                 std::string_view type) {
        std::string data = "{";
        for (int m = 0; m < 50; ++m) {
            if (random_.next() % 3 == 0) continue;
            data += (data.size() > 1 ? ",\"m" : "\"m") + std::to_string(m) + "\":" + value();
        }
        const auto body = event_body(type, Timestamp{}, ResourceId{}, data + "}");
        const auto event = index_of_event(body);
        std::vector<WebhookId> expected;
        for (const auto& each : subscriptions) {
            if (!matches_any(each.patterns, type)) continue;
            if (!each.filter || each.filter->matches(event)) expected.push_back(each.webhook);
        }
        EXPECT_EQ(match(matcher, type, [&] { return body; }), expected) << body;
        return expected.size();
    }

    SeededRandom random_{20261130};
};

TEST_F(FilteredMatcher, finds_whom_each_filter_alone_lets_through) {
    std::vector<Matcher::Subscription> subscriptions;
    for (std::size_t n = 0; n < 400; ++n) subscriptions.push_back(subscription(n));
    const Matcher matcher(1, {}, subscriptions, {"order.paid", "order.sent"});
    EXPECT_FALSE(matcher.is_by_type("order.paid"));
    std::size_t matched = 0, slow = 0;
    for (const auto& each : subscriptions)
        slow += matcher.held_with(each.webhook).filters > 0 ? 1 : 0;
    EXPECT_GT(slow, 50u);
    EXPECT_LT(slow, 330u);
    for (int i = 0; i < 300; ++i) {
        matched +=
            expect_agreement(matcher, subscriptions, i % 2 == 0 ? "order.paid" : "order.sent");
    }
    EXPECT_GT(matched, 10'000u);
}

TEST_F(FilteredMatcher, after_changes_it_is_as_if_it_had_been_made_of_all) {
    std::vector<Matcher::Subscription> subscriptions;
    for (std::size_t n = 0; n < 60; ++n) subscriptions.push_back(subscription(n));
    Matcher matcher(1, {}, subscriptions, {"order.paid", "order.sent"});
    for (int step = 0; step < 400; ++step) {
        const auto which = random_.next() % subscriptions.size();
        auto& changed = subscriptions[which];
        if (random_.next() % 4 == 0) {
            changed.patterns.clear();
            changed.filter = nullptr;
        } else {
            changed = subscription(which + (random_.next() % 2 == 0 ? 10 : 1));
            changed.webhook.uuid.bytes[15] = static_cast<std::uint8_t>(which);
        }
        const Matcher before = matcher;
        matcher = matcher.with(step + 2, {}, {changed});
        expect_agreement(matcher, subscriptions, step % 2 == 0 ? "order.paid" : "order.sent");
        EXPECT_EQ(before.config_version(), step + 1);
    }
    std::vector<Matcher::Subscription> none_left;
    for (auto& each : subscriptions) none_left.push_back({each.webhook, {"order.paid"}});
    EXPECT_TRUE(matcher.with(1, {}, none_left).is_by_type("order.paid"));
    EXPECT_EQ(match(matcher.with(1, {}, none_left), "order.paid", none).size(), 60u);
}

TEST_F(FilteredMatcher, counts_the_filters_that_are_held_against_events_of_one_type) {
    const auto slow =
        std::make_shared<const Filter>(Filter::parse(R"({"data":{"total":{"$gt":1}}})").value());
    const auto looked_up =
        std::make_shared<const Filter>(Filter::parse(R"({"data":{"customer":"c"}})").value());
    const Matcher matcher(1, {},
                          {{id(1), {"user.*"}, slow},
                           {id(2), {"user.created", "role.created"}, slow},
                           {id(3), {"role.*"}, slow},
                           {id(4), {"client.created"}, slow},
                           {id(5), {"*"}, looked_up},
                           {id(6), {"*"}}},
                          {});
    EXPECT_EQ(matcher.held_with(id(1)).filters, 2u);
    EXPECT_EQ(matcher.held_with(id(2)).filters, 2u);
    EXPECT_EQ(matcher.held_with(id(4)).filters, 1u);
    EXPECT_EQ(matcher.held_with(id(5)).filters, 0u);
    EXPECT_EQ(matcher.held_with(id(6)).filters, 0u);
}

}  // namespace
}  // namespace postrider::events
