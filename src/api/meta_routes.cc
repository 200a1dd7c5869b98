#include "api/call.h"
#include "api/packed_files.h"
#include "api/routes.h"
#include "directory/directory.h"
#include "store/tables.h"

/// Health, readiness, metrics and the documentation: outside of the base path.
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
    // Its pages lead to each other, and so does the first one, within its folder.
    Answer answer(308, "");
    answer.content_type.clear();
    call.reply.send(std::move(answer).with_header("Location", "/docs/"));
    return {};
}

/// A page may be asked for without its ending.
Result<void> get_docs_file(Context&, Call& call) {
    std::string name = call.request.path_parameter("path");
    if (name.empty()) name = "index";
    if (!name.contains('.')) name += ".html";
    return send_packed_file(call, "docs/" + name, "no-cache");
}

}  // namespace

RouteList meta_routes(Context& context) {
    return {
        handle(context, {"GET", "/healthz", "get_health"}, get_health),
        handle(context, {"GET", "/readyz", "get_readiness"}, get_readiness),
        handle(context, {"GET", "/docs", "get_docs"}, get_docs),
        handle(context, {"GET", "/docs/{path*}", "get_docs_file"}, get_docs_file),
        handle(context, {"GET", "/metrics", "get_metrics"}, get_metrics),
    };
}

}  // namespace postrider::api
