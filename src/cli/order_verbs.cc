#include "cli/order_verbs.h"

#include <fmt/format.h>

#include "cli/find.h"
#include "cli/request_text.h"
#include "model/limits.h"

namespace postrider::cli {
namespace {

using Fit = Column::Fit;
using Count = Argument::Count;

const Argument webhook_argument = {"WEBHOOK", "", "its name or id, or a part of the id",
                                   Count::required};

std::string path_of(Context& context, const std::string& id, std::string_view rest) {
    return context.in_realm(fmt::format("/webhooks/{}{}", percent_encoded(id), rest));
}

int list_held(Context& context, const Given& given) {
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    return show_list(
        context, given, path_of(context, *id, "/held"), {},
        // Whole: what is released is named by it.
        {{"RESOURCE", Fit::whole}, {"FAILED DELIVERY", Fit::id}, {"SINCE", Fit::whole}},
        [&](const json::Value& item, std::string_view) -> std::vector<Cell> {
            return {{text_of(item, "resource_id")},
                    {text_of(item, "delivery_id")},
                    {context.ago(item, "held_since"), Style::dim}};
        });
}

std::expected<Answer, ExitCode> release_one(Context& context, const std::string& webhook,
                                            const std::string& resource, std::string_view how) {
    return context.ask("POST", path_of(context, webhook, "/release"),
                       json::serialize(json::Object{{"resource_id", resource}, {"how", how}}));
}

/// Each once: one whose retry fails at once is held again, and stays so.
int release_all(Context& context, const std::string& webhook, std::string_view how) {
    std::int64_t count = 0;
    std::optional<std::string> cursor;
    do {
        Query query;
        query.add("limit", std::to_string(limits::page_size_max)).add("cursor", cursor);
        auto page = context.ask("GET", path_of(context, webhook, "/held" + query.text()));
        if (!page) return page.error();
        const auto* items = page->value.find("items");
        if (items == nullptr || items->as_array() == nullptr) break;
        for (const auto& item : *items->as_array()) {
            auto done = release_one(context, webhook, text_of(item, "resource_id"), how);
            if (!done) return done.error();
            ++count;
        }
        cursor = text_of(page->value, "next_cursor");
    } while (!cursor->empty());
    if (context.connection().json()) {
        context.show_json(json::serialize(json::Object{{"released", count}}));
    } else {
        context.say(fmt::format("released {} resource{}", count, count == 1 ? "" : "s"));
    }
    return exit_ok;
}

int release(Context& context, const Given& given) {
    const bool retries = given.has("--retry");
    if (retries == given.has("--skip")) {
        return context.wrong("webhook release needs --retry or --skip");
    }
    const auto resource = given.text("RESOURCE-ID");
    if (resource.has_value() == given.has("--all")) {
        return context.wrong("webhook release needs a resource's id, or --all");
    }
    auto id = find_id(context, webhook_kind, *given.text("WEBHOOK"));
    if (!id) return id.error();
    const std::string_view how = retries ? "retry" : "skip";
    if (!resource) return release_all(context, *id, how);
    auto answer = release_one(context, *id, *resource, how);
    if (!answer) return answer.error();
    if (context.connection().json()) {
        context.show_json(answer->body);
    } else {
        context.say(fmt::format("{} delivery {}; what waited behind it follows",
                                retries ? "retries" : "skipped",
                                text_of(answer->value, "delivery_id")));
    }
    return exit_ok;
}

}  // namespace

std::vector<Argument> order_arguments() {
    return {{"--ordering", "ORDER",
             "resource: deliveries of one resource start first in, first out; none: any order",
             Count::optional, "none resource"},
            {"--on-exhausted", "WHAT",
             "with --ordering resource, when a delivery has failed for good: skip it, or hold what "
             "follows",
             Count::optional, "skip hold"},
            {"--realms", "WHOSE",
             "all: the events of all realms, in a webhook of master; own: those of its realm",
             Count::optional, "all own"}};
}

std::vector<std::pair<std::string, json::Value>> order_members(const Given& given) {
    std::vector<std::pair<std::string, json::Value>> members;
    if (auto ordering = given.text("--ordering")) members.emplace_back("ordering", *ordering);
    if (auto what = given.text("--on-exhausted")) members.emplace_back("on_exhausted", *what);
    if (auto whose = given.text("--realms")) {
        members.emplace_back("realms", *whose == "own" ? json::Value() : json::Value(*whose));
    }
    return members;
}

std::vector<Verb> order_verbs() {
    return {
        {.group = "webhook",
         .name = "held",
         .summary = "the resources whose deliveries wait, because one failed for good",
         .arguments = with_paging({webhook_argument}),
         .examples = "postrider webhook held shop",
         .run = list_held},
        {.group = "webhook",
         .name = "release",
         .summary = "let the deliveries of a held resource go on",
         .arguments = {webhook_argument,
                       {"RESOURCE-ID", "", "as webhook held shows it", Count::optional},
                       {"--all", "", "every resource that is held"},
                       {"--retry", "", "attempt the one that failed once more"},
                       {"--skip", "", "leave it failed, and go on with the next one"}},
         .examples = "postrider webhook release shop 019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11 --retry\n"
                     "postrider webhook release shop --all --skip",
         .run = release},
    };
}

}  // namespace postrider::cli
