#include "api/contract_routes.h"

#include <map>

#include "api/assets.h"
#include "api/asyncapi.h"
#include "api/call.h"
#include "api/packed_files.h"
#include "base/check.h"
#include "store/tables.h"

/// The contract, for programs: OpenAPI of the server, AsyncAPI of a realm, and what a problem
/// means.
namespace postrider::api {

namespace {

Result<void> get_openapi_json(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    return send_packed_file(call, "docs/openapi.json", "no-cache");
}

Result<void> get_openapi_yaml(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    return send_packed_file(call, "docs/openapi.yaml", "no-cache");
}

struct ProblemPage {
    std::string json;
    std::string html;
};
using ProblemPages = std::map<std::string, ProblemPage, std::less<>>;

/// tools/render_docs makes it: an object of {"json", "html"} by slug.
ProblemPages read_problem_pages() {
    const auto parsed = json::parse(assets::problem_pages());
    CHECK(parsed && parsed->as_object() != nullptr);
    ProblemPages pages;
    for (const auto& [slug, page] : *parsed->as_object()) {
        const auto* html = page.find("html");
        const auto* facts = page.find("json");
        CHECK(html != nullptr && html->as_string() != nullptr && facts != nullptr);
        pages.emplace(slug, ProblemPage{json::serialize(*facts), *html->as_string()});
    }
    return pages;
}

bool wants_html(const http::Request& request) {
    const std::string* accept = request.header("accept");
    return accept != nullptr && accept->find("text/html") != std::string::npos;
}

Result<void> get_problem_type(Context&, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    static const ProblemPages pages = read_problem_pages();
    const std::string& slug = call.request.path_parameter("slug");
    const auto found = pages.find(slug);
    if (found == pages.end()) return Call::not_found("problem type", slug);
    Answer answer = json_answer(200, found->second.json);
    if (wants_html(call.request)) {
        answer.body = found->second.html;
        answer.content_type = "text/html; charset=utf-8";
    }
    call.reply.send(std::move(answer).with_header("Vary", "Accept"));
    return {};
}

Result<void> get_asyncapi(Context& context, Call& call) {
    POSTRIDER_TRY(call.query().finish());
    using Rows = store::List<store::EventTypeRow>;
    store::read<Rows>(
        call.store,
        [realm = call.realm](store::sql::Connection& sql) {
            return store::event_types_table::all(sql, realm);
        },
        call.reply.with<Rows>([&context, realm = call.realm_name](const Rows& rows) {
            const std::string origin = context.settings.origin();
            return json_answer(
                200,
                asyncapi_document(
                    {.version = context.settings.version, .origin = origin, .realm = realm}, rows));
        }));
    return {};
}

}  // namespace

RouteList contract_routes(Context& context) {
    return {
        handle(context, {"GET", "/openapi.json", "get_openapi_json"}, get_openapi_json),
        handle(context, {"GET", "/openapi.yaml", "get_openapi_yaml"}, get_openapi_yaml),
        handle(context, {"GET", "/problems/{slug}", "get_problem_type"}, get_problem_type),
        handle(context, {"GET", "/api/v1/realms/{realm}/asyncapi.json", "get_asyncapi"},
               get_asyncapi),
    };
}

}  // namespace postrider::api
