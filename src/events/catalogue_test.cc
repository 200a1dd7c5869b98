#include "events/catalogue.h"

#include <gtest/gtest.h>

#include <set>

#include "base/json.h"
#include "base/json_text.h"
#include "events/event_types.h"

namespace postrider::events {
namespace {

bool has_type(const json::Value& value, std::string_view type) {
    if (type == "null") return value.is_null();
    if (type == "boolean") return value.as_bool() != nullptr;
    if (type == "integer") return value.as_int() != nullptr;
    if (type == "string") return value.as_string() != nullptr;
    if (type == "array") return value.as_array() != nullptr;
    if (type == "object") return value.as_object() != nullptr;
    ADD_FAILURE() << "the schema has the unknown type " << type;
    return false;
}

/// The keywords that the catalogue uses, and no others: "" when `value` is valid, else the reason.
std::string invalid(const json::Value& schema, const json::Value& value, const std::string& at) {
    static const std::set<std::string> known{
        "$schema", "type",  "required", "properties",           "items",
        "enum",    "const", "format",   "additionalProperties", "description"};
    for (const auto& [keyword, ignored] : *schema.as_object()) {
        if (!known.contains(keyword)) return at + ": unknown keyword " + keyword;
    }
    if (const auto* type = schema.find("type")) {
        bool fits = false;
        if (type->as_string())
            fits = has_type(value, *type->as_string());
        else
            for (const auto& one : *type->as_array()) fits |= has_type(value, *one.as_string());
        if (!fits) return at + ": wrong type, it is " + std::string(value.type_name());
    }
    if (const auto* one = schema.find("const"); one && !(*one == value)) return at + ": not const";
    if (const auto* choices = schema.find("enum")) {
        bool found = false;
        for (const auto& choice : *choices->as_array()) found |= choice == value;
        if (!found) return at + ": not in the enum";
    }
    if (const auto* format = schema.find("format"); format && value.as_string()) {
        const std::string& text = *value.as_string();
        if (*format->as_string() == "uuid" && !Uuid::parse(text)) return at + ": no UUID";
        if (*format->as_string() == "date-time" && !parse_rfc3339(text)) return at + ": no time";
    }
    if (const auto* required = schema.find("required"); required && value.as_object()) {
        for (const auto& name : *required->as_array()) {
            if (!value.find(*name.as_string())) return at + ": lacks " + *name.as_string();
        }
    }
    if (const auto* items = schema.find("items"); items && value.as_array()) {
        for (const auto& item : *value.as_array()) {
            if (auto why = invalid(*items, item, at + "[]"); !why.empty()) return why;
        }
    }
    if (!value.as_object()) return "";
    const auto* properties = schema.find("properties");
    const auto* others = schema.find("additionalProperties");
    for (const auto& [name, member] : *value.as_object()) {
        const auto* own = properties ? properties->find(name) : nullptr;
        const auto* sub = own ? own : others;
        if (!sub) {
            if (properties) return at + ": " + name + " is not in the schema";
            continue;
        }
        if (auto why = invalid(*sub, member, at + "." + name); !why.empty()) return why;
    }
    return "";
}

TEST(Catalogue, has_the_27_types_of_the_contract_in_its_order) {
    const std::vector<std::string_view> expected{"user.created",
                                                 "user.updated",
                                                 "user.deleted",
                                                 "user.role.assigned",
                                                 "user.role.unassigned",
                                                 "user.bulk_deleted",
                                                 "user.credentials.deleted",
                                                 "auth.reset_password",
                                                 "client.created",
                                                 "client.updated",
                                                 "client.deleted",
                                                 "client.role.created",
                                                 "client.role.updated",
                                                 "redirect_uri.created",
                                                 "redirect_uri.updated",
                                                 "redirect_uri.deleted",
                                                 "role.created",
                                                 "role.updated",
                                                 "role.deleted",
                                                 "role.permission.updated",
                                                 "realm.created",
                                                 "realm.updated",
                                                 "realm.deleted",
                                                 "realm.settings.updated",
                                                 "webhook.created",
                                                 "webhook.updated",
                                                 "webhook.deleted"};
    std::vector<std::string_view> names;
    for (const EventType& type : built_in_types()) names.push_back(type.name);
    EXPECT_EQ(names, expected);
}

TEST(Catalogue, every_example_is_valid_under_its_schema_and_both_are_compact) {
    for (const EventType& type : built_in_types()) {
        SCOPED_TRACE(type.name);
        EXPECT_FALSE(type.description.empty());
        EXPECT_EQ(json::compact(type.schema, 64), type.schema);
        EXPECT_EQ(json::compact(type.example, 64), type.example);
        auto schema = json::parse(type.schema);
        auto example = json::parse(type.example);
        ASSERT_TRUE(schema && example);
        EXPECT_EQ(*schema->find("$schema")->as_string(),
                  "https://json-schema.org/draft/2020-12/schema");
        EXPECT_EQ(invalid(*schema, *example, "data"), "");
        // The check above would see a required member that is missing.
        EXPECT_NE(invalid(*schema, json::Value(json::Object{}), "data"), "");
        const bool is_update = type.name.ends_with(".updated");
        EXPECT_EQ(example->find("changed") != nullptr, is_update);
        EXPECT_EQ(type.name, find_built_in(type.name)->name);
    }
    EXPECT_EQ(find_built_in("user.create"), nullptr);
    EXPECT_EQ(find_built_in(""), nullptr);
}

TEST(Catalogue, a_description_names_what_fires_instead) {
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"user.deleted", "user.bulk_deleted"},     {"user.bulk_deleted", "user.deleted"},
        {"user.role.unassigned", "role.deleted"},  {"user.role.unassigned", "client.deleted"},
        {"role.deleted", "user.role.unassigned"},  {"role.created", "client.role.created"},
        {"client.role.created", "role.created"},   {"client.role.updated", "role.deleted"},
        {"redirect_uri.deleted", "client.deleted"}};
    for (const auto& [type, other] : rows) {
        EXPECT_TRUE(find_built_in(type)->description.contains(other)) << type << " " << other;
    }
}

TEST(Catalogue, webhook_examples_show_no_header_values_and_no_secret) {
    for (const char* name : {"webhook.created", "webhook.updated", "webhook.deleted"}) {
        auto example = json::parse(find_built_in(name)->example);
        for (const auto& [header, value] : *example->find("headers")->as_object()) {
            EXPECT_EQ(*value.as_string(), "••••••");
        }
        EXPECT_EQ(example->find("secret"), nullptr);
    }
}

TEST(Catalogue, names_of_a_realms_own_types) {
    const std::string longest = "a." + std::string(126, 'b');
    for (std::string name : {"order.paid", "a.b.c", "order_2.paid_3", "users.created",
                             "auth2.login", longest.c_str()}) {
        EXPECT_TRUE(check_own_name(name)) << name;
    }
    const std::string too_long = longest + "b";
    for (std::string name : {"",
                             "order",
                             ".",
                             "order.",
                             ".paid",
                             "order..paid",
                             "Order.paid",
                             "order paid",
                             "order.päid",
                             "order-paid.x",
                             "user.invited",
                             "auth.login",
                             "client.x",
                             "redirect_uri.x",
                             "role.x",
                             "realm.x",
                             "webhook.fired",
                             "delivery.failed",
                             "postrider.test",
                             "user.*",
                             "*",
                             "order.paid\n",
                             too_long.c_str()}) {
        EXPECT_FALSE(check_own_name(name)) << name;
    }
}

TEST(Catalogue, patterns) {
    EXPECT_TRUE(matches("*", "user.created"));
    EXPECT_TRUE(matches("user.*", "user.created"));
    EXPECT_TRUE(matches("user.*", "user.role.assigned"));
    EXPECT_TRUE(matches("user.role.*", "user.role.assigned"));
    EXPECT_TRUE(matches("user.created", "user.created"));
    EXPECT_FALSE(matches("user.*", "users.created"));
    EXPECT_FALSE(matches("user.role.*", "user.created"));
    EXPECT_FALSE(matches("user.created", "user.created.twice"));
    EXPECT_FALSE(matches("", "user.created"));
}

TEST(Catalogue, nearest_names) {
    const std::vector<std::string> own{"order.paid", "order.shipped"};
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"user.create", "user.created"},
        {"users.created", "user.created"},
        {"User.Created", "user.created"},
        {"user_created", "user.created"},
        {"user.craeted", "user.created"},
        {"order.piad", "order.paid"},
        {"role.user.assigned", "user.role.assigned"},
        {"deleted.bulk.user", "user.bulk_deleted"},
        {"zebra.crossing", ""},
        {"", ""},
        {"x", ""},
    };
    for (const auto& [name, expected] : rows) {
        EXPECT_EQ(nearest_name(name, own), expected) << name;
    }
    EXPECT_EQ(nearest_name(std::string(100'000, 'a'), own), "");
}

TEST(OwnTypes, are_read_with_all_that_is_wrong) {
    auto type = parse_own_type(
        R"({ "name": "order.paid", "description": "An order is paid.",
             "schema": {"type": "object"}, "example": {"total": 1.10} })",
        std::nullopt);
    ASSERT_TRUE(type);
    EXPECT_EQ(type->name, "order.paid");
    EXPECT_EQ(type->schema, R"({"type":"object"})");
    EXPECT_EQ(type->example, R"({"total":1.10})");

    auto put = parse_own_type(R"({"schema": null})", "order.paid");
    ASSERT_TRUE(put);
    EXPECT_EQ(put->name, "order.paid");
    EXPECT_EQ(put->schema, "");

    auto wrong = parse_own_type(
        R"({"name":"user.x","description":7,"schema":[],"example":"x","shema":{}})", std::nullopt);
    ASSERT_FALSE(wrong);
    std::set<std::string> pointers;
    for (const auto& field : wrong.error().fields) pointers.insert(field.pointer);
    EXPECT_EQ(pointers, (std::set<std::string>{"#/name", "#/description", "#/schema", "#/example",
                                               "#/shema"}));
    EXPECT_FALSE(parse_own_type("{}", std::nullopt));
    EXPECT_FALSE(parse_own_type(R"({"name":"order.sent"})", "order.paid"));
    EXPECT_FALSE(parse_own_type("{}", "user.invited"));
    EXPECT_STREQ(parse_own_type("{", "order.paid").error().problem, "malformed-json");
}

}  // namespace
}  // namespace postrider::events
