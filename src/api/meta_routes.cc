#include <map>

#include "api/assets.h"
#include "api/call.h"
#include "api/routes.h"
#include "base/check.h"
#include "directory/directory.h"
#include "store/tables.h"

/// Health, readiness, metrics and the reference: outside of the base path.
namespace postrider::api {

namespace {

Result<void> get_health(Context&, Call& call) {
    call.reply.send(json_answer(200, R"({"status":"ok"})"));
    return {};
}

/// Ready means: the store answers, and a publish would not be refused.
Result<void> get_readiness(Context& context, Call& call) {
    if (context.whole_store.is_disk_full()) {
        return fail(ErrorCode::unavailable, "the disk is full: publishing is refused");
    }
    store::read<std::int64_t>(
        context.whole_store, store::Turn::server(),
        [master = context.directory.realms().master()](store::sql::Connection& sql) {
            return store::realms_table::config_version(sql, master);
        },
        call.reply.with<std::int64_t>(
            [](std::int64_t) { return json_answer(200, R"({"status":"ready"})"); }));
    return {};
}

Result<void> get_metrics(Context& context, Call& call) {
    Answer answer(200, context.metrics_text());
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
    call.reply.send(std::move(answer));
    return {};
}

Result<void> get_docs(Context&, Call& call) {
    Answer answer(200, std::string(assets::api_reference()));
    answer.content_type = "text/html; charset=utf-8";
    call.reply.send(std::move(answer));
    return {};
}

using GuidePages = std::map<std::string, std::string, std::less<>>;

/// tools/render_api_reference makes it: an object of HTML by slug.
GuidePages read_guide_pages() {
    const auto parsed = json::parse(assets::guide_pages());
    CHECK(parsed && parsed->as_object() != nullptr);
    GuidePages pages;
    for (const auto& [slug, page] : *parsed->as_object()) {
        CHECK(page.as_string() != nullptr);
        pages.emplace(slug, *page.as_string());
    }
    return pages;
}

Result<void> get_guide(Context&, Call& call) {
    static const GuidePages pages = read_guide_pages();
    const std::string& slug = call.request.path_parameter("guide");
    const auto found = pages.find(slug);
    if (found == pages.end()) return Call::not_found("guide", slug);
    Answer answer(200, found->second);
    answer.content_type = "text/html; charset=utf-8";
    call.reply.send(std::move(answer));
    return {};
}

}  // namespace

RouteList meta_routes(Context& context) {
    return {
        handle(context, {"GET", "/healthz", "get_health"}, get_health),
        handle(context, {"GET", "/readyz", "get_readiness"}, get_readiness),
        handle(context, {"GET", "/docs", "get_docs"}, get_docs),
        handle(context, {"GET", "/docs/{guide}", "get_guide"}, get_guide),
        handle(context, {"GET", "/metrics", "get_metrics"}, get_metrics),
    };
}

}  // namespace postrider::api
